// SPDX-License-Identifier: Apache-2.0
// Loudness against the references of EBU Tech 3341, and the gain that follows from it.
#include "content/ingest/level.h"
#include "content/ingest/true_peak.h"

#include <ebur128.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RATE = 48000, SECONDS = 10 };

static struct level measure(int channels, double hertz, double phase, double dbfs)
{
    struct level_meter *m = level_meter_new(channels, RATE);
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

// What is passed over changes nothing: noise, bursts and single clicks, against libebur128.
static void test_peak_is_that_of_libebur128(void **state)
{
    enum { FRAMES = 3 * RATE };
    float *x = malloc(2 * FRAMES * sizeof *x);
    for (int round = 0; round < 8; round++) {
        struct true_peak ours;
        ebur128_state *theirs = ebur128_init(2, RATE, EBUR128_MODE_TRUE_PEAK);
        double peak = 0;
        true_peak_init(&ours, 2);
        srand((unsigned)round);
        for (int i = 0; i < 2 * FRAMES; i++) {
            double loud = round < 2 ? 1 : pow(10, -3 * fabs(sin((double)i / (900 << round))));
            x[i] = (float)(loud * (rand() / (double)RAND_MAX - 0.5));
            if (round == 7)
                x[i] = i % 5000 == 3 ? 0.9F : 0;
        }
        for (int at = 0; at < FRAMES; at += 1000 + round) {
            size_t n = at + 1000 + round < FRAMES ? (size_t)(1000 + round) : (size_t)(FRAMES - at);
            true_peak_add(&ours, x + 2 * at, n);
            ebur128_add_frames_float(theirs, x + 2 * at, n);
        }
        for (unsigned c = 0; c < 2; c++) {
            double one;
            ebur128_true_peak(theirs, c, &one);
            peak = fmax(peak, one);
        }
        assert_float_equal(20 * log10(true_peak_read(&ours)), 20 * log10(peak), 0.05);
        ebur128_destroy(&theirs);
    }
    free(x);
}

static void test_silence(void **state)
{
    struct level l = measure(2, 1000, 0, -INFINITY);
    assert_true(isinf(l.lufs) && l.lufs < 0);
    assert_true(isinf(l.peak_dbtp) && l.peak_dbtp < 0);
    assert_true(level_gain_db(l, LEVEL_TARGET_LUFS) == 0);
}

static void test_gain(void **state)
{
    static const struct {
        double lufs, peak, gain;
    } rows[] = {
        {-23, -12, 7},         // room enough
        {-23, -4, 2.5},        // the peak is what limits
        {-10, -2, -6},         // too loud
        {-16, -1.6, 0},        // just right
        {-16, 2, -3.5},        // right, but over the peak
        {-61, -40, 0},         // near silence stays
        {-61, 0.5, -2},        // but for its peak
        {-59, -50, 43},        // very soft, still meant
        {-INFINITY, -0.5, -1}, // a click too short to have a loudness
        {-INFINITY, -INFINITY, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct level l = {.lufs = rows[i].lufs, .peak_dbtp = rows[i].peak};
        assert_true(fabs(level_gain_db(l, -16) - rows[i].gain) < 1e-9);
    }
}

// What is still missing once Opus is through with it.
static void test_correction(void **state)
{
    static const struct {
        double lufs, peak, target, correction;
        const char *limit;
    } rows[] = {
        {-16.1, -4, -16, 0, NULL},      // near enough
        {-16.3, -4, -16, 0.3, NULL},    // not quite
        {-16, -0.6, -16, -0.5, NULL},   // Opus overshot: down, and a little more
        {-18, -1.0, -16, 0, "peak"},    // as near as it may
        {-16.3, -1.2, -16, 0, "peak"},  // there is not that much room
        {-17.5, -9, -18, -0.5, "peak"}, // too loud
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct level source = {.lufs = -20, .peak_dbtp = -5};
        struct level made = {.lufs = rows[i].lufs, .peak_dbtp = rows[i].peak};
        double given = level_correction_db(source, made, rows[i].target);
        assert_true(fabs(given - rows[i].correction) < 1e-9);
        if (given == 0 && rows[i].limit)
            assert_string_equal(level_limit(source, made, rows[i].target), rows[i].limit);
        if (given == 0 && !rows[i].limit)
            assert_null(level_limit(source, made, rows[i].target));
    }
    struct level silent = {.lufs = -INFINITY, .peak_dbtp = -INFINITY};
    assert_true(level_correction_db(silent, silent, -16) == 0);
    assert_string_equal(level_limit(silent, silent, -16), "silence");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_sines),
        cmocka_unit_test(test_mono_is_as_loud_as_it_will_be_heard),
        cmocka_unit_test(test_peak_between_samples),
        cmocka_unit_test(test_peak_is_that_of_libebur128),
        cmocka_unit_test(test_correction),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
