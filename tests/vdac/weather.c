// SPDX-License-Identifier: Apache-2.0
#include "tests/vdac/weather.h"

#include <math.h>

enum {
    MS = 1000000,
    STEP_EVERY = 10 * MS,
    STEP = MS / 2,
    STEPS = 20, // of the walk's range
    WALK_MAX = STEPS * STEP,
    PACKET_MAX = 5 * MS,
};
static const double BURST_EVERY_NS = 5e9;

// 0 < x < 1 (splitmix64; Steele, Lea, Flood 2014).
static double uniform(uint64_t *dice)
{
    *dice += 0x9e3779b97f4a7c15;
    uint64_t z = *dice;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0; // 2^53
}

static void plan_burst(struct weather *w)
{
    w->burst_from_ns = w->burst_to_ns - (int64_t)(log(uniform(&w->burst_dice)) * BURST_EVERY_NS);
    w->burst_to_ns = w->burst_from_ns + (int64_t)((50 + 150 * uniform(&w->burst_dice)) * MS);
    w->burst_ns = (int64_t)((5 + 10 * uniform(&w->burst_dice)) * MS);
}

void weather_init(struct weather *w, uint64_t seed, int direction)
{
    // Far apart, so that no two of the streams are the same some steps later.
    uint64_t base = (seed * 2 + (uint64_t)direction) * 3;
    *w = (struct weather){base << 32, (base + 1) << 32, (base + 2) << 32, 0, 0, 0, 0, 0};
    w->walk_ns = (int64_t)(uniform(&w->walk_dice) * (STEPS + 1)) * STEP;
    plan_burst(w);
}

int64_t weather_delay_ns(struct weather *w, int64_t now_ns)
{
    for (; w->walk_at_ns + STEP_EVERY <= now_ns; w->walk_at_ns += STEP_EVERY) {
        w->walk_ns += uniform(&w->walk_dice) < 0.5 ? -STEP : STEP;
        if (w->walk_ns < 0)
            w->walk_ns = STEP;
        if (w->walk_ns > WALK_MAX)
            w->walk_ns = WALK_MAX - STEP;
    }
    while (w->burst_to_ns <= now_ns)
        plan_burst(w);
    int64_t burst = now_ns >= w->burst_from_ns ? w->burst_ns : 0;
    return w->walk_ns + burst + (int64_t)(uniform(&w->packet_dice) * PACKET_MAX);
}

bool weather_lost(struct weather *w, double share)
{
    return uniform(&w->packet_dice) < share;
}
