// SPDX-License-Identifier: Apache-2.0
// How often a kiosk asks the time, and when it knows it well enough to begin.
//
// What is asked for is what is missing: a quiet wire tells all in a few exchanges, a swaying one
// only while a queue happens to be empty. A queue moves slowly beside the messages in it, so the
// shortest of the last moments says how full it is now:
//
//   excess │ '      '         '  of each answer, over the edge of its direction
//          │   '  '    '   '       '
//          │  ___/'___/'  '    '  ___/'   level: the least lately, forgotten by and by
//          │_/      level low:     '
//          └── ask very often ─────┴──── ask seldom ── time
//
// Most questions are then asked when they can tell something, and few when they would only add to
// the queue.
//
// Pure. One owner.
#ifndef PLAYER_CLOCK_PACE_H
#define PLAYER_CLOCK_PACE_H

#include "common/clock/exchange.h"

// A direction of the path; excess over its edge, ns.
struct pace_way {
    double level, mean; // least of the last moments, and what is usual
};

struct pace {
    mono_t began, noted; // the first sample, the newest
    bool begun;
    struct pace_way there, back;
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
