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
// A kiosk on a swaying network: while a queue is all but empty, while it may soon be, and else. The
// second of each while little is known yet.
static const int64_t EMPTY_NS[] = {2000000, 1000000};
static const int64_t LOW_NS[] = {10000000, 5000000};
static const int64_t FULL_NS[] = {40000000, 10000000};
// Shares of the usual excess.
static const double EMPTY[] = {0.2, 0.3}, LOW = 0.5;
// One sigma of the map: above, the network sways; above, little is known yet.
static const double SWAY_NS = 25000, ROUGH_NS = 100000;
// A level is forgotten at this speed, ns a second: in 0.2 s a queue of milliseconds is another.
static const double RISE = 10e6;
// The usual excess is an average over some fifty samples.
static const double MEMORY = 0.02;
// One sigma at which sound may begin; what errs by it is slewed away within seconds.
static const double SETTLED_NS = 500000;

void pace_init(struct pace *p)
{
    *p = (struct pace){.begun = false};
}

static void note_way(struct pace_way *w, double excess, double since_s)
{
    excess = fmax(excess, 0);
    w->level = fmin(w->level + RISE * since_s, excess);
    w->mean += MEMORY * (excess - w->mean);
}

void pace_note(struct pace *p, const struct clock_estimate *e, const struct clock_sample *s)
{
    if (!p->begun)
        p->began = p->noted = s->t4;
    p->begun = true;
    double since_s = fmax((double)mono_diff_ns(s->t4, p->noted) / 1e9, 0);
    p->noted = s->t4;
    double floor = (double)e->rtt_min_ns / 2;
    note_way(&p->there, (double)(s->t2_house_ns - clock_house_ns(&e->map, s->t1)) - floor, since_s);
    note_way(&p->back, (double)(clock_house_ns(&e->map, s->t4) - s->t3_house_ns) - floor, since_s);
}

static double fullness(const struct pace_way *w)
{
    return w->mean > 0 ? w->level / w->mean : 0;
}

int64_t pace_interval_ns(const struct pace *p, const struct exchange *x,
                         const struct clock_estimate *e)
{
    if (!clock_valid(e) || x->answered < FIRST)
        return FIRST_MS * MS;
    if (e->map.sigma_ns <= SWAY_NS)
        return (x->answered < SOON ? SOON_MS : CALM_MS) * MS;
    double least = fmin(fullness(&p->there), fullness(&p->back));
    bool rough = e->map.sigma_ns > ROUGH_NS;
    return least < EMPTY[rough] ? EMPTY_NS[rough] : least < LOW ? LOW_NS[rough] : FULL_NS[rough];
}

bool pace_settled(const struct pace *p, const struct clock_estimate *e, mono_t now)
{
    return clock_valid(e) &&
           (e->map.sigma_ns < SETTLED_NS || mono_diff_ns(now, p->began) > PACE_PATIENCE_NS);
}
