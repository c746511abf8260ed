// SPDX-License-Identifier: Apache-2.0
// The weather of one direction of a bad network: how long each packet is under way. Three parts,
// from a seed, so that two programs can be sent through the same:
//
//   a walk    0..10 ms, reflected at both ends, a step of 0.5 ms up or down every 10 ms
//   a burst   5..15 ms more for 50..200 ms, some seconds apart (exponential, mean 5 s)
//   a packet  0..5 ms, drawn anew for each
//
// Walk and bursts depend on the seed and the time alone, not on how many packets there are.
// Pure.
#ifndef TESTS_VDAC_WEATHER_H
#define TESTS_VDAC_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

struct weather {
    uint64_t walk_dice, burst_dice, packet_dice;
    int64_t walk_at_ns; // steps are done up to here
    int64_t walk_ns;
    int64_t burst_from_ns, burst_to_ns, burst_ns; // the present or the next burst
};

// `direction` makes another weather of the same seed. Time begins at 0.
void weather_init(struct weather *w, uint64_t seed, int direction);
// How long a packet that leaves now is under way, in ns. `now_ns` never falls.
int64_t weather_delay_ns(struct weather *w, int64_t now_ns);
// Is this packet lost? `share`: 0..1 of all are.
bool weather_lost(struct weather *w, double share);

#endif
