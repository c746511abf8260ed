// SPDX-License-Identifier: Apache-2.0
// What a player keeps of an earlier run, and the small files it keeps it in.
#include "tests/unit/unit.h"

#include "player/keep/keep.h"
#include "player/rates.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[40], path[KEEP_PATH_MAX];

static int set_up(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/rt-rates-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    keep_path(dir, "rates", "Hall, left", "json", path);
    return 0;
}

static int tear_down(void **state)
{
    unlink(path);
    return rmdir(dir);
}

static void what_was_kept_is_recalled(void **state)
{
    struct rates r = {true, true, -20.5e-6, 60.25e-6};
    rates_write(path, "http://box:80", "hw:1", &r);
    struct rates got = rates_read(path, "http://box:80", "hw:1");
    assert_true(got.has_skew && fabs(got.skew - r.skew) < 1e-9);
    assert_true(got.has_card && fabs(got.card - r.card) < 1e-9);
}

static void another_box_or_card_is_a_stranger(void **state)
{
    struct rates r = {true, true, -20e-6, 60e-6};
    rates_write(path, "http://box:80", "hw:1", &r);
    struct rates got = rates_read(path, "http://other:80", "hw:1");
    assert_true(!got.has_skew && got.has_card);
    got = rates_read(path, "http://box:80", "hw:2");
    assert_true(got.has_skew && !got.has_card);
    r.has_card = false;
    rates_write(path, "http://box:80", "hw:1", &r);
    assert_false(rates_read(path, "http://box:80", "hw:1").has_card);
}

static void nothing_kept_is_nothing_known(void **state)
{
    struct rates got = rates_read(path, "a", "b");
    assert_true(!got.has_skew && !got.has_card);
}

static void a_damaged_file_is_nothing_known(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"house\":1,\"skew_ppb\":5,\"card\":\"b\",\"card_ppb\":5}",
        "{\"house\":\"a\",\"skew_ppb\":500001}",
        "{\"house\":\"a\",\"skew_ppb\":\"5\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(keep_write(path, bad[i], strlen(bad[i]), 0644));
        struct rates got = rates_read(path, "a", "b");
        assert_true(!got.has_skew && !got.has_card);
    }
}

static void a_kept_file_is_replaced_as_a_whole(void **state)
{
    char text[8];
    struct stat st;
    assert_true(keep_write(path, "seven!!", 7, 0600));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(keep_read(path, text, sizeof text), 7);
    assert_string_equal(text, "seven!!");
    assert_int_equal(keep_read(path, text, 7), -1); // no room for the end
    assert_int_equal(errno, EFBIG);
    assert_false(keep_write("/proc/nowhere/x", "a", 1, 0600));
    assert_int_equal(keep_read("/proc/nowhere/x", text, sizeof text), -1);
    assert_int_equal(errno, ENOENT);
}

static void a_link_is_not_followed(void **state)
{
    char text[8];
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(keep_read(path, text, sizeof text), -1);
    assert_true(keep_write(path, "own", 3, 0644)); // in its place
    assert_int_equal(keep_read(path, text, sizeof text), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_recalled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_box_or_card_is_a_stranger, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_kept_is_nothing_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_nothing_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kept_file_is_replaced_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
