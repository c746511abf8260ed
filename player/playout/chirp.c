// SPDX-License-Identifier: Apache-2.0
#include "player/playout/chirp.h"

#include <math.h>

#define TAU 6.2831853f

// E6 and A6: small speakers play them well, and ears tell where they come from.
static const float pitch_hz[] = {1318.5f, 1760.0f};

void chirp_init(struct chirp *c, int rate)
{
    *c = (struct chirp){.rate = rate, .at = -1};
}

void chirp_begin(struct chirp *c, float linear)
{
    if (c->at >= 0)
        return;
    c->level = CHIRP_LEVEL * (linear >= 1 ? 1 : linear > 0 ? linear : 0);
    c->at = 0;
}

static float value(const struct chirp *c)
{
    int note = c->rate * CHIRP_NOTE_MS / 1000, step = note + c->rate * CHIRP_PAUSE_MS / 1000;
    int which = c->at >= step, at = c->at - which * step;
    if (at >= note)
        return 0;
    float swell = 0.5f - 0.5f * cosf(TAU * (float)at / (float)note);
    return c->level * swell * sinf(TAU * pitch_hz[which] * (float)at / (float)c->rate);
}

static float within(float v)
{
    return v > 1 ? 1 : v < -1 ? -1 : v;
}

void chirp_add(struct chirp *c, float *stereo, int n)
{
    int length = c->rate * (2 * CHIRP_NOTE_MS + CHIRP_PAUSE_MS) / 1000;
    for (int i = 0; i < n && c->at >= 0; i++) {
        float v = value(c);
        stereo[2 * i] = within(stereo[2 * i] + v);
        stereo[2 * i + 1] = within(stereo[2 * i + 1] + v);
        c->at = c->at + 1 < length ? c->at + 1 : -1;
    }
}
