// SPDX-License-Identifier: Apache-2.0
// A model of one sound card's clock: which frame leaves it when.
//
// A card tells how many frames it has played (written minus delay) at an instant. What it tells is
// never ahead of the truth and often behind it: pointers move in steps (a millisecond on many USB
// cards), and a reading may be stale. So the truth runs along the upper edge of the readings
// (common/clock/edge.h), and its slope is the card's true rate:
//
//   frames │            . /
//          │       .  ./ .
//          │   .  ./ .   .
//          │   / .  .
//          └─────────────── local time
//
// How far back is looked follows from how well the pointer shows its edge, as in the clock
// estimator: a fine one tells all in some seconds, a coarse one in half a minute.
//
// Pure: no I/O, no clock, no allocation. Not thread-safe.
#ifndef PLAYER_PLAYOUT_DAC_H
#define PLAYER_PLAYOUT_DAC_H

#include "common/clock/edge.h"
#include "common/time/instant.h"

#include <stdbool.h>

enum {
    // 25 s in buckets of 100 ms, of which only the best reading is kept: a 1 ms pointer read fifty
    // times a second shows its edge to some microseconds in that time.
    DAC_BUCKETS = EDGE_POINTS,
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
    struct dac_point points[DAC_BUCKETS]; // a ring; the newest is the bucket being filled
    int first, count;
    int used;                       // of the newest points, in the last fit
    int64_t bucket;                 // number of the newest bucket
    int far;                        // readings in a row that are off by more than any pointer is
    int witnesses, quiet;           // readings that led the line; others since the last of them
    int64_t readings;               // of this run
    double top, second, least;      // of the first of them, frames above the believed line
    struct edge_slope prior, slope; // frames per second beyond nominal: as believed before this run
                                    // of the card, and now
    double at, x;                   // the line runs through this point
    double margin;                  // frames; expected distance of the line from the edge
    bool valid;
};

void dac_init(struct dac *d, int rate);

// What an earlier run knew of the card's rate: nominal times 1 + `off`, good to `sigma`. Before the
// first reading.
void dac_recall(struct dac *d, double off, double sigma);

// The card was stopped and starts anew at frame 0 of a new count; its rate is still believed.
void dac_restart(struct dac *d);

// `frame` (a count of this run of the card) was leaving at `at`. Returns false when the readings
// jumped so far that the model began anew, or one of the first was out of all proportion.
bool dac_add(struct dac *d, int64_t frame, mono_t at);

bool dac_valid(const struct dac *d);
// Enough was read to place a first sample by: one reading may be a pointer's whole step behind.
bool dac_settled(const struct dac *d);
// The instant a frame leaves.
mono_t dac_instant(const struct dac *d, int64_t frame);
// The frame, with its fraction, that leaves at an instant.
double dac_frame(const struct dac *d, mono_t at);
// The rate is known to a part in a million.
bool dac_known(const struct dac *d);
// How far it is off from nominal: rate = nominal * (1 + off).
double dac_off(const struct dac *d);
// Frames per second of local time.
double dac_rate(const struct dac *d);

#endif
