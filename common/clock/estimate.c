// SPDX-License-Identifier: Apache-2.0
#include "common/clock/estimate.h"

#include <math.h>
#include <stddef.h>

// Before anything is measured: two crystals differ by some tens of ppm. (Skews here are in 1e-9,
// which is ns per second.)
static const double PRIOR_SIGMA = 40e3;
// How a skew may change: 0.01 ppm/s is a box that warms up by ten degrees in a minute...
static const double CURVE = 10;
// ...and over a window the weather of a room moves it by this.
static const double WANDER = 300;
// Stamps made by kernels on a quiet wire scatter by about this; no edge is known better.
static const double GRAIN_NS = 500;
// In the first seconds a queue may not have been empty once, and what looks like its edge is a
// moment when it was merely short. Queues are another after a second or so: how much the shortest
// moment differs from the next one that is not the same tells how many there are to come. With a
// single difference to go by, the truth is expected a few of them further, and less the longer
// the queue was watched. (In simulated sway this leaves half as many starts off by a millisecond.)
static const double MOMENT_S = 1, MOMENTS = 3, YOUNG_S = 10;
// A sample whose bounds cross the map by more cannot belong to it. Clocks of browsers are this
// coarse.
static const double CROSSING_NS = 1e6;
static const int64_t RTT_LIMIT_NS = 2 * INT64_C(1000000000);
// Stamps come from the network. Within these (house: 146 years, local: 36) no difference of
// differences below leaves an int64.
static const int64_t HOUSE_LIMIT_NS = INT64_C(1) << 62;
static const int64_t LOCAL_LIMIT_NS = INT64_C(1) << 60;

void clock_init(struct clock_estimate *e)
{
    e->first = 0;
    e->count = 0;
    e->used = 0;
    e->origin_ns = 0;
    e->prior = e->staged = e->latest = (struct edge_slope){0, PRIOR_SIGMA};
    e->period = 0;
    e->suspects = 0;
    e->accepted = 0;
    e->refused = 0;
    e->rtt_min_ns = 0;
    e->valid = false;
    e->map = (struct clock_map){.at = {0}};
}

void clock_recall(struct clock_estimate *e, double skew, double sigma)
{
    e->prior = e->staged = e->latest = (struct edge_slope){skew * 1e9, sigma * 1e9};
}

static struct clock_bucket *bucket(struct clock_estimate *e, int i)
{
    return &e->buckets[(e->first + i) % CLOCK_BUCKETS];
}

static double seconds(mono_t a, mono_t b)
{
    return (double)mono_diff_ns(a, b) / 1e9;
}

void clock_repath(struct clock_estimate *e)
{
    e->count = 0;
    e->suspects = 0;
    e->prior = e->staged = e->latest;
}

// The prior comes from before the window: the fit as it was one window ago, so that no point counts
// twice. Nothing is known for ever: each window adds its wander.
static void roll_prior(struct clock_estimate *e, int64_t number)
{
    int64_t period = number / CLOCK_BUCKETS;
    if (period == e->period)
        return;
    if (e->count > 0) {
        e->prior = e->staged;
        e->staged = e->latest;
        e->staged.sigma = sqrt(e->staged.sigma * e->staged.sigma + WANDER * WANDER);
    }
    e->period = period;
}

// The bucket of this number; NULL for one that is before the window.
static struct clock_bucket *find_bucket(struct clock_estimate *e, int64_t number, bool *is_new)
{
    *is_new = false;
    int i = e->count - 1;
    while (i >= 0 && bucket(e, i)->number > number)
        i--;
    if (i >= 0 && bucket(e, i)->number == number)
        return bucket(e, i);
    if (i < e->count - 1)
        return NULL; // a gap in the past stays one
    while (e->count > 0 && number - bucket(e, 0)->number >= CLOCK_BUCKETS) {
        e->first = (e->first + 1) % CLOCK_BUCKETS;
        e->count--;
    }
    *is_new = true;
    e->count++;
    bucket(e, e->count - 1)->number = number;
    return bucket(e, e->count - 1);
}

