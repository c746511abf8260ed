// SPDX-License-Identifier: Apache-2.0
// A sink takes sound at the pace of its own crystal and can say how far it is. Two kinds: an ALSA
// card, and a silent one that keeps time.
// Thread: opened on the talking thread, then used only by the playing thread until it has ended.
#ifndef PLAYER_SINK_SINK_H
#define PLAYER_SINK_SINK_H

#include "common/time/instant.h"

#include <stdbool.h>
#include <stddef.h>

enum sink_result {
    SINK_OK,
    SINK_RESTARTED, // it ran dry and began anew: nothing written before counts, its count is 0
    SINK_GONE,      // the card is no longer there
};

struct sink {
    const struct sink_ops *ops;
    int rate;   // Hz
    int period; // frames to write at once
    int buffer; // frames it holds at most
};

struct sink_ops {
    // Takes `n` frames of interleaved stereo, -1..1, and blocks until there is room for them.
    enum sink_result (*write)(struct sink *s, const float *stereo, int n);
    // The frame of this run (0: the first written) that was leaving at *at. False before it runs.
    bool (*position)(struct sink *s, int64_t *frame, mono_t *at);
    void (*close)(struct sink *s);
};

struct sink_wish {
    int rate;      // 0: 48000, or 44100 when the card has nothing else
    int period_us; // about
    int buffer_us; // about
};

// A silent sink whose crystal is off by `ppm` from this machine's clock.
struct sink *sink_null_open(double ppm, const struct sink_wish *wish);

// NULL with one line in `error`. `*absent` (may be NULL) tells whether there is no such card at
// all, as against one that is there but will not work.
struct sink *sink_alsa_open(const char *device, const struct sink_wish *wish, char *error,
                            size_t error_size, bool *absent);

#endif
