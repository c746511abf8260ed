// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/time/timeline.h"

static const struct tl_vec run = {.p0_us = 5000000, .t0 = {100000000}, .rate = 1};
static const struct tl_vec held = {.p0_us = 5000000, .t0 = {100000000}, .rate = 0};

static void position_runs_and_stands(void **state)
{
    (void)state;
    const int64_t dur = 60000000;
    assert_int_equal(tl_position_us(&run, dur, (house_t){100000000}), 5000000);
    assert_int_equal(tl_position_us(&run, dur, (house_t){101500000}), 6500000);
    assert_int_equal(tl_position_us(&run, dur, (house_t){99000000}), 5000000);
    assert_int_equal(tl_position_us(&run, dur, (house_t){900000000}), dur);
    assert_int_equal(tl_position_us(&held, dur, (house_t){900000000}), 5000000);
    assert_int_equal(tl_end(&run, dur).us, 155000000);
}

static void next_replaces_now_at_its_instant(void **state)
{
    (void)state;
    struct timeline tl = {
        .now = {.cue = 0, .dur_us = 10000000, .vec = run},
        .has_next = true,
        .next_at = {105000000},
        .next = {.cue = 1, .dur_us = 20000000, .vec = {.p0_us = 0, .t0 = {105000000}, .rate = 1}},
    };
    assert_int_equal(tl_part_at(&tl, (house_t){104999999})->cue, 0);
    assert_int_equal(tl_part_at(&tl, (house_t){105000000})->cue, 1);
    assert_true(tl_sounds(&tl.now, (house_t){104999999}));
    assert_false(tl_sounds(&tl.now, (house_t){105000000}));
    assert_false(tl_sounds(&tl.next, (house_t){104999999}));
    assert_true(tl_sounds(&tl.next, (house_t){105000000}));
    tl.now.cue = -1;
    assert_false(tl_sounds(&tl.now, (house_t){104999999}));
}

static void frames_round_down_on_both_sides_of_zero(void **state)
{
    (void)state;
    unit_seed();
    assert_int_equal(frames_from_us(1000), 48);
    assert_int_equal(frames_from_us(-1), -1);
    assert_int_equal(us_from_frames(48), 1000);
    assert_int_equal(us_from_frames(-1), -21);
    for (int i = 0; i < 100000; i++) {
        int64_t us = unit_below(INT64_C(1) << 53) - (INT64_C(1) << 52);
        int64_t f = frames_from_us(us);
        // f <= us * 48/1000 < f + 1, without overflow
        assert_true(f * 1000 <= us * 48 && us * 48 < (f + 1) * 1000);
        // A frame's beginning, rounded down to a microsecond, lies in the frame or just before it.
        int64_t back = frames_from_us(us_from_frames(f));
        assert_true(back == f || back == f - 1);
    }
}

// The shift is one integer per vector, within half a frame (10.4 us) of the exact line.
static void frame_shift_is_the_nearest(void **state)
{
    (void)state;
    unit_seed();
    for (int i = 0; i < 100000; i++) {
        struct tl_vec v = {.p0_us = unit_below(INT64_C(14400000000)),
                           .t0 = {unit_below(INT64_C(1) << 50)},
                           .rate = 1};
        int64_t shift = tl_frame_shift(&v);
        // |shift - (p0 - t0) * 48/1000| <= 1/2, with a frame's rounding of whole microseconds
        int64_t off = shift * 1000 - (v.p0_us - v.t0.us) * 48;
        assert_true(off <= 548 && off >= -548);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_runs_and_stands),
        cmocka_unit_test(next_replaces_now_at_its_instant),
        cmocka_unit_test(frames_round_down_on_both_sides_of_zero),
        cmocka_unit_test(frame_shift_is_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
