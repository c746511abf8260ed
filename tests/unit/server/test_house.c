// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "server/house/house.h"

#include <string.h>

#define S INT64_C(1000000)
#define NOW_2026 (INT64_C(1795000000) * S)

static struct house_reading reading(const char *boot, int64_t raw_s, int64_t realtime_us)
{
    struct house_reading r = {
        .raw = {raw_s * 1000000000}, .realtime_us = realtime_us, .battery = true};
    snprintf(r.boot_id, sizeof r.boot_id, "%s", boot);
    return r;
}

static void same_boot_goes_on_exactly(void **state)
{
    (void)state;
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    struct house_anchor first = house_resume(&none, &r);
    assert_int_equal(house_at(&first, r.raw).us, 3600 * S);
    assert_int_equal(first.clock_epoch, 1);
    // The wall clock goes mad meanwhile: it does not matter.
    r = reading("a", 80, NOW_2026 - 5000000 * S);
    struct house_anchor second = house_resume(&first, &r);
    assert_int_equal(second.base_ns, first.base_ns);
    assert_int_equal(second.clock_epoch, 1);
    assert_int_equal(house_at(&second, r.raw).us, 3630 * S);
}

static void reboot_resumes_by_a_trusted_wall_clock(void **state)
{
    (void)state;
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    struct house_anchor a = house_resume(&none, &r);
    r = reading("b", 9, NOW_2026 + 8 * 3600 * S);
    struct house_anchor b = house_resume(&a, &r);
    assert_int_equal(b.clock_epoch, 2);
    assert_int_equal(house_at(&b, r.raw).us, 3600 * S + 8 * 3600 * S);
}

static void reboot_without_a_clock_never_goes_back(void **state)
{
    (void)state;
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    struct house_anchor a = house_resume(&none, &r);
    // Ten minutes of play, renewed at most once a minute, then the plug.
    for (int t = 110; t <= 650; t += 60) {
        r = reading("a", t, NOW_2026 + (t - 50) * S);
        a = house_renew(&a, &r);
    }
    house_t last = house_at(&a, (mono_t){INT64_C(700) * 1000000000});
    r = reading("b", 4, 5 * S); // 1970
    struct house_anchor b = house_resume(&a, &r);
    assert_true(house_at(&b, r.raw).us > last.us);
    assert_int_equal(b.clock_epoch, 2);
    // A wall clock that went backwards is no measure either.
    assert_true(house_is_guessed(&b));
    assert_true(b.known_until.us <= last.us);
    r = reading("c", 4, NOW_2026 - 3600 * S);
    struct house_anchor c = house_resume(&b, &r);
    assert_true(house_at(&c, r.raw).us > b.reserved.us);
}

// Synchronised is trusted, whatever it says; a battery only when it is plausible; neither, never.
static void wall_clock_is_trusted_for_a_reason(void **state)
{
    (void)state;
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    struct house_anchor a = house_resume(&none, &r);
    assert_int_equal(house_wall_us(&a, house_at(&a, r.raw)), NOW_2026);
    assert_int_equal(house_wall_us(&a, house_add_us(a.house, 7 * S)), NOW_2026 + 7 * S);
    r = reading("a", 60, NOW_2026 + 10 * S - 3600 * S); // set back an hour
    struct house_anchor b = house_renew(&a, &r);
    assert_false(b.realtime_trusted);
    assert_int_equal(house_wall_us(&b, b.house), 0);
    assert_int_equal(house_wall_step_us(&a, &r), -3600 * S);
    assert_int_equal(b.base_ns, a.base_ns);
    r.synchronised = true;
    b = house_renew(&b, &r);
    assert_true(b.realtime_trusted);
    r = reading("a", 70, NOW_2026 + 20 * S);
    r.battery = false; // begins where it was switched off: plausible, and wrong
    assert_false(house_renew(&a, &r).realtime_trusted);
}

