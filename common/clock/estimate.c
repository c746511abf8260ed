// SPDX-License-Identifier: Apache-2.0
#include "common/clock/estimate.h"

#include <math.h>

// Before anything is measured, two crystals differ by some tens of ppm; this is the width of that
// belief. A measured slope replaces it as far as the data carry it.
static const double PRIOR_SKEW_SIGMA = 40e-6;
// No pair of crystals differs by more; a slope beyond it is a misreading.
static const double SKEW_LIMIT = 500e-6;
// Oscillators wander: a slope is never known better than this over a window.
static const double WANDER_SIGMA = 0.05e-6;
static const int64_t RTT_LIMIT_NS = 2 * INT64_C(1000000000);
// Stamps come from the network. Within these (house: 146 years, local: 36) no difference of
// differences below leaves an int64.
static const int64_t HOUSE_LIMIT_NS = INT64_C(1) << 62;
static const int64_t LOCAL_LIMIT_NS = INT64_C(1) << 60;

void clock_init(struct clock_estimate *e)
{
    e->first = 0;
    e->count = 0;
    e->origin_ns = 0;
    e->accepted = 0;
    e->refused = 0;
    e->rtt_min_ns = 0;
    e->rtt_last_ns = 0;
    e->valid = false;
    e->map = (struct clock_map){.at = {0}};
}

static const struct clock_point *point(const struct clock_estimate *e, int i)
{
    return &e->points[(e->first + i) % CLOCK_SAMPLES_MAX];
}

static void push(struct clock_estimate *e, struct clock_point p)
{
    while (e->count > 0 && mono_diff_ns(p.at, point(e, 0)->at) > CLOCK_WINDOW_NS) {
        e->first = (e->first + 1) % CLOCK_SAMPLES_MAX;
        e->count--;
    }
    if (e->count == CLOCK_SAMPLES_MAX) {
        e->first = (e->first + 1) % CLOCK_SAMPLES_MAX;
        e->count--;
    }
    e->points[(e->first + e->count) % CLOCK_SAMPLES_MAX] = p;
    e->count++;
}

struct lines {
    double upper; // lower line under the forward bounds, at the reference instant
    double lower; // upper line over the backward bounds
};

// The two lines of slope `skew` at `ref`. A point that is `age` old says less the less the slope is
// known: it is moved away from the line by `loosen` per second of age.
static struct lines fit(const struct clock_estimate *e, mono_t ref, double skew, double loosen)
{
    struct lines l = {INFINITY, -INFINITY};
    for (int i = 0; i < e->count; i++) {
        const struct clock_point *p = point(e, i);
        double dt = (double)mono_diff_ns(p->at, ref);
        double slack = loosen * fabs(dt);
        l.upper = fmin(l.upper, p->f - skew * dt + slack);
        l.lower = fmax(l.lower, p->b - skew * dt - slack);
    }
    return l;
}

static mono_t middle(const struct clock_estimate *e)
{
    double sum = 0;
    mono_t newest = point(e, e->count - 1)->at;
    for (int i = 0; i < e->count; i++)
        sum += (double)mono_diff_ns(point(e, i)->at, newest);
    return mono_add_ns(newest, (int64_t)(sum / e->count));
}

// The slope with the widest gap at the middle of the window: the gap is concave in the slope, so
// thirds of the interval close in on it.
static double widest_gap(const struct clock_estimate *e, mono_t mid)
{
    double lo = -SKEW_LIMIT, hi = SKEW_LIMIT;
    while (hi - lo > 1e-9) {
        double a = lo + (hi - lo) / 3, b = hi - (hi - lo) / 3;
        struct lines la = fit(e, mid, a, 0), lb = fit(e, mid, b, 0);
        if (la.upper - la.lower < lb.upper - lb.lower)
            lo = a;
        else
            hi = b;
    }
    return (lo + hi) / 2;
}

