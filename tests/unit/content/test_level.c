// SPDX-License-Identifier: Apache-2.0
// Loudness against the references of EBU Tech 3341, and the gain that follows from it.
#include "content/ingest/level.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE = 48000, SECONDS = 10 };

static struct level measure(int channels, double hertz, double phase, double dbfs)
{
    struct level_meter *m = level_meter_new(channels);
    double amplitude = pow(10, dbfs / 20);
    float block[2 * RATE / 10];
    for (int b = 0; b < SECONDS * 10; b++) {
        for (int i = 0; i < RATE / 10; i++) {
            double t = (double)(b * RATE / 10 + i) / RATE;
            for (int c = 0; c < channels; c++)
                block[i * channels + c] = (float)(amplitude * sin(2 * M_PI * hertz * t + phase));
        }
        level_meter_add(m, block, RATE / 10);
    }
    struct level l = level_meter_read(m);
    level_meter_free(m);
    return l;
}

// Tech 3341 test 1 and 2: a sine of 1 kHz in both channels reads its own level.
static void test_reference_sines(void **state)
{
    assert_float_equal(measure(2, 1000, 0, -23).lufs, -23, 0.1);
    assert_float_equal(measure(2, 1000, 0, -33).lufs, -33, 0.1);
    assert_float_equal(measure(2, 1000, 0, -23).peak_dbtp, -23, 0.2);
}

static void test_mono_is_as_loud_as_it_will_be_heard(void **state)
{
    assert_float_equal(measure(1, 1000, 0, -23).lufs, -23, 0.1);
}

// Tech 3341 test 16: at a quarter of the rate, 45 degrees off, every sample lies 3 dB below the
// peak.
static void test_peak_between_samples(void **state)
{
    struct level l = measure(2, RATE / 4.0, M_PI / 4, -6);
    assert_in_range((int)(-l.peak_dbtp * 100), 560, 640); // -6 +0.4 -0.4; the samples say -9
}

static void test_silence(void **state)
{
    struct level l = measure(2, 1000, 0, -INFINITY);
    assert_true(isinf(l.lufs) && l.lufs < 0);
    assert_true(isinf(l.peak_dbtp) && l.peak_dbtp < 0);
    assert_true(level_gain_db(l) == 0);
}

static void test_gain(void **state)
{
    static const struct {
        double lufs, peak, gain;
    } rows[] = {
        {-23, -12, 7},          // room enough
        {-23, -4, 3},           // the peak is what limits
        {-10, -2, -6},          // too loud
        {-16, -1, 0},           // just right
        {-16, 2, -3},           // right, but over the peak
        {-61, -40, 0},          // near silence stays
        {-61, 0.5, -1.5},       // but for its peak
        {-59, -50, 43},         // very soft, still meant
        {-INFINITY, -0.5, -.5}, // a click too short to have a loudness
        {-INFINITY, -INFINITY, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct level l = {.lufs = rows[i].lufs, .peak_dbtp = rows[i].peak};
        assert_true(fabs(level_gain_db(l) - rows[i].gain) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_sines),
        cmocka_unit_test(test_mono_is_as_loud_as_it_will_be_heard),
        cmocka_unit_test(test_peak_between_samples),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
