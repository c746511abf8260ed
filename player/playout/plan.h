// SPDX-License-Identifier: Apache-2.0
// The plan: which frames of which track sound at which house frames, with the fades between them.
// It is the timeline made of whole frames, and it remembers what was promised before, so that a
// change never clicks.
//
//   gain 1 ┤   _______      ______________
//          │  /       \    /              |     |  a track's own beginning or end: no fade
//        0 ┤_/         \__/               |__   \  cut, paused, left: 5 ms down
//          └────────────────────────────────    /  entered in the middle: 5 ms up
//
// A cue may have fades of its own at its track's ends; they are a matter of the track's frame
// alone, wherever playing begins, so every player has the same gain at the same sample.
//
// Pure. Frames are house frames at 48 kHz.
#ifndef PLAYER_PLAYOUT_PLAN_H
#define PLAYER_PLAYOUT_PLAN_H

#include "common/time/timeline.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PLAN_FADE = 240,    // 5 ms: no click on speech or piano, and no swell to be heard
    PLAN_SEGMENTS = 4,  // two of the timeline, and the tail of what it replaced
    PLAN_NO_TRACK = -1, // silence
};

// A cue's own fades, in frames of its track, whose `length` is that of the cue: 0 for none.
struct plan_fades {
    int64_t in, out, length;
};

struct plan_segment {
    int64_t from, to; // house frames; `to` is the first that does not sound
    int64_t shift;    // track frame = house frame + shift
    int track;
    bool fade_in, fade_out;
    struct plan_fades fades;
};

struct plan {
    int count; // in order of time, not overlapping
    struct plan_segment segments[PLAN_SEGMENTS];
};

// The track that a cue plays, or PLAN_NO_TRACK when it has none or it is not here yet. `fades`
// comes as none.
typedef int (*plan_resolve)(void *user, int32_t cue, struct plan_fades *fades);

void plan_build(struct plan *out, const struct timeline *tl, plan_resolve resolve, void *user);

// `next` as it can still be had from house frame `from` on, when `before` was in force until then:
// where they do not agree at `from`, the old sound ends in a fade and the new begins with one.
void plan_splice(struct plan *out, const struct plan *before, const struct plan *next,
                 int64_t from);

// The first frame, from `from` on, that sounds differently under `a` and `b`; INT64_MAX for none.
int64_t plan_difference(const struct plan *a, const struct plan *b, int64_t from);

// The segment that sounds at a frame, or NULL.
const struct plan_segment *plan_at(const struct plan *p, int64_t frame);

// Gain of a frame of the segment, 0..1.
float plan_gain(const struct plan_segment *s, int64_t frame);

#endif