// A time server that is away for a night stops nothing, also when the program starts anew
// meanwhile.
static void a_clock_that_was_synchronised_stays_right_until_it_is_set(void **state)
{
    (void)state;
    enum { H = 3600 };
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    r.battery = false;
    r.synchronised = true;
    struct house_anchor synced = house_resume(&none, &r);
    r.synchronised = false;
    r.raw.ns += 60 * INT64_C(1000000000);
    r.realtime_us += 60 * S + 20000;
    struct house_anchor a = house_renew(&synced, &r);
    assert_true(a.realtime_trusted && a.disciplined && !a.synchronised);
    r.raw.ns += 9 * H * INT64_C(1000000000); // and 100 ppm
    r.realtime_us += 9 * H * S + 9 * H * 100;
    struct house_anchor b = house_resume(&a, &r);
    assert_true(b.realtime_trusted && b.disciplined);
    assert_int_equal(b.clock_epoch, 1);
    // Asleep for an hour it is right still.
    struct house_reading woken = r;
    woken.suspended_ns += H * INT64_C(1000000000);
    woken.realtime_us += H * S;
    assert_true(house_renew(&b, &woken).realtime_trusted);
    // Another boot begins where the last one ended.
    struct house_reading other = r;
    snprintf(other.boot_id, sizeof other.boot_id, "b");
    assert_false(house_resume(&b, &other).realtime_trusted);
    // Somebody set it.
    r.raw.ns += INT64_C(1000000000);
    r.realtime_us += 3 * S;
    a = house_renew(&b, &r);
    assert_false(a.realtime_trusted || a.disciplined);
    r.raw.ns += INT64_C(1000000000);
    r.realtime_us += S;
    assert_false(house_renew(&a, &r).realtime_trusted);
}

static void suspended_machine_makes_up_for_it(void **state)
{
    (void)state;
    struct house_anchor none = {.present = false};
    struct house_reading r = reading("a", 50, NOW_2026);
    r.suspended_ns = 5000000000; // before this program ran
    struct house_anchor a = house_resume(&none, &r);
    assert_int_equal(house_at(&a, r.raw).us, 3600 * S);
    r.raw.ns += 1000000000;
    r.suspended_ns += 1000; // two clocks read one after the other
    struct house_anchor b = house_renew(&a, &r);
    assert_int_equal(b.clock_epoch, 1);
    r.suspended_ns += 600 * INT64_C(1000000000);
    b = house_renew(&b, &r);
    assert_int_equal(b.clock_epoch, 2);
    assert_true(house_at(&b, r.raw).us - (3601 + 600) * S < 10);
    struct house_anchor c = house_renew(&b, &r); // once
    assert_int_equal(c.base_ns, b.base_ns);
    assert_int_equal(c.clock_epoch, 2);
}

// Any sequence of restarts, reboots and wall clocks: house time never falls.
static void house_time_never_falls(void **state)
{
    (void)state;
    unit_seed();
    for (int round = 0; round < 2000; round++) {
        struct house_anchor a = {.present = false};
        int64_t raw_s = 10, boots = 0;
        house_t last = {0};
        for (int step = 0; step < 30; step++) {
            char boot[30];
            if (unit_below(3) == 0) {
                boots++;
                raw_s = unit_below(30);
            }
            snprintf(boot, sizeof boot, "boot-%lld", (long long)boots);
            struct house_reading r =
                reading(boot, raw_s,
                        unit_below(2) ? NOW_2026 + unit_below(1000000) * S : unit_below(1000) * S);
            a = house_resume(&a, &r);
            assert_true(house_at(&a, r.raw).us >= last.us);
            // It runs for up to the reservation without another write.
            int64_t run = unit_below(HOUSE_RESERVE_US / S);
            raw_s += run;
            last = house_at(&a, (mono_t){raw_s * 1000000000});
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_boot_goes_on_exactly),
        cmocka_unit_test(reboot_resumes_by_a_trusted_wall_clock),
        cmocka_unit_test(reboot_without_a_clock_never_goes_back),
        cmocka_unit_test(wall_clock_is_trusted_for_a_reason),
        cmocka_unit_test(a_clock_that_was_synchronised_stays_right_until_it_is_set),
        cmocka_unit_test(suspended_machine_makes_up_for_it),
        cmocka_unit_test(house_time_never_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
