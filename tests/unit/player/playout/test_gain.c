// SPDX-License-Identifier: Apache-2.0
#include "player/playout/gain.h"

#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

enum { RATE = 48000, PERIOD = 480, RAMP = RATE * GAIN_RAMP_MS / 1000 };

// The gain of each frame of a period.
static void period(struct gain *g, float out[PERIOD])
{
    float stereo[2 * PERIOD];
    for (int i = 0; i < 2 * PERIOD; i++)
        stereo[i] = 1;
    gain_apply(g, stereo, PERIOD);
    for (int i = 0; i < PERIOD; i++) {
        assert_true(stereo[2 * i] == stereo[2 * i + 1]);
        out[i] = stereo[2 * i];
    }
}

static float settle(struct gain *g)
{
    float out[PERIOD];
    for (int i = 0; i < RAMP / PERIOD + 1; i++)
        period(g, out);
    return out[PERIOD - 1];
}

static void it_begins_in_silence(void **state)
{
    struct gain g;
    float out[PERIOD];
    gain_init(&g, RATE);
    period(&g, out);
    for (int i = 0; i < PERIOD; i++)
        assert_true(out[i] == 0);
}

static void a_target_is_reached_exactly_and_on_time(void **state)
{
    struct gain g;
    float out[PERIOD];
    gain_init(&g, RATE);
    gain_aim(&g, 0.25f);
    for (int done = 0; done < RAMP; done += PERIOD)
        period(&g, out);
    assert_true(out[PERIOD - 1] == 0.25f && out[PERIOD - 2] < 0.25f);
    assert_true(settle(&g) == 0.25f);
}

static void at_full_gain_the_sound_is_as_it_is_to_the_bit(void **state)
{
    struct gain g;
    float before[2 * PERIOD], after[2 * PERIOD];
    gain_init(&g, RATE);
    gain_aim(&g, 1);
    settle(&g);
    for (int i = 0; i < 2 * PERIOD; i++)
        before[i] = after[i] = sinf((float)i) * 1.7f;
    gain_apply(&g, after, PERIOD);
    assert_memory_equal(before, after, sizeof before);
}

static void nothing_makes_it_louder_than_one_or_less_than_nothing(void **state)
{
    const float hostile[] = {2, 1e30f, INFINITY, 1.0001f, -1, -INFINITY, NAN};
    struct gain g;
    gain_init(&g, RATE);
    for (int i = 0; i < 7; i++) {
        gain_aim(&g, hostile[i]);
        assert_true(settle(&g) == (i < 4 ? 1 : 0));
    }
}

// Targets at any time, also in the middle of a ramp: from one frame to the next the gain never
// moves by more than the steepest place of a full ramp.
static void no_frame_is_a_step(void **state)
{
    struct gain g;
    float out[PERIOD], last = 0;
    unit_seed();
    gain_init(&g, RATE);
    for (int n = 0; n < 5000; n++) {
        if (unit_below(4) == 0)
            gain_aim(&g, unit_below(3) ? (float)unit_uniform() : (float)unit_below(2));
        period(&g, out);
        for (int i = 0; i < PERIOD; i++) {
            assert_true(out[i] >= 0 && out[i] <= 1);
            assert_true(fabsf(out[i] - last) <= 1.51f / RAMP);
            last = out[i];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_in_silence),
        cmocka_unit_test(a_target_is_reached_exactly_and_on_time),
        cmocka_unit_test(at_full_gain_the_sound_is_as_it_is_to_the_bit),
        cmocka_unit_test(nothing_makes_it_louder_than_one_or_less_than_nothing),
        cmocka_unit_test(no_frame_is_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
