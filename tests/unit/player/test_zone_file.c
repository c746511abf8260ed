// SPDX-License-Identifier: Apache-2.0
#include "player/zone_file.h"

#include "player/keep/keep.h"

#include "tests/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[40], path[KEEP_PATH_MAX];

static int set_up(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    keep_path(dir, "zone", "Hall, left", "json", path);
    return 0;
}

static int tear_down(void **state)
{
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static const struct wire_zone a_zone = {.trim_us = -9911,
                                        .gain_ddb = -125,
                                        .mute = true,
                                        .map = {{"de", CHANNEL_MONO}, {"", CHANNEL_NONE}}};

static void write_text(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void each_player_has_its_file(void **state)
{
    assert_non_null(strstr(path, "/zone-hall-left.json"));
}

static void without_a_file_nothing_is_set(void **state)
{
    struct wire_zone z = zone_file_read(path);
    assert_true(wire_zone_same(&z, &wire_zone_preset));
}

static void what_was_written_is_read(void **state)
{
    zone_file_write(path, &a_zone);
    struct wire_zone z = zone_file_read(path);
    assert_true(wire_zone_same(&z, &a_zone));
    zone_file_write(path, &wire_zone_preset);
    z = zone_file_read(path);
    assert_true(wire_zone_same(&z, &wire_zone_preset));
}

#define LOUD                                      \
    "{\"type\":\"zone\",\"trim\":0,\"gain\":600," \
    "\"map\":[{\"channel\":\"left\"},{\"channel\":\"left\"}]}"

static void a_damaged_file_is_put_away(void **state)
{
    static char large[3000];
    memset(large, ' ', sizeof large);
    const char *const bad[] = {"", "{", "{\"type\":\"bye\",\"reason\":\"x\",\"retry_ms\":1}", LOUD};
    for (int i = 0; i < 5; i++) {
        const char *text = i < 4 ? bad[i] : large;
        write_text(text, i < 4 ? strlen(text) : sizeof large);
        struct wire_zone z = zone_file_read(path);
        assert_true(wire_zone_same(&z, &wire_zone_preset));
        assert_int_equal(access(path, F_OK), -1);
    }
}

// Any prefix of a file, and any flipped bit: a zone in range, whichever it is.
static void whatever_is_in_the_file_the_gain_is_in_range(void **state)
{
    char whole[1024], text[1024];
    unit_seed();
    zone_file_write(path, &a_zone);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t all = fread(whole, 1, sizeof whole, f);
    fclose(f);
    for (int n = 0; n < 5000; n++) {
        size_t len = all;
        memcpy(text, whole, all);
        if (unit_below(2))
            len = (size_t)unit_below((int64_t)len);
        else
            text[unit_below((int64_t)len)] ^= (char)(1 << unit_below(8));
        write_text(text, len);
        struct wire_zone z = zone_file_read(path);
        assert_in_range(z.gain_ddb + 600, 0, 600);
        assert_in_range(z.trim_us + 500000, 0, 1000000);
    }
}

static void a_disk_that_refuses_leaves_the_old_one(void **state)
{
    char part[KEEP_PATH_MAX + 8];
    zone_file_write(path, &a_zone);
    snprintf(part, sizeof part, "%s.part", path);
    assert_int_equal(mkdir(part, 0700), 0); // nothing can be written there
    zone_file_write(path, &wire_zone_preset);
    struct wire_zone z = zone_file_read(path);
    assert_true(wire_zone_same(&z, &a_zone));
    rmdir(part);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_player_has_its_file),
        TEST(without_a_file_nothing_is_set),
        TEST(what_was_written_is_read),
        TEST(a_damaged_file_is_put_away),
        TEST(whatever_is_in_the_file_the_gain_is_in_range),
        TEST(a_disk_that_refuses_leaves_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
