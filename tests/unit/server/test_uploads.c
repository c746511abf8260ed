// SPDX-License-Identifier: Apache-2.0
// Uploads in pieces: broken off, taken up again, by another run of the program, and their ceilings.
#include "tests/unit/unit.h"

#include "server/ingest/uploads.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static uv_loop_t loop;
static struct uploads *u;
static const struct uploads_limits limits = {.size_max = 1000, .total_max = 5000};

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/roomtone-uploads-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(uv_loop_init(&loop), 0);
    u = uploads_open(&loop, folder);
    return 0;
}

static int files(bool remove_them)
{
    char path[400];
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (remove_them)
            unlink(path);
    }
    closedir(d);
    return n;
}

static int teardown(void **state)
{
    (void)state;
    uv_run(&loop, UV_RUN_DEFAULT);
    uploads_free(u);
    assert_int_equal(uv_loop_close(&loop), 0);
    files(true);
    rmdir(folder);
    return 0;
}

static void run_again(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    uploads_free(u);
    u = uploads_open(&loop, folder);
}

static void synced(void *user, enum err e, const struct upload_facts *facts)
{
    *(enum err *)user = e;
}

static enum err put(const char *id, int64_t offset, const char *data)
{
    struct upload_piece *p;
    enum err e = upload_piece_begin(u, id, offset, (int64_t)strlen(data), &p);
    if (e != ERR_OK)
        return e;
    e = upload_piece_write(p, data, strlen(data), 7);
    if (e != ERR_OK) {
        upload_piece_drop(p);
        return e;
    }
    upload_piece_end(p, synced, &e);
    uv_run(&loop, UV_RUN_DEFAULT);
    return e;
}

static void add(const char *name, int64_t size, char id[UPLOAD_ID_LEN + 1])
{
    const struct upload_facts *f;
    assert_int_equal(uploads_add(u, name, size, 5, &limits, &f), ERR_OK);
    snprintf(id, UPLOAD_ID_LEN + 1, "%s", f->id);
}

static void pieces_make_a_file(void **state)
{
    (void)state;
    char id[UPLOAD_ID_LEN + 1], path[UPLOAD_PATH_MAX], text[20] = "";
    add("a.wav", 10, id);
    assert_int_equal(uploads_take(u, id, path), ERR_NOT_READY);
    assert_int_equal(put(id, 0, "0123"), ERR_OK);
    assert_int_equal(put(id, 0, "0123"), ERR_WRONG_OFFSET);
    assert_int_equal(put(id, 5, "5"), ERR_WRONG_OFFSET);
    assert_int_equal(put(id, 4, "4567890"), ERR_OUT_OF_RANGE);
    assert_int_equal(put(id, 4, "456789"), ERR_OK);
    assert_int_equal(uploads_take(u, id, path), ERR_OK);
    assert_int_equal(uploads_take(u, id, path), ERR_BUSY);
    FILE *f = fopen(path, "r");
    assert_int_equal(fread(text, 1, sizeof text, f), 10);
    fclose(f);
    assert_string_equal(text, "0123456789");
    assert_int_equal(uploads_remove(u, id), ERR_OK);
    assert_int_equal(files(false), 0);
    assert_int_equal(put(id, 0, "x"), ERR_NOT_FOUND);
}

static void what_broke_off_counts_and_a_newer_piece_takes_its_place(void **state)
{
    (void)state;
    char id[UPLOAD_ID_LEN + 1];
    struct upload_piece *old, *new;
    add("a.wav", 10, id);
    assert_int_equal(upload_piece_begin(u, id, 0, 10, &old), ERR_OK);
    assert_int_equal(upload_piece_write(old, "012", 3, 6), ERR_OK);
    assert_int_equal(upload_piece_begin(u, id, 3, 7, &new), ERR_OK);
    assert_int_equal(upload_piece_write(old, "xyz", 3, 6), ERR_CONFLICT);
    assert_int_equal(upload_piece_write(new, "34567890", 8, 6), ERR_OUT_OF_RANGE);
    assert_int_equal(upload_piece_write(new, "345", 3, 6), ERR_OK);
    upload_piece_drop(old);
    upload_piece_drop(new);
    assert_int_equal(uploads_find(u, id)->received, 6);
}

