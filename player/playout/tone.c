// SPDX-License-Identifier: Apache-2.0
#include "player/playout/tone.h"

#include <math.h>

#define TAU 6.2831853f
#define PITCH_HZ 440

void tone_init(struct tone *t, int rate)
{
    *t = (struct tone){.rate = rate, .at = -1};
}

void tone_begin(struct tone *t)
{
    t->at = 0;
}

static float value(const struct tone *t, int length)
{
    int swell = t->rate * TONE_SWELL_MS / 1000, end = length - 1 - t->at;
    int edge = t->at < end ? t->at : end;
    float shape = edge >= swell ? 1 : 0.5f - 0.5f * cosf(TAU / 2 * (float)edge / (float)swell);
    // Whole periods in a second: the phase of a second's remainder is that of the whole.
    float phase = (float)(t->at % t->rate) * PITCH_HZ / (float)t->rate;
    return TONE_LEVEL * shape * sinf(TAU * (phase - floorf(phase)));
}

void tone_fill(struct tone *t, float *stereo, int n)
{
    int length = (int)((long)t->rate * TONE_MS / 1000);
    for (int i = 0; i < n && t->at >= 0; i++) {
        stereo[2 * i] = stereo[2 * i + 1] = value(t, length);
        t->at = t->at + 1 < length ? t->at + 1 : -1;
    }
}