// How far a slope from this window can be trusted. The lowest of n independent excesses of mean m
// lies m/n above its floor, and a line through two such minima half a window apart errs by
// 8 m / (n span). Queueing is correlated: only every eighth sample counts as independent, and
// however often we ask, a queue that sways (an access point, a busy link) is a new one only after
// some seconds.
static const double QUEUE_MEMORY_NS = 4e9;

static double slope_sigma(const struct clock_estimate *e, mono_t mid, double skew)
{
    struct lines l = fit(e, mid, skew, 0);
    double excess = 0;
    for (int i = 0; i < e->count; i++) {
        const struct clock_point *p = point(e, i);
        double dt = (double)mono_diff_ns(p->at, mid);
        excess += p->f - skew * dt - l.upper + l.lower - (p->b - skew * dt);
    }
    excess /= 2.0 * e->count;
    double span = (double)mono_diff_ns(point(e, e->count - 1)->at, point(e, 0)->at);
    if (span <= 0)
        return 1;
    double independent = fmin(e->count / 8.0, span / QUEUE_MEMORY_NS);
    return 8 * (excess + 1000) / (independent * span);
}

static void renew_map(struct clock_estimate *e)
{
    mono_t newest = point(e, e->count - 1)->at;
    mono_t mid = middle(e);
    double measured = widest_gap(e, mid);
    double sigma = slope_sigma(e, mid, measured);
    double prior2 = PRIOR_SKEW_SIGMA * PRIOR_SKEW_SIGMA, sigma2 = sigma * sigma;
    double weight = prior2 / (prior2 + sigma2);
    double skew = weight * measured;
    double posterior = sqrt(weight) * sigma + WANDER_SIGMA;

    struct lines l = fit(e, newest, skew, posterior);
    e->map.at = newest;
    e->map.skew = skew;
    e->map.skew_sigma = posterior;
    e->map.uncertainty_ns = fabs(l.upper - l.lower) / 2;
    e->map.house_ns = newest.ns + e->origin_ns + (int64_t)((l.upper + l.lower) / 2);
    e->valid = true;
}

static bool in_range(const struct clock_sample *s)
{
    return s->t2_house_ns >= 0 && s->t2_house_ns <= HOUSE_LIMIT_NS && s->t3_house_ns >= 0 &&
           s->t3_house_ns <= HOUSE_LIMIT_NS && s->t1.ns >= -LOCAL_LIMIT_NS &&
           s->t1.ns <= LOCAL_LIMIT_NS && s->t4.ns >= -LOCAL_LIMIT_NS && s->t4.ns <= LOCAL_LIMIT_NS;
}

bool clock_add(struct clock_estimate *e, const struct clock_sample *s)
{
    if (!in_range(s)) {
        e->refused++;
        return false;
    }
    int64_t there = s->t3_house_ns - s->t2_house_ns;
    int64_t rtt = mono_diff_ns(s->t4, s->t1) - there;
    if (there < 0 || mono_diff_ns(s->t4, s->t1) < 0 || rtt < 0 || rtt > RTT_LIMIT_NS) {
        e->refused++;
        return false;
    }
    mono_t mid = mono_add_ns(s->t1, mono_diff_ns(s->t4, s->t1) / 2);
    if (e->count > 0 && mono_diff_ns(mid, point(e, e->count - 1)->at) < 0) {
        e->refused++; // late and out of order: it would only say what is known
        return false;
    }
    if (e->accepted == 0)
        e->origin_ns = s->t2_house_ns - s->t1.ns;
    push(e, (struct clock_point){
                .at = mid,
                .f = (double)(s->t2_house_ns - s->t1.ns - e->origin_ns),
                .b = (double)(s->t3_house_ns - s->t4.ns - e->origin_ns),
            });
    e->accepted++;
    e->rtt_last_ns = rtt;
    double least = INFINITY;
    for (int i = 0; i < e->count; i++)
        least = fmin(least, point(e, i)->f - point(e, i)->b);
    e->rtt_min_ns = (int64_t)least;
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
    return m->uncertainty_ns + m->skew_sigma * fabs((double)mono_diff_ns(local, m->at));
}
