// SPDX-License-Identifier: Apache-2.0
// Tours with a few short cues, in editions, as documents and parsed.
#ifndef TESTS_SIM_SIM_TOUR_H
#define TESTS_SIM_SIM_TOUR_H

#include "common/wire/tour.h"
#include "tests/sim/sim_world.h"

struct sim_edition {
    char id[WIRE_ID_MAX + 1];
    char hash[WIRE_HASH_LEN + 1];
    char *doc;
    size_t len;
    struct tour *tour;
};

// `serial` makes its hash.
void sim_edition_make(struct world *w, const char *id, int serial, struct sim_edition *out);
void sim_edition_free(struct sim_edition *e);

#endif
