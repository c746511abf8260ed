// SPDX-License-Identifier: Apache-2.0
#include "player/playout/dac.h"

#include <math.h>
#include <stddef.h>

// Before anything is measured: crystals of sound cards lie within some tens of ppm.
static const double PRIOR_PPM = 60;
// A reading further than this from the line cannot be explained by pointer steps...
static const double ODD_SECONDS = 0.005;
// ...and after so many in a row (half a second) it is the line that is wrong.
enum { ODD_MAX = 50 };
// Time stamps of a reading are not better than this.
static const double STAMP_SECONDS = 2e-6;

void dac_init(struct dac *d, int rate)
{
    *d = (struct dac){.rate = rate, .prior_sigma = PRIOR_PPM * 1e-6 * rate};
}

void dac_restart(struct dac *d)
{
    struct dac fresh;
    dac_init(&fresh, d->rate);
    if (d->valid) {
        fresh.prior = d->slope;
        // Learnt over seconds; a stop of the card changes nothing about its crystal.
        fresh.prior_sigma = d->count > 50 ? 1e-6 * d->rate : d->prior_sigma;
    }
    *d = fresh;
}

static struct dac_point *point(struct dac *d, int i)
{
    return &d->points[(d->first + i) % DAC_POINTS];
}

// Above zero when c lies above the line from a to b.
static double above(const struct dac_point *a, const struct dac_point *b, const struct dac_point *c)
{
    return (b->t - a->t) * (c->x - a->x) - (b->x - a->x) * (c->t - a->t);
}

// Slope of the upper hull's edge over the mean instant: of all lines above the readings the one
// with the least mean distance to them (Andrew's monotone chain, one pass).
static double hull_slope(struct dac *d)
{
    int hull[DAC_POINTS], n = 0;
    double mean = 0;
    for (int i = 0; i < d->count; i++) {
        while (n >= 2 && above(point(d, hull[n - 2]), point(d, hull[n - 1]), point(d, i)) >= 0)
            n--;
        hull[n++] = i;
        mean += point(d, i)->t / d->count;
    }
    for (int i = 1; i < n; i++) {
        const struct dac_point *a = point(d, hull[i - 1]), *b = point(d, hull[i]);
        if (b->t >= mean && b->t > a->t)
            return (b->x - a->x) / (b->t - a->t);
    }
    return d->prior;
}

// How far the readings lie below the line, on average.
static double mean_excess(struct dac *d, double slope)
{
    double top = -INFINITY, mean = 0;
    for (int i = 0; i < d->count; i++) {
        double x = point(d, i)->x - slope * point(d, i)->t;
        top = fmax(top, x);
        mean += x / d->count;
    }
    return top - mean;
}

// The believed slope: prior and measurement, each as sure as it is. The best of n independent
// readings lies a mean excess/n below the edge; pointer steps beat against our period, so only
// every eighth counts as independent; a line through two such bests half a window apart then errs
// by about 64 excess / (n span), as in the clock estimator.
static void renew_line(struct dac *d)
{
    const struct dac_point *newest = point(d, d->count - 1);
    double span = newest->t - point(d, 0)->t;
    double sigma = d->prior_sigma;
    d->slope = d->prior;
    if (span > 0) {
        double measured = hull_slope(d);
        double excess = mean_excess(d, measured) + STAMP_SECONDS * d->rate;
        double s = 64 * excess / (d->count * span);
        double weight = sigma * sigma / (sigma * sigma + s * s);
        d->slope += weight * (measured - d->prior);
        sigma = sqrt(weight) * s;
    }
    // Through the reading that is highest above a line of this slope; an old one may lie high only
    // because the slope is not known better, so it is lowered by that.
    d->at = newest->t;
    d->x = -INFINITY;
    for (int i = 0; i < d->count; i++) {
        double age = newest->t - point(d, i)->t;
        d->x = fmax(d->x, point(d, i)->x + (d->slope - sigma) * age);
    }
    d->valid = true;
}

static void push(struct dac *d, struct dac_point p)
{
    if (d->count == DAC_POINTS) {
        d->first = (d->first + 1) % DAC_POINTS;
        d->count--;
    }
    d->count++;
    *point(d, d->count - 1) = p;
}

bool dac_add(struct dac *d, int64_t frame, mono_t at)
{
    bool same = true;
    if (d->valid) {
        double off = ((double)frame - dac_frame(d, at)) / d->rate;
        d->odd = fabs(off) > ODD_SECONDS ? d->odd + 1 : 0;
        if (d->odd > 0 && d->odd < ODD_MAX)
            return true;
        if (d->odd >= ODD_MAX) {
            dac_restart(d);
            same = false;
        }
    }
    if (d->count == 0) {
        d->origin_frame = frame;
        d->origin = at;
    }
    int64_t since = mono_diff_ns(at, d->origin);
    double t = (double)since / 1e9;
    struct dac_point p = {t, (double)(frame - d->origin_frame) - t * d->rate};
    int64_t bucket = since / DAC_BUCKET_NS;
    struct dac_point *newest = d->count > 0 ? point(d, d->count - 1) : NULL;
    if (!newest || bucket > d->bucket)
        push(d, p);
    else if (p.x - d->slope * p.t > newest->x - d->slope * newest->t)
        *newest = p;
    // The line is worth its work when a bucket is done, when the truth is seen to lie above it,
    // and while there is little to go by.
    bool above_line = p.x > d->x + d->slope * (p.t - d->at);
    if (!d->valid || bucket > d->bucket || above_line || d->count < 10)
        renew_line(d);
    d->bucket = bucket;
    return same;
}

bool dac_valid(const struct dac *d)
{
    return d->valid;
}

double dac_rate(const struct dac *d)
{
    return d->rate + d->slope;
}

double dac_frame(const struct dac *d, mono_t at)
{
    double t = (double)mono_diff_ns(at, d->origin) / 1e9;
    return (double)d->origin_frame + t * d->rate + d->x + d->slope * (t - d->at);
}

mono_t dac_instant(const struct dac *d, int64_t frame)
{
    // frame = origin + t rate + x + slope (t - at), solved for t.
    double t = ((double)(frame - d->origin_frame) - d->x + d->slope * d->at) / dac_rate(d);
    return mono_add_ns(d->origin, (int64_t)(t * 1e9));
}
