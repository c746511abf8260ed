// SPDX-License-Identifier: Apache-2.0
// The timeline: what sounds at a house time. Nothing is streamed and nothing ticks; a room says
// once "cue c was at position p0 at house time t0, running", and everybody computes the rest.
// (The idea is the W3C Timing Object's vector, with the rate limited to 0 and 1.)
//
//      position
//   dur ┤ . . . . . . . . . ________   clamped at the end
//       │                 /
//       │               /   slope 1 (running)
//    p0 ┤_____________/
//       └────────────┴───────────── house time
//                   t0
//
// Pure: no I/O, no clock, no allocation. Linked into server and player, and compiled to
// WebAssembly for the visitor page, so that all three do the same arithmetic.
#ifndef COMMON_TIME_TIMELINE_H
#define COMMON_TIME_TIMELINE_H

#include "common/time/instant.h"

#include <stdbool.h>

// The vector. Positions are microseconds from the track's start.
struct tl_vec {
    int64_t p0_us; // position at t0, >= 0
    house_t t0;
    int32_t rate; // 0 held, 1 running
};

// What a room publishes: the vector in force, and at most one change that is already decided.
// -1 as a cue means silence.
struct tl_part {
    int32_t cue;
    int64_t dur_us; // length of the cue's track; 0 with cue -1
    struct tl_vec vec;
};

struct timeline {
    struct tl_part now;
    bool has_next;
    house_t next_at; // `next` replaces `now` from this instant on
    struct tl_part next;
};

// Position at `at`, clamped to 0..dur_us. Before t0 a running vector stands at p0.
int64_t tl_position_us(const struct tl_vec *v, int64_t dur_us, house_t at);

// The instant a running vector reaches the end; only meaningful with rate 1.
house_t tl_end(const struct tl_vec *v, int64_t dur_us);

// The part in force at `at`.
const struct tl_part *tl_part_at(const struct timeline *tl, house_t at);

// True when `part` makes sound at `at`: running, begun, and not yet at its end.
bool tl_sounds(const struct tl_part *part, house_t at);

// The house frame that begins at or before `at`, and the instant a house frame begins.
int64_t tl_house_frame(house_t at);

// What to add to a house frame to get the frame of the track, for a running vector. One integer
// for the whole run of a vector, the same on every player: so players agree to the sample, and a
// vector whose p0 - t0 is no whole frame is off by less than half a frame everywhere alike.
int64_t tl_frame_shift(const struct tl_vec *v);

#endif
