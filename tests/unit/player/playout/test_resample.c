// SPDX-License-Identifier: Apache-2.0
// Sines read at other rates: what is not the sine is noise and distortion.
#include "player/playout/resample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

enum { N = 48000, MARGIN = 4096 };

static double sine(double frame, double hz)
{
    return 0.9 * sin(2 * M_PI * hz * frame / 48000);
}

// THD+N in dB of n samples that should be a sine of w radians a sample: the residue of the
// least-squares fit of sine and cosine.
static double thd_n(const float *stereo, int n, double w)
{
    double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0, power = 0, residue = 0;
    for (int i = 0; i < n; i++) {
        double vs = sin(w * i), vc = cos(w * i), x = stereo[2 * i];
        ss += vs * vs;
        cc += vc * vc;
        sc += vs * vc;
        xs += x * vs;
        xc += x * vc;
    }
    double s = (xs * cc - xc * sc) / (ss * cc - sc * sc);
    double c = (xc * ss - xs * sc) / (ss * cc - sc * sc);
    for (int i = 0; i < n; i++) {
        double fit = s * sin(w * i) + c * cos(w * i), d = stereo[2 * i] - fit;
        power += fit * fit;
        residue += d * d;
    }
    return 10 * log10(residue / power);
}

static double measure(int rate, double ppm, double hz)
{
    static float left[N + 2 * MARGIN + 6000], right[N + 2 * MARGIN + 6000], out[2 * N];
    int64_t first = INT64_C(4147200000000); // a thousand days of house frames
    int span = (int)(sizeof left / sizeof *left);
    for (int i = 0; i < span; i++)
        left[i] = right[i] = (float)sine(i - MARGIN, hz);
    struct resample *r = resample_create(rate);
    double step = 48000.0 / rate * (1 + ppm * 1e-6);
    double w = 2 * M_PI * hz * step / 48000;
    int n = rate - 100;
    struct frame_pos start = {first + MARGIN, 0.31};
    resample_read(r, left, right, first, start, step, n, out);
    resample_destroy(r);
    return thd_n(out, n, w);
}

static void thd_n_stays_below_minus_90_db(void **state)
{
    static const struct {
        int rate;
        double ppm, hz;
    } cases[] = {{48000, 100, 997},   {48000, -100, 997}, {48000, 100, 9973}, {48000, 300, 15013},
                 {48000, 100, 18997}, {44100, 100, 997},  {44100, -60, 9973}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double db = measure(cases[i].rate, cases[i].ppm, cases[i].hz);
        printf("rate %d, %+.0f ppm, %.0f Hz: THD+N %.1f dB\n", cases[i].rate, cases[i].ppm,
               cases[i].hz, db);
        assert_true(db < -90);
    }
}

static void position_is_exact_to_a_thousandth_of_a_frame(void **state)
{
    float left[400], right[400], out[2];
    for (int i = 0; i < 400; i++)
        left[i] = right[i] = (float)sine(i, 440);
    struct resample *r = resample_create(48000);
    for (double part = 0; part < 1; part += 0.0371) {
        resample_read(r, left, right, 0, (struct frame_pos){200, part}, 1, 1, out);
        // Slope of the sine gives the error in frames.
        double slope = (sine(200 + part + 0.01, 440) - sine(200 + part - 0.01, 440)) / 0.02;
        assert_true(fabs((out[0] - sine(200 + part, 440)) / slope) < 1e-3);
    }
    resample_destroy(r);
}

static void whole_positions_give_the_samples_themselves(void **state)
{
    float left[400], right[400], out[200];
    srand(1);
    for (int i = 0; i < 400; i++) {
        left[i] = (float)rand() / (float)RAND_MAX - 0.5f;
        right[i] = -left[i];
    }
    struct resample *r = resample_create(48000);
    resample_read(r, left, right, -50, (struct frame_pos){50, 0}, 1, 100, out);
    for (int i = 0; i < 100; i++) {
        assert_true(fabsf(out[2 * i] - left[100 + i]) < 1e-6f);
        assert_true(fabsf(out[2 * i + 1] - right[100 + i]) < 1e-6f);
    }
    resample_destroy(r);
}

static void chunks_join_as_one(void **state)
{
    float in[1200], one[2 * 1000], two[2 * 1000];
    for (int i = 0; i < 1200; i++)
        in[i] = (float)sine(i, 3000);
    struct resample *r = resample_create(48000);
    struct frame_pos p = {60, 0.7};
    double step = 1.0001;
    resample_read(r, in, in, 0, p, step, 1000, one);
    for (int done = 0; done < 1000; done += 40)
        p = resample_read(r, in, in, 0, p, step, 40, two + 2 * done);
    for (int i = 0; i < 2000; i++)
        assert_true(fabsf(one[i] - two[i]) < 1e-5f);
    assert_true(fabs(frame_pos_diff(p, (struct frame_pos){1060, 0.8})) < 1e-6);
    resample_destroy(r);
}

static void positions_keep_their_part_far_from_zero(void **state)
{
    struct frame_pos p = {INT64_C(1) << 52, 0.25};
    struct frame_pos q = frame_pos_add(p, -0.5);
    assert_true(q.whole == p.whole - 1 && fabs(q.part - 0.75) < 1e-12);
    assert_true(fabs(frame_pos_diff(p, q) - 0.5) < 1e-12);
    q = frame_pos_add((struct frame_pos){0, 0}, -1e-20);
    assert_true(q.part >= 0 && q.part < 1);
}

static void cost_is_told(void **state)
{
    static float in[2000], out[2 * 480];
    for (int rate = 44100; rate <= 48000; rate += 3900) {
        struct resample *r = resample_create(rate);
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < 200; i++)
            resample_read(r, in, in, 0, (struct frame_pos){100, 0.3}, 48000.0 / rate, 480, out);
        clock_gettime(CLOCK_MONOTONIC, &b);
        double ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
        printf("rate %d: %.0f ns a frame\n", rate, ns / (200 * 480));
        assert_true(ns / (200 * 480) < 20000); // a twentieth of real time, sanitizers included
        resample_destroy(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thd_n_stays_below_minus_90_db),
        cmocka_unit_test(position_is_exact_to_a_thousandth_of_a_frame),
        cmocka_unit_test(whole_positions_give_the_samples_themselves),
        cmocka_unit_test(chunks_join_as_one),
        cmocka_unit_test(positions_keep_their_part_far_from_zero),
        cmocka_unit_test(cost_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