// Only what was synced is believed by another run.
static void another_run_goes_on(void **state)
{
    (void)state;
    char id[UPLOAD_ID_LEN + 1];
    struct upload_piece *p;
    add("a.wav", 10, id);
    assert_int_equal(put(id, 0, "0123"), ERR_OK);
    assert_int_equal(upload_piece_begin(u, id, 4, 6, &p), ERR_OK);
    assert_int_equal(upload_piece_write(p, "45", 2, 9), ERR_OK);
    upload_piece_drop(p);
    char path[400];
    snprintf(path, sizeof path, "%s/rubbish", folder);
    fclose(fopen(path, "w"));
    snprintf(path, sizeof path, "%s/00112233445566778899aabbccddeeff.part", folder);
    fclose(fopen(path, "w"));
    run_again();
    assert_int_equal(files(false), 2);
    const struct upload_facts *f = uploads_find(u, id);
    assert_non_null(f);
    assert_int_equal(f->received, 4);
    assert_string_equal(f->name, "a.wav");
    assert_int_equal(put(id, 4, "456789"), ERR_OK);
    snprintf(path, sizeof path, "%s/%s.part", folder, id);
    assert_int_equal(truncate(path, 3), 0); // it lost what it had told
    run_again();
    assert_null(uploads_find(u, id));
    assert_int_equal(files(false), 0);
}

static void ceilings_hold(void **state)
{
    (void)state;
    const struct upload_facts *f;
    char id[UPLOAD_ID_LEN + 1];
    assert_int_equal(uploads_add(u, "a", 1001, 5, &limits, &f), ERR_TOO_LARGE);
    for (int i = 0; i < 5; i++)
        add("a", 1000, id);
    assert_int_equal(uploads_add(u, "a", 1, 5, &limits, &f), ERR_STORAGE_FULL);
    uploads_sweep(u, 1005, 1001);
    assert_non_null(uploads_find(u, id));
    uploads_sweep(u, 1006, 1001);
    assert_null(uploads_next(u, NULL));
    assert_int_equal(files(false), 0);
    for (int i = 0; i < UPLOADS_MAX; i++)
        add("a", 1, id);
    assert_int_equal(uploads_add(u, "a", 1, 5, &limits, &f), ERR_BUSY);
}

static void names_lead_nowhere(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"../../etc/passwd", "passwd"},
                                           {"C:\\temp\\a.wav", "a.wav"},
                                           {"..", ".."},
                                           {"/", "audio"},
                                           {"", "audio"},
                                           {"a\nb\"c", "a_b_c"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char id[UPLOAD_ID_LEN + 1];
        add(names[i][0], 1, id);
        assert_string_equal(uploads_find(u, id)->name, names[i][1]);
    }
    char longest[400] = "", id[UPLOAD_ID_LEN + 1];
    for (int i = 0; i < 130; i++)
        strcat(longest, "\u00e9");
    add(longest, 1, id);
    assert_int_equal(strlen(uploads_find(u, id)->name), UPLOAD_NAME_MAX);
    run_again();
    assert_non_null(uploads_find(u, id));
}

// Removed while a piece is on its way to the disk.
static void removing_waits_for_the_disk(void **state)
{
    (void)state;
    char id[UPLOAD_ID_LEN + 1];
    struct upload_piece *p;
    enum err e = ERR_INTERNAL;
    add("a", 4, id);
    assert_int_equal(upload_piece_begin(u, id, 0, 4, &p), ERR_OK);
    assert_int_equal(upload_piece_write(p, "0123", 4, 6), ERR_OK);
    upload_piece_end(p, synced, &e);
    assert_int_equal(uploads_remove(u, id), ERR_OK);
    assert_null(uploads_find(u, id));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(e, ERR_NOT_FOUND);
    assert_int_equal(files(false), 0);
}

#define UPLOAD_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPLOAD_TEST(pieces_make_a_file),
        UPLOAD_TEST(what_broke_off_counts_and_a_newer_piece_takes_its_place),
        UPLOAD_TEST(another_run_goes_on),
        UPLOAD_TEST(ceilings_hold),
        UPLOAD_TEST(names_lead_nowhere),
        UPLOAD_TEST(removing_waits_for_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
