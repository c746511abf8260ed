// SPDX-License-Identifier: Apache-2.0
// Clock estimator: house time seen from this machine's clock, with an honest uncertainty.
//
// Every exchange gives four stamps as in NTP (RFC 5905): t1 sent and t4 received here (local
// clock), t2 received and t3 sent there (house clock). theta = house - local is never seen itself;
// each direction only bounds it, because queueing can add to a delay but never take away:
//
//   house - local
//      │  f f   f      f   f = t2 - t1 = theta + floor + queue     (above theta)
//      │___f______f________  lower line under f
//      │. . . . . . . . . .  theta: half way between the lines
//      │‾‾‾‾b‾‾‾‾‾‾‾‾b‾‾‾‾‾  upper line over b
//      │ b    b   b      b   b = t3 - t4 = theta - floor - queue   (below theta)
//      └──────────────────── local time
//
// Both lines have one slope: the skew. Of all slopes that keep f above and b below, the one with
// the widest gap at the middle of the window fits best: Moon, Skelly and Towsley ("Estimation and
// removal of clock skew from network delay measurements", INFOCOM 1999) pose it as this linear
// programme for one direction; we solve both at once. The minimum round trip, as most peers use,
// needs both directions lucky in the same exchange; the lines need each lucky once.
//
// Pure: no I/O, no clock, no allocation; also compiled to WebAssembly. Not thread-safe.
#ifndef COMMON_CLOCK_ESTIMATE_H
#define COMMON_CLOCK_ESTIMATE_H

#include "common/time/instant.h"

#include <stdbool.h>

// The window: long enough that 60 s of crystal wander (tenths of a ppm) stays below the rate error
// of the fit, short enough to follow a warming box. 1,024 samples are 60 s at 16 exchanges/s.
#define CLOCK_WINDOW_NS (60 * INT64_C(1000000000))
enum { CLOCK_SAMPLES_MAX = 1024 };

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
    double uncertainty_ns; // bound of the error at `at`: half the gap between the lines
    double skew_sigma;     // one sigma of `skew`; the uncertainty grows by this with age
};

struct clock_point {
    mono_t at;   // middle of the exchange, local
    double f, b; // forward and backward bound of theta, ns, relative to `origin_ns`
};

struct clock_estimate {
    struct clock_point points[CLOCK_SAMPLES_MAX]; // a ring, oldest first from `first`
    int first, count;
    int64_t origin_ns; // theta of the first sample, so that doubles stay small
    uint32_t accepted, refused;
    int64_t rtt_min_ns, rtt_last_ns; // least of the window; of the newest sample
    bool valid;
    struct clock_map map;
};

void clock_init(struct clock_estimate *e);

// Takes one exchange and renews the map. False, and nothing changed, for stamps that cannot be
// (answered before asked, a round trip over 2 s): input from the network.
bool clock_add(struct clock_estimate *e, const struct clock_sample *s);

// True as soon as one exchange was taken.
bool clock_valid(const struct clock_estimate *e);

int64_t clock_house_ns(const struct clock_map *m, mono_t local);
house_t clock_house(const struct clock_map *m, mono_t local);
mono_t clock_local(const struct clock_map *m, house_t house);
// Bound of the error at `local`, growing with the age of the map (holdover).
double clock_uncertainty_ns(const struct clock_map *m, mono_t local);

#endif
