// SPDX-License-Identifier: Apache-2.0
// Passwords that are too bad, and who waits after a wrong one.
#include "tests/unit/unit.h"

#include "server/access/delays.h"
#include "server/access/password.h"

#include <stdlib.h>

static void the_obvious_is_refused_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *password, *user;
        bool good;
    } cases[] = {
        {"", "", false},
        {"123456789", "", false},
        {"four weavers", "", true},
        {"password12", "", false},
        {"PassWord!2026", "", false},
        {"museum-museum", "", false},
        {"museum of weavers", "", true},
        {"1234567890", "", false},
        {"9876543210", "", false},
        {"abcdefghijkl", "", false},
        {"48151623421", "", true},
        {"annamarie99", "annamarie", false},
        {"annamarie99", "bea", true},
        {"xyxyxyxyxyxyxyxy", "", false},
        {"abcde-fghjk-mnpqr-stuvw", "admin", true},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!password_refusal(cases[i].password, cases[i].user) != cases[i].good)
            fail_msg("%s", cases[i].password);
    }
    char longest[PASSWORD_MAX + 2];
    for (int i = 0; i <= PASSWORD_MAX; i++)
        longest[i] = (char)('a' + i * 7 % 26);
    longest[PASSWORD_MAX + 1] = '\0';
    assert_non_null(password_refusal(longest, ""));
    longest[PASSWORD_MAX] = '\0';
    assert_null(password_refusal(longest, ""));
}

static const house_t start = {INT64_C(3600) * 1000000};

static int64_t wait_s(const struct delays *d, const char *user, const char *address, house_t now)
{
    return (delays_wait_ms(d, user, address, now) + 999) / 1000;
}

static void waits_grow_to_a_minute_and_are_forgotten(void **state)
{
    (void)state;
    static const int64_t wanted[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct delays *d = calloc(1, sizeof *d);
    house_t now = start;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        delays_wrong(d, "anna", "10.0.0.1", now);
        assert_int_equal(wait_s(d, "anna", "10.0.0.1", now), wanted[i]);
        now = house_add_us(now, wanted[i] * 1000000);
        assert_int_equal(delays_wait_ms(d, "anna", "10.0.0.1", now), 0);
    }
    // Never somebody else, never from elsewhere.
    assert_int_equal(delays_wait_ms(d, "bea", "10.0.0.1", now), 0);
    assert_int_equal(delays_wait_ms(d, "anna", "10.0.0.2", now), 0);
    now = house_add_us(now, DELAYS_FORGET_US + 1);
    delays_wrong(d, "anna", "10.0.0.1", now);
    assert_int_equal(delays_wait_ms(d, "anna", "10.0.0.1", now), 0);
    for (int i = 0; i < 5; i++)
        delays_wrong(d, "anna", "10.0.0.1", now);
    delays_right(d, "anna", "10.0.0.1");
    delays_wrong(d, "anna", "10.0.0.1", now);
    assert_int_equal(delays_wait_ms(d, "anna", "10.0.0.1", now), 0);
    free(d);
}

// Somebody with 50 addresses, each as quick as it may: a day brings this many looks.
static void a_day_of_guessing_is_a_minute_for_each_look(void **state)
{
    (void)state;
    struct delays *d = calloc(1, sizeof *d);
    int looked_at = 0;
    for (int second = 0; second < 24 * 3600; second++) {
        house_t now = house_add_us(start, second * INT64_C(1000000));
        for (int i = 0; i < 50; i++) {
            char address[20];
            snprintf(address, sizeof address, "10.0.0.%d", i);
            if (delays_wait_ms(d, "admin", address, now) > 0)
                continue;
            delays_wrong(d, "admin", address, now);
            assert_true(delays_erred(d, "admin", address, now));
            looked_at++;
        }
    }
    // 100,000 would take more than a day; the first password has 20 letters of 31.
    assert_in_range(looked_at, 50 * 24 * 60, 50 * (24 * 60 + 12));
    assert_int_equal(delays_wait_ms(d, "admin", "10.0.0.99", start), 0);
    assert_false(delays_erred(d, "admin", "10.0.0.99", start));
    free(d);
}

static void one_machine_is_one_whatever_address_it_takes(void **state)
{
    (void)state;
    struct delays *d = calloc(1, sizeof *d);
    char address[48];
    for (int i = 0; i < 8; i++) {
        snprintf(address, sizeof address, "2001:db8:1:2:%x::1", i + 1);
        delays_wrong(d, "anna", address, start);
    }
    assert_int_equal(wait_s(d, "anna", "2001:db8:1:2:ffff::9", start), 16);
    assert_int_equal(wait_s(d, "anna", "2001:db8:1:3::1", start), 0);
    free(d);
}

static void a_flood_of_names_lets_nobody_try_sooner(void **state)
{
    (void)state;
    struct delays *d = calloc(1, sizeof *d);
    for (int i = 0; i < 8; i++)
        delays_wrong(d, "admin", "10.0.0.1", start);
    for (int i = 0; i < 100000; i++) {
        char user[40];
        snprintf(user, sizeof user, "user-%d", i);
        delays_wrong(d, user, "10.0.0.1", start);
    }
    assert_int_equal(wait_s(d, "admin", "10.0.0.1", start), 16);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_obvious_is_refused_and_nothing_else),
        cmocka_unit_test(a_day_of_guessing_is_a_minute_for_each_look),
        cmocka_unit_test(waits_grow_to_a_minute_and_are_forgotten),
        cmocka_unit_test(one_machine_is_one_whatever_address_it_takes),
        cmocka_unit_test(a_flood_of_names_lets_nobody_try_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
