// SPDX-License-Identifier: Apache-2.0
// A tour for tests: cues of 10, 20 and 30 s; the second loops when asked to.
#ifndef TESTS_UNIT_SERVER_A_TOUR_H
#define TESTS_UNIT_SERVER_A_TOUR_H

#include "common/wire/tour.h"

#include <string.h>

#define S INT64_C(1000000)

static inline struct tour *a_tour(bool second_loops)
{
    struct tour *t = calloc(1, sizeof *t);
    strcpy(t->id, "weavers");
    strcpy(t->title, "The weavers");
    t->cue_count = 3;
    t->cues = calloc(3, sizeof *t->cues);
    for (int i = 0; i < 3; i++) {
        snprintf(t->cues[i].id, sizeof t->cues[i].id, "cue-%d", i);
        t->cues[i].dur_us = (i + 1) * 10 * S;
        t->cues[i].on_end = i == 1 && second_loops ? CUE_LOOP : CUE_NEXT;
        t->cues[i].variants = calloc(1, sizeof *t->cues[i].variants);
        t->cues[i].variant_count = 1;
    }
    return t;
}

#define A_HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

#endif
