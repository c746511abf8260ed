// SPDX-License-Identifier: Apache-2.0
// How often a kiosk asks the time, and when it knows it well enough to begin.
//
// What is asked for is what is missing: a quiet wire tells all in a few exchanges, a swaying one
// only while its queues happen to be empty. So the less is known the more is asked, and a lucky
// answer is at once followed by another question, while the luck lasts.
//
// Pure. One owner.
#ifndef PLAYER_CLOCK_PACE_H
#define PLAYER_CLOCK_PACE_H

#include "common/clock/exchange.h"

struct pace {
    mono_t began;      // the first sample
    bool begun, lucky; // the newest sample found a queue empty
    double usual_ns;   // excess over the edges: what is usual
};

void pace_init(struct pace *p);
// A sample was taken by the estimator.
void pace_note(struct pace *p, const struct clock_estimate *e, const struct clock_sample *s);

// Nanoseconds from one question to the next, for a path that is to be asked at all.
int64_t pace_interval_ns(const struct pace *p, const struct exchange *x,
                         const struct clock_estimate *e);

// Sound may begin: its first sample will be where it belongs, to a millisecond. True after
// PACE_PATIENCE_NS whatever is known: on a bad network late is worse than a little off.
bool pace_settled(const struct pace *p, const struct clock_estimate *e, mono_t now);
#define PACE_PATIENCE_NS (9 * INT64_C(1000000000))

#endif
