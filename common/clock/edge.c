// SPDX-License-Identifier: Apache-2.0
#include "common/clock/edge.h"

#include <math.h>

// The margin is read off the distance of the nearest points: few enough to be at the edge, many
// enough that it is known to a quarter (1/sqrt 16). They come in clumps, though: while a queue is
// empty every message is lucky. So of three near the edge one is counted; with that the errors in
// simulated weather are as large as the sigmas say.
enum { NEAREST = 16, NEAREST_LEAST = 4 };
static const double CLUMP = 3;
// A bend of a few margins is hardly worse than the margins, and the longer span steadies the slope.
static const double BEND_MARGINS = 4;
// A prior is not left by more than this many sigma.
static const double REACH = 6;
// A prior this many sigma off (its own and the points' together) is wrong: another crystal.
static const double REFUTED = 4;
enum { ROUNDS = 3 };
// Steps of the searches below: (2/3)^STEPS of the prior's width is under a millionth of its sigma.
enum { STEPS = 40 };

void edge_begin(struct edge *e, bool upper)
{
    e->sign = upper ? -1 : 1;
    e->count = 0;
    e->hull_count = 0;
    e->margin = 0;
}

// Below zero when point c lies below the line through a and b (lower hull: b is not part of it).
static double turn(const struct edge *e, int a, int b, int c)
{
    return (e->x[b] - e->x[a]) * (e->y[c] - e->y[a]) - (e->y[b] - e->y[a]) * (e->x[c] - e->x[a]);
}

void edge_add(struct edge *e, double x, double y)
{
    int i = e->count++;
    for (; i > 0 && e->x[i - 1] > x; i--) {
        e->x[i] = e->x[i - 1];
        e->y[i] = e->y[i - 1];
    }
    e->x[i] = x;
    e->y[i] = e->sign * y;
}

// Andrew's monotone chain.
void edge_close(struct edge *e)
{
    int n = 0;
    for (int i = 0; i < e->count; i++) {
        while (n >= 2 && turn(e, e->hull[n - 2], e->hull[n - 1], i) <= 0)
            n--;
        e->hull[n++] = (uint16_t)i;
    }
    e->hull_count = n;
}

// As kept: a lower edge. `slope` is negated like y.
static double touch(const struct edge *e, double slope, double x)
{
    double least = INFINITY;
    for (int i = 0; i < e->hull_count; i++) {
        double y = e->y[e->hull[i]] - slope * (e->x[e->hull[i]] - x);
        least = y < least ? y : least; // fmin() would be a call, and this is most of a fit
    }
    return least;
}

double edge_value(const struct edge *e, double slope, double x)
{
    return e->sign * touch(e, e->sign * slope, x);
}

static double mean_x(const struct edge *e)
{
    double sum = 0;
    for (int i = 0; i < e->count; i++)
        sum += e->x[i];
    return sum / e->count;
}

double edge_spacing(const struct edge *e, double slope, double apart)
{
    double up = e->sign * slope, nearest = INFINITY, at = 0, next = INFINITY;
    for (int i = 0; i < e->hull_count; i++) {
        int p = e->hull[i];
        double y = e->y[p] - up * e->x[p];
        if (y < nearest) {
            nearest = y;
            at = e->x[p];
        }
    }
    for (int i = 0; i < e->count; i++) {
        if (fabs(e->x[i] - at) >= apart)
            next = fmin(next, e->y[i] - up * e->x[i]);
    }
    return next < INFINITY ? fmax(next - nearest, 0) : 0;
}