// False when the sample says nothing new. In a bucket the skew as known so far makes points
// comparable.
static bool put(struct clock_estimate *e, struct clock_bucket *k, bool is_new,
                const struct clock_sample *s)
{
    double f = (double)(s->t2_house_ns - s->t1.ns - e->origin_ns);
    double b = (double)(s->t3_house_ns - s->t4.ns - e->origin_ns);
    double skew = e->latest.slope;
    bool f_best = is_new || f - skew * seconds(s->t1, k->ft) < k->f;
    bool b_best = is_new || b - skew * seconds(s->t4, k->bt) > k->b;
    if (f_best) {
        k->ft = s->t1;
        k->f = f;
    }
    if (b_best) {
        k->bt = s->t4;
        k->b = b;
    }
    return f_best || b_best;
}

static void gather(struct clock_estimate *e, mono_t now, struct edge *f, struct edge *b)
{
    edge_begin(f, false);
    edge_begin(b, true);
    for (int i = e->count - e->used; i < e->count; i++) {
        const struct clock_bucket *k = bucket(e, i);
        edge_add(f, seconds(k->ft, now), k->f);
        edge_add(b, seconds(k->bt, now), k->b);
    }
    edge_close(f);
    edge_close(b);
}

struct edges {
    struct edge f, b;
};

// The distance in which the truth is expected beyond an edge.
static double beyond(const struct edge *e, double slope)
{
    double young = fmin(YOUNG_S / fmax(-e->x[0], MOMENT_S), 1);
    return fmax(e->margin, MOMENTS * young * edge_spacing(e, slope, MOMENT_S));
}

// Half way between the edges of this slope, at the newest instant, each moved to where the truth is
// expected, but not past each other: no message arrives before it was sent. The truth is no
// further from there than `reach`, whatever the floors.
static double middle(const struct edges *at, double slope, double *reach)
{
    double f = beyond(&at->f, slope), b = beyond(&at->b, slope);
    double upper = edge_value(&at->f, slope, 0), lower = edge_value(&at->b, slope, 0);
    double share = fmin(fmax(upper - lower, 0) / (f + b), 1);
    double theta = (upper - share * f + lower + share * b) / 2;
    *reach = fmax(fmax(upper - theta, theta - lower), 0);
    return theta;
}

// The two bounds of a bucket are of different instants, between which the clocks drifted apart.
static void note_round_trip(struct clock_estimate *e)
{
    double least = INFINITY;
    for (int i = 0; i < e->count; i++) {
        const struct clock_bucket *k = bucket(e, i);
        least = fmin(least, k->f - k->b - e->latest.slope * seconds(k->ft, k->bt));
    }
    e->rtt_min_ns = (int64_t)fmax(least, 0);
}

static void renew_map(struct clock_estimate *e)
{
    struct edges at;
    struct edge *both[] = {&at.f, &at.b};
    mono_t now = bucket(e, e->count - 1)->bt;
    double reach, unused;
    note_round_trip(e);
    // Never fewer than the newest, which may be of a bucket that is new.
    e->used = e->used < 1 ? 1 : e->used < e->count ? e->used : e->count;
    gather(e, now, &at.f, &at.b);
    // Of few points none may be near the edge: they divide the gap between them.
    double width = edge_value(&at.f, e->latest.slope, 0) - edge_value(&at.b, e->latest.slope, 0);
    double grain = fmax(width / (2 * (e->used + 1)), GRAIN_NS);
    double believed = e->prior.sigma;
    e->latest = edge_fit(both, 2, &e->prior, PRIOR_SIGMA, grain);
    if (e->prior.sigma > believed)
        e->staged = e->prior; // refuted
    e->used = edge_window(e->used, e->count, -at.f.x[0], (at.f.margin + at.b.margin) / 2, CURVE);
    double theta = middle(&at, e->latest.slope, &reach);
    double turned = fabs(middle(&at, e->latest.slope + e->latest.sigma, &unused) -
                         middle(&at, e->latest.slope - e->latest.sigma, &unused)) /
                    2;
    double margins = at.f.margin * at.f.margin + at.b.margin * at.b.margin;
    e->map.at = now;
    e->map.house_ns = now.ns + e->origin_ns + (int64_t)theta;
    e->map.skew = e->latest.slope * 1e-9;
    e->map.skew_sigma = e->latest.sigma * 1e-9;
    e->map.sigma_ns = sqrt(turned * turned + margins / 4);
    e->map.uncertainty_ns = reach + 2 * e->map.sigma_ns;
    e->valid = true;
}

