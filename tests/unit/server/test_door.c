// SPDX-License-Identifier: Apache-2.0
// What stands at the door: Host and Origin, ranges, guesses.
#include "tests/unit/unit.h"

#include "server/net/guard.h"
#include "server/net/guesses.h"
#include "server/net/range.h"

static void only_our_own_hosts_are_served(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool ok;
    } cases[] = {
        {"192.168.4.1:8080", true},
        {"10.0.0.2", true},
        {"[fe80::1]:80", true},
        {"localhost:8080", true},
        {"roomtone", true},
        {"box.local:80", true},
        {"audio.museum.example", true},
        {"AUDIO.museum.example:80", true},
        {"evil.example", false},
        {"192.168.4.1.evil.example", false},
        {"", false},
        {":80", false},
        {"museum.example", false},
        {".local", false},
        {"xaudio.museum.example", false},
        {"[fe80::1]", true},
        {"[fe80::1", false},
        {"[fe80::1]x:80", false},
        {"10.0.0.2:", true},
        {"10.0.0.2:80; script-src *", false},
        {"10.0.0.2:80@evil.example", false},
        {"evil.example@10.0.0.2", false},
        {"10.0.0.2/evil.example", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (guard_host_ok(cases[i].host, "audio.museum.example, other.example") != cases[i].ok)
            fail_msg("%s", cases[i].host);
    }
}

static void only_our_own_pages_may_speak(void **state)
{
    (void)state;
    assert_true(guard_origin_ok("", "10.0.0.2:8080", false));
    assert_true(guard_origin_ok("http://10.0.0.2:8080", "10.0.0.2:8080", false));
    assert_true(guard_origin_ok("https://box.local", "BOX.local", false));
    assert_false(guard_origin_ok("http://10.0.0.2:8081", "10.0.0.2:8080", false));
    assert_false(guard_origin_ok("http://evil.example", "10.0.0.2:8080", false));
    assert_false(guard_origin_ok("null", "10.0.0.2:8080", false));
    assert_false(guard_origin_ok("http://10.0.0.2:8080.evil.example", "10.0.0.2:8080", false));
    // Over TLS a page that came without it is somebody else's.
    assert_true(guard_origin_ok("", "box.local", true));
    assert_true(guard_origin_ok("https://box.local", "box.local", true));
    assert_false(guard_origin_ok("http://box.local", "box.local", true));
}

static void ranges_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum range_kind kind;
        int64_t offset, length;
    } cases[] = {
        {"", RANGE_WHOLE, 0, 0},
        {"bytes=0-0", RANGE_PART, 0, 1},
        {"bytes=10-", RANGE_PART, 10, 90},
        {"bytes=10-19", RANGE_PART, 10, 10},
        {"bytes=10-1000", RANGE_PART, 10, 90},
        {"bytes=-5", RANGE_PART, 95, 5},
        {"bytes=-500", RANGE_PART, 0, 100},
        {"bytes=100-", RANGE_BEYOND, 0, 0},
        {"bytes=-0", RANGE_BEYOND, 0, 0},
        {"bytes=5-4", RANGE_WHOLE, 0, 0},
        {"bytes=1-2,4-5", RANGE_WHOLE, 0, 0},
        {"bytes=a-b", RANGE_WHOLE, 0, 0},
        {"bytes=99999999999999999999-", RANGE_WHOLE, 0, 0},
        {"items=0-1", RANGE_WHOLE, 0, 0},
        {"bytes=-", RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t offset = 0, length = 0;
        if (range_parse(cases[i].text, 100, &offset, &length) != cases[i].kind)
            fail_msg("%s", cases[i].text);
        if (cases[i].kind == RANGE_PART) {
            assert_int_equal(offset, cases[i].offset);
            assert_int_equal(length, cases[i].length);
        }
    }
}

static void wrong_codes_are_limited_house_wide(void **state)
{
    (void)state;
    struct guesses g;
    house_t now = {1000000};
    int looked_at = 0;
    guesses_init(&g, 30, now);
    // Somebody tries a thousand codes a second for an hour.
    for (int i = 0; i < 3600 * 1000; i++) {
        now = house_add_us(now, 1000);
        if (guesses_take(&g, now))
            looked_at++;
    }
    assert_in_range(looked_at, 30 * 60 - 5, 30 * 61);
    now = house_add_us(now, 60000000);
    for (int i = 0; i < 1000; i++) {
        assert_true(guesses_take(&g, now));
        guesses_give_back(&g); // right codes cost nothing
    }
    int burst = 0;
    while (guesses_take(&g, now))
        burst++;
    assert_int_equal(burst, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_our_own_hosts_are_served),
        cmocka_unit_test(only_our_own_pages_may_speak),
        cmocka_unit_test(ranges_are_read_strictly),
        cmocka_unit_test(wrong_codes_are_limited_house_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