// One point is expected in this distance from the edge.
static double margin(const struct edge *e, double slope, double grain)
{
    double nearest[NEAREST], base = touch(e, slope, 0);
    int most = e->count / 4, n = 0;
    most = most < NEAREST_LEAST ? NEAREST_LEAST : most < NEAREST ? most : NEAREST;
    for (int i = 0; i < e->count; i++) {
        double distance = e->y[i] - slope * e->x[i] - base;
        if (n == most && distance >= nearest[n - 1])
            continue;
        int at = n < most ? n++ : n - 1;
        for (; at > 0 && nearest[at - 1] > distance; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = distance;
    }
    return n > 0 ? fmax(CLUMP * nearest[n - 1] / n, grain) : grain;
}

struct problem {
    struct edge *const *edges;
    int count;
    double mid[2]; // mean x of each edge
    double margin; // of all; see below
    struct edge_slope prior;
};

static double log_likelihood(const struct problem *p, double slope)
{
    double off = (slope - p->prior.slope) / p->prior.sigma;
    double sum = -off * off / 2;
    for (int i = 0; i < p->count; i++) {
        const struct edge *e = p->edges[i];
        sum += touch(e, e->sign * slope, p->mid[i]) / p->margin;
    }
    return sum;
}

// The likelihood is concave: thirds of the interval close in on its top.
static double likeliest(const struct problem *p)
{
    double lo = p->prior.slope - REACH * p->prior.sigma;
    double hi = p->prior.slope + REACH * p->prior.sigma;
    for (int i = 0; i < STEPS; i++) {
        double a = lo + (hi - lo) / 3, b = hi - (hi - lo) / 3;
        if (log_likelihood(p, a) < log_likelihood(p, b))
            lo = a;
        else
            hi = b;
    }
    return (lo + hi) / 2;
}

// How far from the top, towards `end`, the logarithm has fallen by 1 (sqrt 2 sigma of a Gaussian).
static double fall(const struct problem *p, double top, double end)
{
    double level = log_likelihood(p, top) - 1, inside = top, outside = end;
    for (int i = 0; i < STEPS / 2; i++) {
        double at = (inside + outside) / 2;
        if (log_likelihood(p, at) > level)
            inside = at;
        else
            outside = at;
    }
    return outside;
}

static struct edge_slope solve(const struct problem *p)
{
    double top = likeliest(p);
    double low = fall(p, top, p->prior.slope - 2 * REACH * p->prior.sigma);
    double high = fall(p, top, p->prior.slope + 2 * REACH * p->prior.sigma);
    return (struct edge_slope){(low + high) / 2, (high - low) / (2 * sqrt(2))};
}

static struct edge_slope fit(struct edge *const edges[], int count, struct edge_slope prior,
                             double grain)
{
    struct problem p = {.edges = edges, .count = count, .prior = prior};
    struct edge_slope found = prior;
    for (int i = 0; i < count; i++)
        p.mid[i] = mean_x(edges[i]);
    // Margins want a slope and the slope wants margins: ROUNDS are near enough. Both edges pull at
    // the slope with one strength: when a path becomes longer both move away from the truth, and
    // their pulls must cancel, so that what was believed decides.
    for (int round = 0; round < ROUNDS; round++) {
        p.margin = 0;
        for (int i = 0; i < count; i++) {
            edges[i]->margin = margin(edges[i], edges[i]->sign * found.slope, grain);
            p.margin += edges[i]->margin / count;
        }
        found = solve(&p);
    }
    return found;
}

struct edge_slope edge_fit(struct edge *const edges[], int count, struct edge_slope *prior,
                           double wide, double grain)
{
    struct edge_slope open = fit(edges, count, (struct edge_slope){prior->slope, wide}, grain);
    double off = open.slope - prior->slope;
    double both = open.sigma * open.sigma + prior->sigma * prior->sigma;
    if (off * off > REFUTED * REFUTED * both) {
        *prior = (struct edge_slope){open.slope, wide};
        return open;
    }
    return fit(edges, count, *prior, grain);
}

int edge_window(int used, int available, double span, double margin, double curve)
{
    // Fewer than the margin is read off would not show it.
    if (BEND_MARGINS * margin < curve * span * span / 8 && used > NEAREST)
        used -= used / 8;
    else if (used < available)
        used++;
    return used < available ? used : available;
}
