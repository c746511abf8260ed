// SPDX-License-Identifier: Apache-2.0
#include "player/playout/chirp.h"

#include "tests/unit/unit.h"

#include <math.h>
#include <stdbool.h>

enum {
    RATE = 48000,
    PERIOD = 480,
    ALL = RATE,
    LENGTH = RATE * (2 * CHIRP_NOTE_MS + CHIRP_PAUSE_MS) / 1000
};

// A second of it over `under`, as the playing thread does it.
static void play(struct chirp *c, float under, float *out)
{
    float stereo[2 * PERIOD];
    for (int done = 0; done < ALL; done += PERIOD) {
        for (int i = 0; i < 2 * PERIOD; i++)
            stereo[i] = under;
        chirp_add(c, stereo, PERIOD);
        for (int i = 0; i < PERIOD; i++) {
            assert_true(stereo[2 * i] == stereo[2 * i + 1]);
            out[done + i] = stereo[2 * i];
        }
    }
}

static float peak(const float *v, int from, int to)
{
    float most = 0;
    for (int i = from; i < to; i++)
        most = fmaxf(most, fabsf(v[i]));
    return most;
}

static void it_is_heard_ends_and_does_not_click(void **state)
{
    static float out[ALL];
    struct chirp c;
    chirp_init(&c, RATE);
    play(&c, 0, out);
    assert_true(peak(out, 0, ALL) == 0);
    chirp_begin(&c, 1);
    play(&c, 0, out);
    int note = RATE * CHIRP_NOTE_MS / 1000, pause = RATE * CHIRP_PAUSE_MS / 1000;
    assert_true(peak(out, 0, note) > 0.24f && peak(out, note + pause, LENGTH) > 0.24f);
    assert_true(peak(out, 0, ALL) <= CHIRP_LEVEL);
    assert_true(peak(out, note, note + pause) == 0 && peak(out, LENGTH, ALL) == 0);
    // The largest step is that of the higher note at its full level.
    float most = 0;
    for (int i = 1; i < ALL; i++)
        most = fmaxf(most, fabsf(out[i] - out[i - 1]));
    assert_true(most < CHIRP_LEVEL * 6.29f * 1800 / RATE);
    assert_true(peak(out, 0, 20) < 0.001f); // it swells
}

static void it_is_added_and_stays_within_full_scale(void **state)
{
    static float alone[ALL], over[ALL];
    struct chirp c;
    chirp_init(&c, RATE);
    chirp_begin(&c, 0.5f);
    play(&c, 0, alone);
    chirp_begin(&c, 0.5f);
    play(&c, 0.25f, over);
    for (int i = 0; i < ALL; i++)
        assert_true(fabsf(over[i] - alone[i] - 0.25f) < 1e-6f);
    chirp_begin(&c, 7);
    play(&c, 0.9f, over);
    assert_true(peak(over, 0, ALL) == 1);
}

static void one_at_a_time(void **state)
{
    static float once[ALL], twice[ALL];
    struct chirp c;
    chirp_init(&c, RATE);
    chirp_begin(&c, 1);
    play(&c, 0, once);
    chirp_begin(&c, 1);
    chirp_begin(&c, 0.1f);
    play(&c, 0, twice);
    for (int i = 0; i < ALL; i++)
        assert_true(once[i] == twice[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_heard_ends_and_does_not_click),
        cmocka_unit_test(it_is_added_and_stays_within_full_scale),
        cmocka_unit_test(one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
