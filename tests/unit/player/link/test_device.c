// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/base/log.h"
#include "player/link/device.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[40], path[100];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/device-hall-left.key", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static struct sealed_pair load(const char *name)
{
    struct sealed_pair p;
    memset(&p, 0, sizeof p);
    device_load(dir, name, &p);
    return p;
}

static bool same(struct sealed_pair a, struct sealed_pair b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void write_file(const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static void a_machine_keeps_its_key(void **state)
{
    (void)state;
    struct sealed_pair first = load("Hall, left");
    assert_false(sodium_is_zero(first.public_key, sizeof first.public_key));
    assert_true(same(load("Hall, left"), first));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void two_players_of_a_machine_have_their_own(void **state)
{
    (void)state;
    assert_false(same(load("hall left"), load("hall right")));
}

static void a_damaged_file_is_kept_aside(void **state)
{
    (void)state;
    char whole[100], aside[120], text[100];
    struct sealed_pair first = load("hall-left");
    FILE *f = fopen(path, "rb");
    size_t len = fread(whole, 1, sizeof whole, f);
    fclose(f);
    snprintf(aside, sizeof aside, "%s.damaged", path);
    for (size_t cut = 0; cut < len; cut++) {
        write_file(whole, cut);
        struct sealed_pair other = load("hall-left");
        assert_false(same(other, first));
        assert_true(same(load("hall-left"), other));
        f = fopen(aside, "rb");
        assert_non_null(f);
        assert_int_equal(fread(text, 1, sizeof text, f), cut);
        fclose(f);
    }
    write_file("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 44);
    assert_false(same(load("hall-left"), first));
    write_file(whole, len);
    assert_true(same(load("hall-left"), first));
}

static void what_cannot_be_kept_holds_for_this_run(void **state)
{
    (void)state;
    struct sealed_pair p;
    device_load("/nonexistent/folder", "hall-left", &p);
    assert_false(sodium_is_zero(p.public_key, sizeof p.public_key));
    // A folder stands where the file should: neither read nor replaced.
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(same(load("hall-left"), load("hall-left")));
    struct stat st;
    assert_true(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    log_setup(LOG_ERROR);
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        TEST(a_machine_keeps_its_key),
        TEST(two_players_of_a_machine_have_their_own),
        TEST(a_damaged_file_is_kept_aside),
        TEST(what_cannot_be_kept_holds_for_this_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
