// SPDX-License-Identifier: Apache-2.0
#include "player/playout/dac.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

static unsigned seed;

static double uniform(void)
{
    return rand_r(&seed) / (double)RAND_MAX;
}

static int start(void **state)
{
    const char *given = getenv("SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : 20261123;
    printf("seed %u\n", seed);
    return 0;
}

// A card off by ppm whose pointer moves in steps and is sometimes read late. Gives the model's
// worst error over the last half, in microseconds.
static double follow(double ppm, int step, double late_us, double seconds, struct dac *d)
{
    double worst = 0, hz = 48000 * (1 + ppm * 1e-6);
    dac_init(d, 48000);
    for (double t = 0; t < seconds; t += 0.01 + 0.0002 * uniform()) {
        double truth = t * hz;
        double lateness = uniform() < 0.1 ? late_us * uniform() : 0;
        double read = (t - lateness / 1e6) * hz;
        int64_t frame = (int64_t)floor(read / step) * step;
        dac_add(d, frame, (mono_t){INT64_C(777000000000) + (int64_t)(t * 1e9)});
        mono_t at = {INT64_C(777000000000) + (int64_t)((t + 0.05) * 1e9)};
        double error = (dac_frame(d, at) - (truth + 0.05 * hz)) / hz * 1e6;
        if (t > seconds / 2)
            worst = fmax(worst, fabs(error));
    }
    return worst;
}

static void a_fine_pointer_is_followed_to_microseconds(void **state)
{
    struct dac d;
    double us = follow(60, 1, 500, 30, &d);
    printf("fine pointer: worst %.2f us, rate off by %.3f ppm\n", us,
           (dac_rate(&d) / 48000 - 1) * 1e6 - 60);
    assert_true(us < 2);
    assert_true(fabs((dac_rate(&d) / 48000 - 1) * 1e6 - 60) < 0.3);
}

static void a_pointer_in_milliseconds_is_seen_through(void **state)
{
    for (double ppm = -80; ppm <= 80; ppm += 40) {
        struct dac d;
        double us = follow(ppm, 48, 500, 60, &d);
        double off = (dac_rate(&d) / 48000 - 1) * 1e6 - ppm;
        printf("1 ms pointer at %+.0f ppm: worst %.1f us, rate off by %.2f ppm\n", ppm, us, off);
        assert_true(us < 30);
        assert_true(fabs(off) < 5);
    }
}

static void instant_and_frame_are_inverse(void **state)
{
    struct dac d;
    follow(-45, 1, 0, 10, &d);
    mono_t at = dac_instant(&d, 600000);
    assert_true(fabs(dac_frame(&d, at) - 600000) < 1e-3);
}

static void a_restart_keeps_the_rate(void **state)
{
    struct dac d;
    follow(60, 1, 0, 20, &d);
    dac_restart(&d);
    assert_false(dac_valid(&d));
    dac_add(&d, 0, (mono_t){1000});
    assert_true(fabs((dac_rate(&d) / 48000 - 1) * 1e6 - 60) < 0.3);
}

static void one_wild_reading_changes_nothing_and_many_begin_anew(void **state)
{
    struct dac d;
    follow(0, 1, 0, 10, &d);
    mono_t at = {INT64_C(777000000000) + INT64_C(10100000000)};
    double before = dac_frame(&d, at);
    assert_true(dac_add(&d, (int64_t)before + 4800, at));
    assert_true(fabs(dac_frame(&d, at) - before) < 0.5);
    bool kept = true;
    for (int i = 1; i < 100 && kept; i++) {
        at = mono_add_ns(at, 10000000);
        kept = dac_add(&d, (int64_t)before + 4800 + i * 480, at);
    }
    assert_false(kept);
    assert_true(fabs(dac_frame(&d, at) -
                     (before + 4800 + mono_diff_ns(at, (mono_t){INT64_C(787100000000)}) * 48e-6)) <
                2);
}

// It would be the edge that all others lag behind, for half a minute.
static void a_wild_one_among_the_first_is_asked_again(void **state)
{
    for (int wild = 0; wild < 10; wild++) {
        struct dac d;
        dac_init(&d, 48000);
        for (int i = 0; i < 25; i++)
            dac_add(&d, i * 960 + (i == wild ? 700 : 0), (mono_t){i * INT64_C(20000000)});
        assert_true(dac_settled(&d));
        assert_true(fabs(dac_frame(&d, (mono_t){INT64_C(600000000)}) - 28800) < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fine_pointer_is_followed_to_microseconds),
        cmocka_unit_test(a_pointer_in_milliseconds_is_seen_through),
        cmocka_unit_test(instant_and_frame_are_inverse),
        cmocka_unit_test(a_restart_keeps_the_rate),
        cmocka_unit_test(one_wild_reading_changes_nothing_and_many_begin_anew),
        cmocka_unit_test(a_wild_one_among_the_first_is_asked_again),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
