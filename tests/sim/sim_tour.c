// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_tour.h"

#include "common/base/bytes.h"
#include "common/base/check.h"

#include <string.h>

#define A_FILE "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// Mostly short, so that much happens; at times of the same length, so that instants meet.
static int64_t draw_length(struct world *w)
{
    if (world_chance(w, 300))
        return world_between(w, 1, 6) * 5 * SEC;
    return world_chance(w, 500) ? world_between(w, 2 * SEC, 12 * SEC)
                                : world_between(w, 10 * SEC, 120 * SEC);
}

static int64_t draw_gap(struct world *w)
{
    if (!world_chance(w, 300))
        return 0;
    return world_chance(w, 500) ? world_between(w, 1, 3) * 5 * SEC : world_between(w, 1, 8 * SEC);
}

void sim_edition_make(struct world *w, const char *id, int serial, struct sim_edition *out)
{
    static const char *const ends[] = {"next", "next", "next", "loop", "stop", "wait"};
    int cues = (int)world_between(w, 1, 5);
    struct bytes b;
    bytes_init(&b, TOUR_BYTES_MAX);
    bytes_printf(&b,
                 "{\"format\":\"roomtone.tour.v1\",\"id\":\"%s\",\"title\":{\"en\":\"T\"},"
                 "\"cues\":[",
                 id);
    for (int i = 0; i < cues; i++) {
        int64_t dur_us = draw_length(w);
        bytes_printf(&b,
                     "%s{\"id\":\"c%d\",\"on_end\":\"%s\",\"track\":{\"id\":\"k%d\",\"title\":{"
                     "\"en\":\"C\"},\"dur_us\":%lld,\"variants\":[{\"lang\":\"en\",\"dur_us\":%lld,"
                     "\"opus\":\"" A_FILE "\",\"bytes\":9,\"seek\":\"" A_FILE
                     "\"}]},\"gap_us\":%lld}",
                     i ? "," : "", i, ends[world_below(w, 6)], i, (long long)dur_us,
                     (long long)dur_us, (long long)draw_gap(w));
    }
    bytes_printf(&b, "]}");
    memset(out, 0, sizeof *out);
    snprintf(out->id, sizeof out->id, "%s", id);
    snprintf(out->hash, sizeof out->hash, "%064x", serial + 1);
    out->doc = b.data;
    out->len = b.len;
    char why[120];
    out->tour = tour_parse(out->doc, out->len, why, sizeof why);
    CHECK(out->tour);
}

void sim_edition_free(struct sim_edition *e)
{
    free(e->doc);
    tour_free(e->tour);
}
