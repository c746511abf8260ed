// SPDX-License-Identifier: Apache-2.0
// Instants have types, so that a house time cannot be handed where a machine's own time belongs.
//
//   house_t   house time: the box's one clock, microseconds. Never falls, survives a restart of
//             the server. On the wire (2^53 us is 285 years: exact in JavaScript).
//   mono_t    this machine's CLOCK_MONOTONIC_RAW, nanoseconds. Means nothing on another machine
//             or after a reboot; neither NTP slews nor steps reach it.
//   Frames    are int64 counts of 48 kHz samples (one of every channel); a track's frame 0 is its
//             first sample, a house frame n is the instant n/48000 s of house time.
//
// Differences are plain int64 with their unit in the name.
#ifndef COMMON_TIME_INSTANT_H
#define COMMON_TIME_INSTANT_H

#include <stdint.h>

typedef struct {
    int64_t us;
} house_t;

typedef struct {
    int64_t ns;
} mono_t;

enum { FRAME_RATE = 48000 };

static inline house_t house_add_us(house_t t, int64_t us)
{
    return (house_t){t.us + us};
}

// Microseconds from `b` to `a`; positive when `a` is later.
static inline int64_t house_diff_us(house_t a, house_t b)
{
    return a.us - b.us;
}

static inline house_t house_max(house_t a, house_t b)
{
    return a.us > b.us ? a : b;
}

static inline mono_t mono_add_ns(mono_t t, int64_t ns)
{
    return (mono_t){t.ns + ns};
}

// Nanoseconds from `b` to `a`; positive when `a` is later.
static inline int64_t mono_diff_ns(mono_t a, mono_t b)
{
    return a.ns - b.ns;
}

// Frames in a span, rounded down (towards minus infinity): 48 frames are 1000 us.
static inline int64_t frames_from_us(int64_t us)
{
    int64_t q = us / 1000, r = us % 1000;
    if (r < 0) {
        r += 1000;
        q -= 1;
    }
    return q * 48 + r * 48 / 1000;
}

// Microseconds at the beginning of a frame, rounded down.
static inline int64_t us_from_frames(int64_t frames)
{
    int64_t q = frames / 48, r = frames % 48;
    if (r < 0) {
        r += 48;
        q -= 1;
    }
    return q * 1000 + r * 1000 / 48;
}

#endif
