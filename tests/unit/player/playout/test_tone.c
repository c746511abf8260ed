// SPDX-License-Identifier: Apache-2.0
#include "player/playout/tone.h"

#include "tests/unit/unit.h"

#include <math.h>

enum { RATE = 44100, PERIOD = 441, LENGTH = RATE / 1000 * TONE_MS + 300, ALL = 4 * RATE };

static float out[ALL];

// Four seconds of it over `under`, as the playing thread does it.
static void play(struct tone *t, float under)
{
    float stereo[2 * PERIOD];
    for (int done = 0; done < ALL; done += PERIOD) {
        for (int i = 0; i < 2 * PERIOD; i++)
            stereo[i] = under;
        tone_fill(t, stereo, PERIOD);
        for (int i = 0; i < PERIOD; i++) {
            assert_true(stereo[2 * i] == stereo[2 * i + 1]);
            out[done + i] = stereo[2 * i];
        }
    }
}

static void it_has_its_level_and_ends(void **state)
{
    struct tone t;
    tone_init(&t, RATE);
    play(&t, 0.5f);
    assert_true(out[0] == 0.5f && out[ALL - 1] == 0.5f);
    tone_begin(&t);
    play(&t, 0);
    double sum = 0;
    for (int i = RATE; i < 2 * RATE; i++)
        sum += (double)out[i] * out[i];
    double db = 10 * log10(sum / RATE);
    assert_true(db > -16.1 && db < -15.9);
    assert_true(out[3 * RATE + 1] == 0);
}

static void it_swells_and_does_not_click(void **state)
{
    struct tone t;
    tone_init(&t, RATE);
    tone_begin(&t);
    play(&t, 0);
    float most = 0;
    for (int i = 1; i < ALL; i++)
        most = fmaxf(most, fabsf(out[i] - out[i - 1]));
    assert_true(most < 0.3162f * 6.29f * 440 / RATE);
    assert_true(fabsf(out[20]) < 0.001f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_its_level_and_ends),
        cmocka_unit_test(it_swells_and_does_not_click),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
