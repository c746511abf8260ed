// SPDX-License-Identifier: Apache-2.0
// A perfect card and a perfect clock: what steering does at the edges. tests/sim has the weather.
#include "player/playout/steer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PERIOD = 480, BUFFER = 2880 };

struct bench {
    struct steer steer;
    struct clock_map map;
    double t;
};

static mono_t at(double t)
{
    return (mono_t){(int64_t)(t * 1e9)};
}

static struct bench begin(int64_t trim_us)
{
    struct bench b = {.map = {.house_ns = INT64_C(5000000000)}, .t = 0};
    steer_init(&b.steer, FRAME_RATE, PERIOD, trim_us);
    for (int i = 0; i < 10; i++) { // until the card is known well enough
        b.t += 0.01;
        steer_reading(&b.steer, llround(b.t * FRAME_RATE), at(b.t));
    }
    b.steer.frame = llround(b.t * FRAME_RATE) + BUFFER;
    return b;
}

static struct steer_order period(struct bench *b, bool known, bool sounding)
{
    b->t += 0.01;
    steer_reading(&b->steer, llround(b->t * FRAME_RATE), at(b->t));
    struct steer_order o = steer_next(&b->steer, known ? &b->map : NULL, sounding);
    steer_wrote(&b->steer, o.play ? frame_pos_add(o.pos, o.ratio * PERIOD) : o.pos);
    return o;
}

static double error_us(const struct bench *b)
{
    double us = NAN;
    assert_true(steer_error(&b->steer, &b->map, at(b->t), &us));
    return us;
}

static void without_house_time_there_is_silence(void **state)
{
    struct bench b = begin(0);
    assert_false(period(&b, false, false).play);
    assert_true(period(&b, true, false).play);
    assert_false(period(&b, false, true).play);
}

static void it_begins_exactly_and_stays(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 500; i++)
        period(&b, true, i > 20);
    assert_true(fabs(error_us(&b)) < 1);
    assert_int_equal(b.steer.jumps, 0);
}

static void a_trim_lets_sound_leave_earlier(void **state)
{
    struct bench plain = begin(0), early = begin(2500);
    double frames =
        frame_pos_diff(period(&early, true, false).pos, period(&plain, true, false).pos);
    assert_true(fabs(frames - 120) < 0.01); // 2.5 ms further on in the program
}

static void a_small_change_of_the_trim_is_glided_to(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, true);
    steer_trim(&b.steer, 4000);
    for (int i = 0; i < 12000; i++) {
        struct steer_order o = period(&b, true, true);
        assert_false(o.fade_in || o.fade_out);
        assert_true(fabs(o.ratio - 1) <= 301e-6);
    }
    assert_true(fabs(error_us(&b)) < 5);
    assert_int_equal(b.steer.jumps, 0);
}

static void a_large_change_of_the_trim_is_a_jump_that_does_not_count(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, true);
    steer_trim(&b.steer, -20000);
    struct steer_order out = period(&b, true, true), in = period(&b, true, true);
    assert_true(out.fade_out && in.fade_in);
    assert_true(fabs(frame_pos_diff(in.pos, out.pos) - PERIOD + 960) < 0.1);
    for (int i = 0; i < 20; i++)
        assert_false(period(&b, true, true).fade_out);
    assert_true(fabs(error_us(&b)) < 1);
    assert_int_equal(b.steer.jumps, 0);
    b.map.house_ns += 20000000; // the next one is the clock's again
    period(&b, true, true);
    assert_int_equal(b.steer.jumps, 1);
}

static void what_was_begun_with_is_corrected_soon(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, true);
    b.map.house_ns += 2000000; // an empty queue was met
    assert_true(period(&b, true, true).fade_out);
    assert_true(period(&b, true, true).fade_in);
    for (int i = 0; i < 10; i++)
        period(&b, true, true);
    assert_true(fabs(error_us(&b)) < 1);
    assert_int_equal(b.steer.jumps, 1);
    b.map.house_ns += 400000; // so little is glided to
    assert_false(period(&b, true, true).fade_out);
    assert_int_equal(b.steer.jumps, 1);
}

