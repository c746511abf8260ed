// SPDX-License-Identifier: Apache-2.0
// The crystal of a simulated card: how many frames leave it between two instants of true time. Its
// rate is off by a constant and sways around that, as crystals do with the temperature:
//
//   frames(from, to) = rate * integral of (1 + ppm/1e6 + wander_ppm/1e6 * sin(2 pi t / wander_s +
//   phase)) dt
//
// The integral is taken in closed form, so nothing accumulates. It runs from boot whether or not
// the card plays: two runs of a card see the same crystal. tests/vdac/analyse.py has the same sum.
// Pure.
#ifndef TESTS_VDAC_CRYSTAL_H
#define TESTS_VDAC_CRYSTAL_H

#include <stdint.h>

struct crystal {
    double rate;         // nominal, Hz
    double ppm;          // off by
    double wander_ppm;   // amplitude
    double wander_s;     // period, > 0
    double wander_phase; // radians, at boot
};

// Frames, with their fraction, that leave between two instants (true CLOCK_MONOTONIC_RAW, ns).
double crystal_frames(const struct crystal *c, int64_t from_ns, int64_t to_ns);

// The first whole nanosecond by which `frames` have left since `from_ns`.
int64_t crystal_instant(const struct crystal *c, int64_t from_ns, double frames);

#endif
