// SPDX-License-Identifier: Apache-2.0
// The line along the edge of one-sided noise.
//
// A message can be late, never early; a sound card's pointer can lag, never lead. So what is
// measured lies on one side of a straight line (the truth), and only the points near the edge say
// where it is:
//
//   lower edge       .  .     .          upper edge   ____________ truth
//                  .   .   .    .                     .  '  .   '
//                 __.____.______.__ truth               .    .     .
//
// Points near the edge come like rain: so many per unit of distance, anywhere along the line. The
// likelihood of a line is then exp(its height at the mean x / margin) as long as no point lies on
// its wrong side, where `margin` is the distance in which one point is expected. For one edge and
// a given margin the likeliest line is that of Moon, Skelly and Towsley ("Estimation and removal of
// clock skew from network delay measurements", INFOCOM 1999); taken as a likelihood it also says
// how sure the slope is, takes a prior, and joins several edges that share a slope.
//
// Pure: no I/O, no allocation; also compiled to WebAssembly. Not thread-safe.
#ifndef COMMON_CLOCK_EDGE_H
#define COMMON_CLOCK_EDGE_H

#include <stdbool.h>
#include <stdint.h>

enum { EDGE_POINTS = 256 };

struct edge {
    double sign; // 1: lower edge; -1: upper edge, whose y and slopes are kept negated
    int count, hull_count;
    double x[EDGE_POINTS], y[EDGE_POINTS];
    uint16_t hull[EDGE_POINTS]; // indices of the lower convex hull
    double margin;              // set by edge_fit: expected distance from the edge to the truth
};

// A slope and how sure it is (one sigma); y per x.
struct edge_slope {
    double slope, sigma;
};

void edge_begin(struct edge *e, bool upper);
// In any order of x, best nearly rising. At most EDGE_POINTS.
void edge_add(struct edge *e, double x, double y);
// All are added, at least one.
void edge_close(struct edge *e);

// The slope that 1 or 2 edges have in common, given what was believed before. Points that cannot
// be reconciled with the prior refute it: then it is widened to `wide` around what they say, and
// used so. `grain`: no margin is believed to be smaller (y).
struct edge_slope edge_fit(struct edge *const edges[], int count, struct edge_slope *prior,
                           double wide, double grain);

// No clock is quite a straight line: temperature bends it. How many of the newest points to look at
// next time, after a fit to `used` of them: over a span T a bend of `curve` (y per x^2) puts the
// end of a fitted line off by about curve T^2 / 8, and that should be no more than a few margins.
// So on a quiet wire the last seconds speak, on a bad one all there is.
int edge_window(int used, int available, double span, double margin, double curve);

// Where the line of this slope that touches the edge is at x. The truth is expected `margin`
// beyond.
double edge_value(const struct edge *e, double slope, double x);

// How much further than the nearest point the nearest one is that lies at least `apart` (x) from
// it: what two chances that have nothing to do with each other differ by. 0 when there is no such
// point.
double edge_spacing(const struct edge *e, double slope, double apart);

#endif
