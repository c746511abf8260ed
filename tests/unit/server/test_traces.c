// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/traces.h"

#include "tests/unit/unit.h"

#include <stdio.h>

static const char *const HALL = "00112233aabbccdd";

// So many slots after some instant.
static house_t at(int64_t slots)
{
    return (house_t){(1000 + slots) * TRACES_EVERY_US};
}

static struct wire_report sound(int64_t error_us, int64_t xruns)
{
    return (struct wire_report){.playing = PLAYING_SOUND,
                                .error_us = error_us,
                                .dac_ppb = 100,
                                .buffer_ms = 1500,
                                .xruns = xruns};
}

static void a_point_holds_the_worst_of_its_slot(void **state)
{
    struct traces *t = traces_new();
    struct trace_point p[TRACES_POINTS];
    struct wire_report r = sound(5, 3);
    assert_int_equal(traces_get(t, HALL, at(0), p), 0);
    traces_put(t, HALL, &r, at(0));
    r = sound(-40, 5);
    r.peak_us = 12;
    r.buffer_ms = 900;
    traces_put(t, HALL, &r, (house_t){at(0).us + 1000000});
    r = sound(7, 5);
    traces_put(t, HALL, &r, (house_t){at(0).us + 1900000});
    assert_int_equal(traces_get(t, HALL, at(0), p), 1);
    assert_true(p[0].heard && p[0].sounding);
    assert_int_equal(p[0].error_us, -40);
    assert_int_equal(p[0].buffer_ms, 900);
    assert_int_equal(p[0].dac_ppb, 100);
    assert_int_equal(p[0].xruns, 2); // those before the first report are old
    traces_free(t);
}

static void silence_leaves_gaps_and_a_restart_counts_anew(void **state)
{
    struct traces *t = traces_new();
    struct trace_point p[TRACES_POINTS];
    struct wire_report r = sound(5, 9);
    traces_put(t, HALL, &r, at(0));
    r = sound(6, 1);
    traces_put(t, HALL, &r, at(3));
    r.playing = PLAYING_SILENT;
    traces_put(t, HALL, &r, at(4));
    assert_int_equal(traces_get(t, HALL, at(6), p), 7);
    assert_true(p[0].heard && !p[1].heard && !p[2].heard && p[3].heard);
    assert_int_equal(p[3].xruns, 1);
    assert_true(p[4].heard && !p[4].sounding && !p[5].heard && !p[6].heard);
    traces_free(t);
}

static void it_is_ten_minutes_and_follows_a_house_time_that_jumps(void **state)
{
    struct traces *t = traces_new();
    struct trace_point p[TRACES_POINTS];
    for (int i = 0; i < 2 * TRACES_POINTS; i++) {
        struct wire_report r = sound(i, 0);
        traces_put(t, HALL, &r, at(i));
    }
    assert_int_equal(traces_get(t, HALL, at(2 * TRACES_POINTS - 1), p), TRACES_POINTS);
    assert_int_equal(p[0].error_us, TRACES_POINTS);
    assert_int_equal(p[TRACES_POINTS - 1].error_us, 2 * TRACES_POINTS - 1);
    struct wire_report r = sound(1, 0);
    traces_put(t, HALL, &r, at(1000000));
    assert_int_equal(traces_get(t, HALL, at(1000000), p), 1);
    traces_put(t, HALL, &r, at(5)); // back
    assert_int_equal(traces_get(t, HALL, at(6), p), 2);
    assert_int_equal(traces_get(t, HALL, at(4), p), 0);
    traces_free(t);
}

static void the_longest_silent_makes_room(void **state)
{
    struct traces *t = traces_new();
    struct trace_point p[TRACES_POINTS];
    struct wire_report r = sound(1, 0);
    char id[WIRE_KIOSK_LEN + 1];
    for (int i = 0; i <= TRACES_MAX; i++) {
        snprintf(id, sizeof id, "%016x", (unsigned)i);
        traces_put(t, id, &r, at(i));
    }
    assert_int_equal(traces_get(t, "0000000000000000", at(TRACES_MAX), p), 0);
    assert_true(traces_get(t, "0000000000000001", at(TRACES_MAX), p) > 0);
    assert_int_equal(traces_get(t, id, at(TRACES_MAX), p), 1);
    traces_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_holds_the_worst_of_its_slot),
        cmocka_unit_test(silence_leaves_gaps_and_a_restart_counts_anew),
        cmocka_unit_test(it_is_ten_minutes_and_follows_a_house_time_that_jumps),
        cmocka_unit_test(the_longest_silent_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