static void a_small_step_of_house_time_is_followed_softly(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 1100; i++) // eleven seconds: nothing is fresh any more
        period(&b, true, true);
    b.map.house_ns += 1000000;
    double last = period(&b, true, true).ratio;
    for (int i = 0; i < 6000; i++) {
        struct steer_order o = period(&b, true, true);
        assert_false(o.fade_in || o.fade_out);
        assert_true(fabs(o.ratio - last) <= 20.1e-6 * 0.01);
        last = o.ratio;
    }
    assert_true(fabs(error_us(&b)) < 5);
    assert_int_equal(b.steer.jumps, 0);
}

static void a_large_step_fades_out_jumps_and_fades_in(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, true);
    b.map.house_ns += 20000000;
    struct steer_order out = period(&b, true, true), in = period(&b, true, true);
    assert_true(out.fade_out && !out.fade_in);
    assert_true(in.fade_in && !in.fade_out);
    assert_true(fabs(frame_pos_diff(in.pos, out.pos) - PERIOD - 960) < 0.1);
    assert_false(period(&b, true, true).fade_in);
    assert_int_equal(b.steer.jumps, 1);
    for (int i = 0; i < 10; i++)
        period(&b, true, true);
    assert_true(fabs(error_us(&b)) < 1);
}

static void jumps_have_a_budget(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 300; i++)
        period(&b, true, true);
    assert_int_equal(steer_state(&b.steer), STEER_LOCK);
    for (int leap = 0; leap < STEER_JUMPS; leap++) {
        b.map.house_ns += 20000000;
        for (int i = 0; i < 10; i++)
            period(&b, true, true);
        assert_int_equal(steer_state(&b.steer), STEER_ACQUIRE);
    }
    b.map.house_ns += 8000000;
    double last = period(&b, true, true).ratio;
    for (int i = 0; i < 100; i++) {
        struct steer_order o = period(&b, true, true);
        assert_false(o.fade_in || o.fade_out);
        assert_true(fabs(o.ratio - last) <= 20.1e-6 * 0.01);
        last = o.ratio;
    }
    assert_int_equal(b.steer.jumps, STEER_JUMPS);
    assert_int_equal(steer_state(&b.steer), STEER_DEGRADED);
    // A minute after the first of them there is one again.
    for (int i = 0; i < 6000; i++)
        period(&b, true, true);
    assert_int_equal(steer_state(&b.steer), STEER_LOCK);
    assert_true(fabs(error_us(&b)) < 5);
}

static void unheard_a_large_step_is_no_jump(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, false);
    b.map.house_ns += 20000000;
    assert_false(period(&b, true, false).fade_out);
    for (int i = 0; i < 10; i++)
        period(&b, true, false);
    assert_true(fabs(error_us(&b)) < 1);
    assert_int_equal(b.steer.jumps, 0);
}

static void after_running_dry_it_places_itself_anew(void **state)
{
    struct bench b = begin(0);
    for (int i = 0; i < 100; i++)
        period(&b, true, true);
    steer_restart(&b.steer);
    assert_false(steer_next(&b.steer, &b.map, false).play); // the card has said nothing yet
    b.steer.frame = (int64_t)(b.t * FRAME_RATE) + BUFFER;
    for (int i = 0; i < 20; i++)
        period(&b, true, i > 5);
    assert_true(fabs(error_us(&b)) < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_house_time_there_is_silence),
        cmocka_unit_test(it_begins_exactly_and_stays),
        cmocka_unit_test(a_trim_lets_sound_leave_earlier),
        cmocka_unit_test(a_small_change_of_the_trim_is_glided_to),
        cmocka_unit_test(a_large_change_of_the_trim_is_a_jump_that_does_not_count),
        cmocka_unit_test(a_small_step_of_house_time_is_followed_softly),
        cmocka_unit_test(what_was_begun_with_is_corrected_soon),
        cmocka_unit_test(a_large_step_fades_out_jumps_and_fades_in),
        cmocka_unit_test(jumps_have_a_budget),
        cmocka_unit_test(unheard_a_large_step_is_no_jump),
        cmocka_unit_test(after_running_dry_it_places_itself_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
