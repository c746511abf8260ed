// SPDX-License-Identifier: Apache-2.0
// The rates of this machine's crystals as learnt in earlier runs: its clock against the box's, the
// card against its clock. With them a player is in step from its first sample on; without, the
// first seconds go by on crystals that may be 60 ppm off. Thread: the talking thread.
#ifndef PLAYER_RATES_H
#define PLAYER_RATES_H

#include <stdbool.h>

// What another evening's temperature does to a crystal, one sigma.
#define RATES_SIGMA 2e-6

struct rates {
    bool has_skew, has_card;
    double skew; // house seconds per second of this machine's clock, minus one
    double card; // the card's rate: nominal * (1 + card), by this machine's clock
};

// Of a kept file (player/keep/keep.h) what belongs to this house and this card: names that the
// settings give them. Nothing when there is none, or (with a warning) none that can be read.
struct rates rates_read(const char *path, const char *house, const char *card);
// Keeps them; what is not known is left out. A disk that fails is a warning.
void rates_write(const char *path, const char *house, const char *card, const struct rates *r);

#endif
