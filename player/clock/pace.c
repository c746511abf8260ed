// SPDX-License-Identifier: Apache-2.0
#include "player/clock/pace.h"

#include <math.h>

static const int64_t MS = 1000000;

// 16 questions in 0.16 s: an offset to some microseconds on a quiet wire...
enum { FIRST = 16, FIRST_MS = 10 };
// ...and in the next five seconds a first span for the slope.
enum { SOON = 64, SOON_MS = 100 };
// For ever after: enough to average the scatter of stamps over the seconds in which a crystal is a
// straight line, and 20 kiosks cost the box nothing.
enum { CALM_MS = 125 };
// A kiosk on a swaying network: 50 questions a second are 10 kB/s, and of those some dozens a
// minute meet an empty queue each way; twice that until it is roughly right.
enum { ROUGH_MS = 5, SWAY_MS = 20, LUCKY_MS = 5 };
static const double ROUGH_NS = 200000; // one sigma
static const double SWAY_NS = 25000;
// An excess of less than this share of the usual one is luck.
static const double LUCK = 0.5;
// The usual excess is an average over some fifty samples.
static const double MEMORY = 0.02;
// One sigma at which sound may begin; what errs by it is slewed away within seconds.
static const double SETTLED_NS = 500000;

void pace_init(struct pace *p)
{
    *p = (struct pace){.begun = false};
}

void pace_note(struct pace *p, const struct clock_estimate *e, const struct clock_sample *s)
{
    if (!p->begun)
        p->began = s->t4;
    p->begun = true;
    double floor = (double)e->rtt_min_ns / 2;
    double there = (double)(s->t2_house_ns - clock_house_ns(&e->map, s->t1)) - floor;
    double back = (double)(clock_house_ns(&e->map, s->t4) - s->t3_house_ns) - floor;
    double excess = fmax(fmin(there, back), 0);
    p->lucky = excess < LUCK * p->usual_ns;
    p->usual_ns += MEMORY * (excess - p->usual_ns);
}

int64_t pace_interval_ns(const struct pace *p, const struct exchange *x,
                         const struct clock_estimate *e)
{
    if (!clock_valid(e) || x->answered < FIRST)
        return FIRST_MS * MS;
    if (e->map.sigma_ns > SWAY_NS) {
        if (p->lucky)
            return LUCKY_MS * MS;
        return (e->map.sigma_ns > ROUGH_NS ? ROUGH_MS : SWAY_MS) * MS;
    }
    return (x->answered < SOON ? SOON_MS : CALM_MS) * MS;
}

bool pace_settled(const struct pace *p, const struct clock_estimate *e, mono_t now)
{
    return clock_valid(e) &&
           (e->map.sigma_ns < SETTLED_NS || mono_diff_ns(now, p->began) > PACE_PATIENCE_NS);
}
