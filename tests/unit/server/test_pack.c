// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/pack.h"

#include "tests/unit/unit.h"

#include "tests/unit/server/a_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const int sizes[] = {0, 1, 511, 512, 513, 70000};
enum { FILES = sizeof sizes / sizeof *sizes };

static void write_file(const char *name, int size)
{
    FILE *f = fopen(folder_path(name), "w");
    assert_non_null(f);
    for (int i = 0; i < size; i++)
        fputc('a' + (i * 7 + size) % 26, f);
    fclose(f);
}

static struct pack *whole(void)
{
    char content[100], name[40];
    snprintf(content, sizeof content, "%s/content", dir);
    assert_int_equal(mkdir(content, 0700), 0);
    struct pack *a = pack_new(content);
    pack_add_text(a, "exhibition.json", "{\"a\":1}", 7);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "content/f%d.opus", i);
        write_file(name, sizes[i]);
        assert_true(pack_add_content(a, name + strlen("content/")));
    }
    assert_false(pack_add_content(a, "missing.opus"));
    return a;
}

static unsigned char *all_of(struct pack *a)
{
    unsigned char *out = malloc((size_t)pack_size(a));
    assert_non_null(out);
    assert_int_equal(pack_read(a, 0, out, (size_t)pack_size(a) + 100), pack_size(a));
    assert_int_equal(pack_read(a, pack_size(a), out, 0), 0);
    return out;
}

static void tar_unpacks_it(void **state)
{
    folder_make();
    struct pack *a = whole();
    unsigned char *bytes = all_of(a);
    FILE *f = fopen(folder_path("it.tar"), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, (size_t)pack_size(a), f), pack_size(a));
    fclose(f);
    char command[400];
    snprintf(command, sizeof command,
             "cd %s && mkdir out && tar -C out -xf it.tar && diff -r content out/content && "
             "test \"$(cat out/exhibition.json)\" = '{\"a\":1}'",
             dir);
    assert_int_equal(system(command), 0);
    free(bytes);
    pack_free(a);
}

static void any_piece_is_that_of_the_whole(void **state)
{
    folder_make();
    struct pack *a = whole();
    unsigned char *bytes = all_of(a), part[3000];
    srand(7);
    for (int i = 0; i < 2000; i++) {
        int64_t at = rand() % pack_size(a);
        int64_t n = pack_read(a, at, part, (size_t)(1 + rand() % (int)sizeof part));
        assert_true(n > 0);
        assert_memory_equal(part, bytes + at, (size_t)n);
    }
    free(bytes);
    pack_free(a);
}

static void a_file_that_changed_ends_it(void **state)
{
    folder_make();
    struct pack *a = whole();
    unsigned char *bytes = malloc((size_t)pack_size(a));
    write_file("content/f5.opus", 10);
    assert_int_equal(pack_read(a, 0, bytes, (size_t)pack_size(a)), -1);
    free(bytes);
    pack_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tar_unpacks_it, folder_remove),
        cmocka_unit_test_teardown(any_piece_is_that_of_the_whole, folder_remove),
        cmocka_unit_test_teardown(a_file_that_changed_ends_it, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
