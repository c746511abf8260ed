// SPDX-License-Identifier: Apache-2.0
#include "player/playout/gain.h"

void gain_init(struct gain *g, int rate)
{
    int length = rate * GAIN_RAMP_MS / 1000;
    *g = (struct gain){.length = length, .at = length};
}

static float value(const struct gain *g)
{
    if (g->at == g->length)
        return g->to;
    float t = (float)g->at / (float)g->length;
    return g->from + (g->to - g->from) * t * t * (3 - 2 * t);
}

void gain_aim(struct gain *g, float linear)
{
    float to = linear >= 1 ? 1 : linear > 0 ? linear : 0;
    if (to == g->to)
        return;
    g->from = value(g);
    g->to = to;
    g->at = 0;
}

void gain_apply(struct gain *g, float *stereo, int n)
{
    if (g->at == g->length && g->to == 1)
        return; // as it is, to the bit
    for (int i = 0; i < n; i++) {
        if (g->at < g->length)
            g->at++;
        float gain = value(g);
        stereo[2 * i] *= gain;
        stereo[2 * i + 1] *= gain;
    }
}
