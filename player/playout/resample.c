// SPDX-License-Identifier: Apache-2.0
// The sound between two samples is the sum of all samples, each weighted with sinc(distance). Cut
// to `taps` neighbours by a Kaiser window, tabulated for PHASES fractions of a frame:
//
//   weight ┤        _
//          │       / \            the same curve, shifted by the wanted fraction; between two
//          ├─. _ _/   \_ _ .──    tabulated fractions the weights are interpolated linearly
//          └──────────┴──────── input frames
//                  whole+part
//
// Why 48 taps: Opus carries nothing above 20 kHz, so from 20 to 28 kHz (its first image) the filter
// may fall: Kaiser's rule gives 37 taps for 96 dB; 48 is the next size that leaves the passband
// flat to 20 kHz and fills vector registers. Below 48 kHz images fold at the card's half rate and
// the fall must fit between 20 and 24 kHz: twice the taps.
// Why 512 phases: linear interpolation between them errs by (2 pi f / (48000 * 512))^2 / 8 of the
// amplitude: -124 dB at 5 kHz, -106 dB at 20 kHz.
#include "player/playout/resample.h"

#include "common/base/check.h"
#include "common/time/instant.h"

#include <math.h>
#include <stddef.h>

enum { PHASES = 512, TAPS_FULL = 48, TAPS_NARROW = 96, LANES = 8 };
static const double KAISER_BETA = 9.6; // about 97 dB

struct resample {
    int taps;
    float *weights; // (PHASES + 1) rows of `taps`
};

struct frame_pos frame_pos_add(struct frame_pos p, double frames)
{
    double whole = floor(p.part + frames);
    double part = p.part + frames - whole;
    if (part >= 1) { // rounding
        part = 0;
        whole += 1;
    }
    return (struct frame_pos){p.whole + (int64_t)whole, part};
}

double frame_pos_diff(struct frame_pos a, struct frame_pos b)
{
    return (double)(a.whole - b.whole) + (a.part - b.part);
}

// Modified Bessel function of the first kind, order 0, by its series.
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-12 * sum; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static double windowed_sinc(double distance, double half_width, double cutoff)
{
    double u = distance / half_width;
    if (fabs(u) >= 1)
        return 0;
    double x = M_PI * cutoff * distance;
    double sinc = fabs(x) < 1e-9 ? 1 : sin(x) / x;
    return cutoff * sinc * bessel_i0(KAISER_BETA * sqrt(1 - u * u)) / bessel_i0(KAISER_BETA);
}

struct resample *resample_create(int rate)
{
    struct resample *r = check_alloc(calloc(1, sizeof *r));
    r->taps = rate >= FRAME_RATE ? TAPS_FULL : TAPS_NARROW;
    size_t rows = PHASES + 1;
    r->weights = check_alloc(calloc(rows * (size_t)r->taps, sizeof *r->weights));
    double cutoff = rate >= FRAME_RATE ? 1.0 : (double)rate / FRAME_RATE;
    for (size_t row = 0; row < rows; row++) {
        float *w = r->weights + row * (size_t)r->taps;
        const int half = r->taps / 2;
        double part = (double)row / PHASES, sum = 0;
        for (int k = 0; k < r->taps; k++)
            sum += windowed_sinc(k - (half - 1) - part, r->taps / 2.0, cutoff);
        // Each row sums to 1, so that a constant stays one at every fraction.
        for (int k = 0; k < r->taps; k++)
            w[k] = (float)(windowed_sinc(k - (half - 1) - part, r->taps / 2.0, cutoff) / sum);
    }
    return r;
}

void resample_destroy(struct resample *r)
{
    if (!r)
        return;
    free(r->weights);
    free(r);
}

int resample_before(const struct resample *r)
{
    return r->taps / 2 - 1;
}

int resample_after(const struct resample *r)
{
    return r->taps / 2;
}

// One output frame. `taps` is a constant where this is inlined; the sums run in lanes, so that
// compilers need no leave to reorder a float sum before they use vector registers.
static inline __attribute__((always_inline)) void interpolate(const float *row, float between,
                                                              int taps, const float *left,
                                                              const float *right, float out[2])
{
    float l[LANES] = {0}, r[LANES] = {0};
    for (int i = 0; i < taps; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            float w = row[i + k] + between * (row[taps + i + k] - row[i + k]);
            l[k] += w * left[i + k];
            r[k] += w * right[i + k];
        }
    }
    out[0] = ((l[0] + l[4]) + (l[1] + l[5])) + ((l[2] + l[6]) + (l[3] + l[7]));
    out[1] = ((r[0] + r[4]) + (r[1] + r[5])) + ((r[2] + r[6]) + (r[3] + r[7]));
}

struct frame_pos resample_read(const struct resample *r, const float *left, const float *right,
                               int64_t first, struct frame_pos start, double step, int n,
                               float *stereo)
{
    // frame_pos_add() without its call of floor(): nothing is negative here.
    int64_t begin = start.whole - resample_before(r) - first;
    for (int i = 0; i < n; i++) {
        double p = start.part + step * i;
        int whole = (int)p;
        double phase = (p - whole) * PHASES;
        int row = (int)phase;
        float between = (float)(phase - row);
        const float *weights = r->weights + (ptrdiff_t)row * r->taps;
        int64_t at = begin + whole;
        if (r->taps == TAPS_FULL)
            interpolate(weights, between, TAPS_FULL, left + at, right + at, stereo + 2 * i);
        else
            interpolate(weights, between, TAPS_NARROW, left + at, right + at, stereo + 2 * i);
    }
    return frame_pos_add(start, step * n);
}
