// SPDX-License-Identifier: Apache-2.0
// Clock estimator: house time seen from this machine's clock, with an honest uncertainty.
//
// Every exchange gives four stamps as in NTP (RFC 5905): t1 sent and t4 received here (local
// clock), t2 received and t3 sent there (house clock). theta = house - local is never seen itself;
// each direction only bounds it, because queueing can add to a delay but never take away:
//
//   house - local
//      │  f f   f      f   f = t2 - t1 = theta + floor + queue     (above theta)
//      │___f______f________  lower edge of f
//      │. . . . . . . . . .  theta: half way between the edges
//      │‾‾‾‾b‾‾‾‾‾‾‾‾b‾‾‾‾‾  upper edge of b
//      │ b    b   b      b   b = t3 - t4 = theta - floor - queue   (below theta)
//      └──────────────────── local time
//
// Both edges have one slope, the skew (edge.h fits them). The minimum round trip, as most peers
// use, needs both directions lucky in the same exchange; the edges need each lucky once, and on a
// network that sways that is what counts.
//
// Time is cut into buckets, and of each the best point of either direction is kept. How many of
// them are looked at follows from how well they show their edge (edge_window): on a quiet wire the
// last half minute, on a bad one all. What was learnt about the skew in times that have passed is
// the prior of the next.
//
// Pure: no I/O, no clock, no allocation; also compiled to WebAssembly. Not thread-safe.
#ifndef COMMON_CLOCK_ESTIMATE_H
#define COMMON_CLOCK_ESTIMATE_H

#include "common/clock/edge.h"
#include "common/time/instant.h"

// 256 buckets of half a second: the queue of a busy access point sways within seconds, so over two
// minutes each direction meets its floor some tens of times.
enum { CLOCK_BUCKETS = EDGE_POINTS, CLOCK_BUCKET_NS = 500000000 };

struct clock_sample {
    mono_t t1; // asked, local
    int64_t t2_house_ns;
    int64_t t3_house_ns;
    mono_t t4; // answered, local
};

// A straight line from local to house time, good around `at`.
//   house_ns(t) = house_ns + (t - at) * (1 + skew)
// skew is house seconds per local second, minus one: positive when the local clock runs slow.
struct clock_map {
    mono_t at;
    int64_t house_ns;
    double skew;
    double sigma_ns;       // one sigma of house_ns, should both ways have the same floor
    double uncertainty_ns; // bound of the error at `at`, whatever the floors
    double skew_sigma;     // one sigma of `skew`
};

struct clock_bucket {
    int64_t number; // of the half second of local time
    mono_t ft, bt;  // when its best question was sent, its best answer received
    double f, b;    // bounds of theta, ns, relative to `origin_ns`
};

struct clock_estimate {
    struct clock_bucket buckets[CLOCK_BUCKETS]; // a ring, oldest first from `first`
    int first, count;
    int used;          // of the newest buckets, in the last fit
    int64_t origin_ns; // theta of the first sample, so that doubles stay small
    struct edge_slope prior, staged, latest; // of the skew, 1e-9; see roll_prior
    int64_t period;                          // number of the window in which the prior was set
    int suspects;                            // samples in a row that cannot belong to the map
    uint32_t accepted, refused;
    int64_t rtt_min_ns; // least of the window
    bool valid;
    struct clock_map map;
};

void clock_init(struct clock_estimate *e);

// What an earlier run knew of the skew, good to `sigma` (both as in clock_map). Before the first
// sample.
void clock_recall(struct clock_estimate *e, double skew, double sigma);

// Takes one exchange and renews the map. False, and the map unchanged, for stamps that cannot be
// (answered before asked, a round trip over 2 s: input from the network), that are older than the
// window, or that contradict the map: those count once there are CLOCK_SUSPECTS of them in a row,
// and then all that was measured before is forgotten.
bool clock_add(struct clock_estimate *e, const struct clock_sample *s);
enum { CLOCK_SUSPECTS = 4 };

// The way to the house is another one: its floors are to be learnt anew. The rate stays known, and
// the map in force until the next sample.
void clock_repath(struct clock_estimate *e);

// True as soon as one exchange was taken.
bool clock_valid(const struct clock_estimate *e);

int64_t clock_house_ns(const struct clock_map *m, mono_t local);
house_t clock_house(const struct clock_map *m, mono_t local);
mono_t clock_local(const struct clock_map *m, house_t house);
// Bound of the error at `local`, growing with the age of the map (holdover).
double clock_uncertainty_ns(const struct clock_map *m, mono_t local);

#endif
