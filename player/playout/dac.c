// SPDX-License-Identifier: Apache-2.0
#include "player/playout/dac.h"

#include <math.h>
#include <stddef.h>

// Before anything is measured: crystals of sound cards lie within some tens of ppm.
static const double PRIOR_SIGMA = 60e-6;
// A stop of the card changes little about its crystal.
static const double RESTART_SIGMA = 1e-6;
// How a rate may change. A crystal in a draught that sways by 2 ppm within 45 s changes by 0.3
// ppm/s; with three times that the line lags it by no more than the margin.
static const double CURVE = 1e-6;
// Time stamps of a reading are not better than this.
static const double GRAIN_S = 1e-6;
// A reading that leads the line by more than this, and by more than some margins, is not believed
// alone: a card may give one wrong answer, and the edge would keep it for long. It wants two
// witnesses, of about a second each.
static const double LEAD_S = 0.00001;
static const double LEAD_MARGINS = 8;
enum { WITNESSES = 2, WITNESS_READINGS = 50 };
// A fifth of a second, at periods of 20 ms.
enum { SETTLED_READINGS = 10 };
// Among the first there is no line yet to lead. One that leads the rest by more than this, and by
// more than twice their spread, would be the edge of the next half minute: they are asked again.
static const double FIRST_LEAD_S = 0.002;
static const double FIRST_SPREADS = 2;
// One that is off by more than this is no pointer's step...
static const double FAR_S = 0.030;
// ...and so many of them in a row, half a second, show that the line is wrong.
enum { FAR_MAX = 25 };

void dac_init(struct dac *d, int rate)
{
    *d = (struct dac){.rate = rate, .prior = {0, PRIOR_SIGMA * rate}};
    d->slope = d->prior;
}

void dac_recall(struct dac *d, double off, double sigma)
{
    d->prior = d->slope = (struct edge_slope){off * d->rate, sigma * d->rate};
}

void dac_restart(struct dac *d)
{
    struct dac fresh;
    dac_init(&fresh, d->rate);
    if (d->valid) {
        fresh.prior.slope = d->slope.slope;
        fresh.prior.sigma = fmax(d->slope.sigma, RESTART_SIGMA * d->rate);
        fresh.slope = fresh.prior;
    }
    *d = fresh;
}

static struct dac_point *point(struct dac *d, int i)
{
    return &d->points[(d->first + i) % DAC_BUCKETS];
}

static void renew_line(struct dac *d)
{
    struct edge edge, *only[] = {&edge};
    double now = point(d, d->count - 1)->t;
    edge_begin(&edge, true);
    d->used = d->used < 1 ? 1 : d->used < d->count ? d->used : d->count;
    for (int i = d->count - d->used; i < d->count; i++)
        edge_add(&edge, point(d, i)->t - now, point(d, i)->x);
    edge_close(&edge);
    d->slope = edge_fit(only, 1, &d->prior, PRIOR_SIGMA * d->rate, GRAIN_S * d->rate);
    d->used = edge_window(d->used, d->count, -edge.x[0], edge.margin, CURVE * d->rate);
    d->at = now;
    d->margin = edge.margin;
    d->x = edge_value(&edge, d->slope.slope, 0);
    d->valid = true;
}

static void push(struct dac *d, struct dac_point p)
{
    if (d->count == DAC_BUCKETS) {
        d->first = (d->first + 1) % DAC_BUCKETS;
        d->count--;
    }
    d->count++;
    *point(d, d->count - 1) = p;
}

// A pointer may not lead the truth: is it the line that lags, or the reading that is wrong?
static bool believed(struct dac *d, double lead)
{
    bool leads = lead > LEAD_S * d->rate && lead > LEAD_MARGINS * d->margin && dac_settled(d);
    if (leads) {
        d->witnesses++;
        d->quiet = 0;
        return d->witnesses > WITNESSES;
    }
    if (d->witnesses > 0 && ++d->quiet >= WITNESS_READINGS) {
        d->witnesses--;
        d->quiet = 0;
    }
    return true;
}

// Whether one of the first readings, of which `x` is the newest (frames above the believed rate's
// line), is wild.
static bool one_is_wild(struct dac *d, double x)
{
    if (x > d->second)
        d->second = fmin(x, d->top);
    d->top = fmax(d->top, x);
    d->least = fmin(d->least, x);
    double lead = d->top - d->second;
    return lead > FIRST_LEAD_S * d->rate && lead > FIRST_SPREADS * (d->second - d->least);
}

bool dac_add(struct dac *d, int64_t frame, mono_t at)
{
    bool same = true;
    d->readings++;
    if (d->valid) {
        double lead = (double)frame - dac_frame(d, at);
        d->far = fabs(lead) > FAR_S * d->rate ? d->far + 1 : 0;
        if (d->far >= FAR_MAX) {
            dac_restart(d);
            same = false;
        } else if (d->far > 0 || !believed(d, lead)) {
            return true;
        }
    }
    if (d->count == 0) {
        d->origin_frame = frame;
        d->origin = at;
        d->top = d->second = -INFINITY;
        d->least = INFINITY;
    }
    int64_t since = mono_diff_ns(at, d->origin);
    double t = (double)since / 1e9;
    struct dac_point p = {t, (double)(frame - d->origin_frame) - t * d->rate};
    if (d->readings <= SETTLED_READINGS && one_is_wild(d, p.x - d->prior.slope * t) &&
        d->readings == SETTLED_READINGS) {
        struct edge_slope believed_before = d->prior;
        dac_init(d, d->rate);
        d->prior = d->slope = believed_before;
        return false;
    }
    int64_t bucket = since / DAC_BUCKET_NS;
    struct dac_point *newest = d->count > 0 ? point(d, d->count - 1) : NULL;
    bool is_new = !newest || bucket > d->bucket;
    if (is_new)
        push(d, p);
    else if (p.x - d->slope.slope * p.t > newest->x - d->slope.slope * newest->t)
        *newest = p;
    // The line is worth its work when a bucket is done, when the truth is seen to lie above it,
    // and while there is little to go by.
    bool above = p.x > d->x + d->slope.slope * (p.t - d->at);
    if (!d->valid || is_new || above || d->count < 10)
        renew_line(d);
    d->bucket = bucket;
    return same;
}

bool dac_valid(const struct dac *d)
{
    return d->valid;
}

bool dac_settled(const struct dac *d)
{
    return d->valid && d->readings >= SETTLED_READINGS;
}

bool dac_known(const struct dac *d)
{
    return dac_settled(d) && d->slope.sigma < RESTART_SIGMA * d->rate;
}

double dac_off(const struct dac *d)
{
    return d->slope.slope / d->rate;
}

double dac_rate(const struct dac *d)
{
    return d->rate + d->slope.slope;
}

double dac_frame(const struct dac *d, mono_t at)
{
    double t = (double)mono_diff_ns(at, d->origin) / 1e9;
    return (double)d->origin_frame + t * d->rate + d->x + d->slope.slope * (t - d->at);
}

mono_t dac_instant(const struct dac *d, int64_t frame)
{
    // frame = origin + t rate + x + slope (t - at), solved for t.
    double t = ((double)(frame - d->origin_frame) - d->x + d->slope.slope * d->at) / dac_rate(d);
    return mono_add_ns(d->origin, (int64_t)(t * 1e9));
}
