// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/true_peak.h"

#include "common/base/check.h"

#include <math.h>
#include <string.h>

enum { BEFORE = TRUE_PEAK_TAPS - 1, LANES = 8 };

// A sinc under a Hann window, cut into phases; phase 0 are the samples themselves.
void true_peak_init(struct true_peak *p, int channels)
{
    CHECK(channels == 1 || channels == 2);
    *p = (struct true_peak){.channels = channels};
    const int length = TRUE_PEAK_PHASES * TRUE_PEAK_TAPS, middle = length / 2;
    for (int i = 0; i < length; i++) {
        double at = (double)(i - middle) / TRUE_PEAK_PHASES;
        double sinc = i == middle ? 1 : sin(M_PI * at) / (M_PI * at);
        double hann = 0.5 * (1 - cos(2 * M_PI * i / length));
        p->filter[i % TRUE_PEAK_PHASES][i / TRUE_PEAK_PHASES] = (float)(sinc * hann);
    }
    for (int f = 0; f < TRUE_PEAK_PHASES; f++) {
        float sum = 0;
        for (int t = 0; t < TRUE_PEAK_TAPS; t++)
            sum += fabsf(p->filter[f][t]);
        p->bound = fmaxf(p->bound, sum);
    }
}

// In lanes of their own, which the compiler does side by side; samples are no NaN (source.c).
static float largest(const float *x, int n)
{
    float top[LANES] = {0}, all = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            float a = fabsf(x[i + l]);
            top[l] = a > top[l] ? a : top[l];
        }
    }
    for (; i < n; i++)
        all = fabsf(x[i]) > all ? fabsf(x[i]) : all;
    for (int l = 0; l < LANES; l++)
        all = top[l] > all ? top[l] : all;
    return all;
}

static void interpolate(struct true_peak *p, const float *x, int n)
{
    for (int f = 1; f < TRUE_PEAK_PHASES; f++) {
        float between[TRUE_PEAK_STRIDE] = {0};
        for (int t = 0; t < TRUE_PEAK_TAPS; t++) {
            // All of the stride, a length that the compiler knows; what is behind n is not used.
            for (int i = 0; i < TRUE_PEAK_STRIDE; i++)
                between[i] += p->filter[f][t] * x[i + BEFORE - t];
        }
        float top = largest(between, n);
        p->top = top > p->top ? top : p->top;
    }
}

static void add(struct true_peak *p, float *window, int n)
{
    float top = largest(window, BEFORE + n);
    p->top = top > p->top ? top : p->top;
    if (top * p->bound > p->top)
        interpolate(p, window, n);
    memmove(window, window + n, BEFORE * sizeof *window);
}

void true_peak_add(struct true_peak *p, const float *interleaved, size_t frames)
{
    while (frames > 0) {
        int n = frames < TRUE_PEAK_STRIDE ? (int)frames : TRUE_PEAK_STRIDE;
        for (int c = 0; c < p->channels; c++) {
            for (int i = 0; i < n; i++)
                p->window[c][BEFORE + i] = interleaved[i * p->channels + c];
            add(p, p->window[c], n);
        }
        interleaved += n * p->channels;
        frames -= (size_t)n;
    }
}

double true_peak_read(const struct true_peak *p)
{
    return (double)p->top;
}
