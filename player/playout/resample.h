// SPDX-License-Identifier: Apache-2.0
// Reads sound at any fraction of a frame: band-limited interpolation by windowed sinc (J. O. Smith,
// "Digital Audio Resampling Home Page", CCRMA). Addressed by position instead of fed as a stream:
// the caller says at which house frame an output frame lies, so there is no latency to account for,
// a jump is another position, and a start is exact to the fraction.
// Pure; allocates only in create. Thread: one at a time.
#ifndef PLAYER_PLAYOUT_RESAMPLE_H
#define PLAYER_PLAYOUT_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

// A place in house frames: whole + part, 0 <= part < 1. (A double alone would lose the part.)
struct frame_pos {
    int64_t whole;
    double part;
};

struct frame_pos frame_pos_add(struct frame_pos p, double frames);
// a - b in frames.
double frame_pos_diff(struct frame_pos a, struct frame_pos b);

struct resample;

// For a card of `rate` Hz; below 48 kHz the band is narrowed accordingly.
struct resample *resample_create(int rate);
void resample_destroy(struct resample *r);

// Frames needed before and after a position's whole frame: reading at p touches
// p.whole - before .. p.whole + after.
int resample_before(const struct resample *r);
int resample_after(const struct resample *r);

// n output frames at start, start + step, ...: `left` and `right` hold input frames from
// `first` on, enough for all of them. Writes interleaved stereo and returns the position of the
// frame after the last.
struct frame_pos resample_read(const struct resample *r, const float *left, const float *right,
                               int64_t first, struct frame_pos start, double step, int n,
                               float *stereo);

#endif