static bool in_range(const struct clock_sample *s)
{
    return s->t2_house_ns >= 0 && s->t2_house_ns <= HOUSE_LIMIT_NS && s->t3_house_ns >= 0 &&
           s->t3_house_ns <= HOUSE_LIMIT_NS && s->t1.ns >= -LOCAL_LIMIT_NS &&
           s->t1.ns <= LOCAL_LIMIT_NS && s->t4.ns >= -LOCAL_LIMIT_NS && s->t4.ns <= LOCAL_LIMIT_NS;
}

// By the map it came before it was sent, there or here. A stamp that is wrong for once must not
// become the edge of the next two minutes; a clock that jumped must.
static bool contradicts(const struct clock_estimate *e, const struct clock_sample *s)
{
    double most = CROSSING_NS + clock_uncertainty_ns(&e->map, s->t4);
    return (double)(clock_house_ns(&e->map, s->t1) - s->t2_house_ns) > most ||
           (double)(s->t3_house_ns - clock_house_ns(&e->map, s->t4)) > most;
}

bool clock_add(struct clock_estimate *e, const struct clock_sample *s)
{
    bool plausible = in_range(s);
    int64_t there = plausible ? s->t3_house_ns - s->t2_house_ns : 0;
    int64_t rtt = plausible ? mono_diff_ns(s->t4, s->t1) - there : 0;
    if (!plausible || there < 0 || rtt < 0 || rtt > RTT_LIMIT_NS) {
        e->refused++;
        return false;
    }
    if (e->valid && contradicts(e, s)) {
        if (++e->suspects < CLOCK_SUSPECTS) {
            e->refused++;
            return false;
        }
        clock_repath(e);
    }
    e->suspects = 0;
    if (e->accepted == 0)
        e->origin_ns = s->t2_house_ns - s->t1.ns;
    bool is_new;
    int64_t number = s->t4.ns / CLOCK_BUCKET_NS;
    roll_prior(e, number);
    struct clock_bucket *k = find_bucket(e, number, &is_new);
    if (!k) {
        e->refused++;
        return false;
    }
    e->accepted++;
    if (put(e, k, is_new, s))
        renew_map(e);
    return true;
}

bool clock_valid(const struct clock_estimate *e)
{
    return e->valid;
}

int64_t clock_house_ns(const struct clock_map *m, mono_t local)
{
    int64_t span = mono_diff_ns(local, m->at);
    return m->house_ns + span + (int64_t)((double)span * m->skew);
}

house_t clock_house(const struct clock_map *m, mono_t local)
{
    int64_t ns = clock_house_ns(m, local);
    return (house_t){ns >= 0 ? ns / 1000 : -((-ns + 999) / 1000)};
}

mono_t clock_local(const struct clock_map *m, house_t house)
{
    double span = (double)(house.us * 1000 - m->house_ns);
    return mono_add_ns(m->at, (int64_t)(span / (1 + m->skew)));
}

double clock_uncertainty_ns(const struct clock_map *m, mono_t local)
{
    double age = fabs(seconds(local, m->at));
    return m->uncertainty_ns + 2e9 * m->skew_sigma * age + CURVE * age * age / 2;
}
