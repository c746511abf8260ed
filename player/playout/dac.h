// SPDX-License-Identifier: Apache-2.0
// A model of one sound card's clock: which frame leaves it when.
//
// A card tells how many frames it has played (written minus delay) at an instant. What it tells is
// never ahead of the truth and often behind it: pointers move in steps (a millisecond on many USB
// cards), and a reading may be stale. So the truth runs along the upper edge of the readings, as
// the clock estimator's lines run along theirs:
//
//   frames │            . /           line: the upper convex hull's edge over the middle of the
//          │       .  ./ .            window (Moon, Skelly, Towsley 1999, for one direction);
//          │   .  ./ .   .            its slope is the card's true rate
//          │   / .  .
//          └─────────────── local time
//
// Pure: no I/O, no clock, no allocation. Not thread-safe.
#ifndef PLAYER_PLAYOUT_DAC_H
#define PLAYER_PLAYOUT_DAC_H

#include "common/time/instant.h"

#include <stdbool.h>

enum {
    // 30 s in buckets of 100 ms, of which only the best reading is kept: long enough that a 1 ms
    // pointer tells the rate to a ppm (two edge readings 30 s apart), short enough that a card
    // wandering by 0.02 ppm/s stays within 3 us of a straight line.
    DAC_POINTS = 300,
    DAC_BUCKET_NS = 100000000,
};

struct dac_point {
    double t; // seconds since the origin
    double x; // frames above the nominal rate's line through the origin
};

struct dac {
    int rate; // nominal, Hz
    int64_t origin_frame;
    mono_t origin;
    struct dac_point points[DAC_POINTS]; // a ring; the newest is the bucket being filled
    int first, count;
    int64_t bucket; // number of the newest bucket
    int odd;        // readings in a row that the line cannot explain
    double slope;   // frames per second beyond nominal
    double at, x;   // the line runs through this point
    double prior;   // slope believed before this run of readings
    double prior_sigma;
    bool valid;
};

void dac_init(struct dac *d, int rate);

// The card was stopped and starts anew at frame 0 of a new count; its rate is still believed.
void dac_restart(struct dac *d);

// `frame` (a count of this run of the card) was leaving at `at`. Returns false when the readings
// jumped so far that the model began anew.
bool dac_add(struct dac *d, int64_t frame, mono_t at);

bool dac_valid(const struct dac *d);
// The instant a frame leaves.
mono_t dac_instant(const struct dac *d, int64_t frame);
// The frame, with its fraction, that leaves at an instant.
double dac_frame(const struct dac *d, mono_t at);
// Frames per second of local time.
double dac_rate(const struct dac *d);

#endif
