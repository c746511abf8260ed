// SPDX-License-Identifier: Apache-2.0
#include "tests/vdac/crystal.h"

#include <math.h>

double crystal_frames(const struct crystal *c, int64_t from_ns, int64_t to_ns)
{
    double from = (double)from_ns / 1e9, to = (double)to_ns / 1e9;
    double span = (double)(to_ns - from_ns) / 1e9;
    double k = 2 * M_PI / c->wander_s;
    double sway = (cos(k * from + c->wander_phase) - cos(k * to + c->wander_phase)) / k;
    return c->rate * (span * (1 + c->ppm * 1e-6) + c->wander_ppm * 1e-6 * sway);
}

int64_t crystal_instant(const struct crystal *c, int64_t from_ns, double frames)
{
    // The rate is within a thousandth of nominal, so each round leaves a thousandth of the error.
    int64_t at = from_ns;
    for (int i = 0; i < 6; i++)
        at += (int64_t)((frames - crystal_frames(c, from_ns, at)) / c->rate * 1e9);
    while (crystal_frames(c, from_ns, at) < frames)
        at++;
    return at;
}
