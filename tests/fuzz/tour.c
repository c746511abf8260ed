// SPDX-License-Identifier: Apache-2.0
// A tour's document, as a kiosk gets it from a box that may be hostile: what it says keeps to the
// limits that players rely on, and can be played through to the end without the box.
#include "tests/fuzz/fuzz.h"

#include "common/wire/tour.h"
#include "player/track/holdover.h"

#include <string.h>

static void look_at(const struct tour_cue *c)
{
    MUST(c->dur_us > 0 && c->variant_count >= 1 && c->variant_count <= TOUR_VARIANTS_MAX);
    MUST(c->gap_us >= 0 && c->gap_us <= TOUR_GAP_MAX_US);
    MUST(c->fade_in_us >= 0 && c->fade_out_us >= 0 && c->fade_in_us + c->fade_out_us <= c->dur_us);
    for (int i = 0; i < c->variant_count; i++) {
        const struct tour_variant *v = &c->variants[i];
        MUST(v->dur_us > 0 && v->dur_us <= c->dur_us && v->bytes >= 0);
        MUST(wire_hash_valid(v->opus) && wire_hash_valid(v->seek));
        MUST(tour_choose(c, v->lang) != NULL);
    }
    MUST(tour_choose(c, "xx-yy") != NULL && tour_choose(c, "") != NULL);
    MUST(!c->picture[0] || tour_picture_valid(c->picture));
}

static void play(const struct tour *t)
{
    struct tl_part first = {0, t->cues[0].dur_us, {0, {0}, 1}};
    struct timeline tl = {.now = first, .has_next = true, .next = first};
    for (int i = 0; i < 2 * TOUR_CUES_MAX && tl.has_next; i++) {
        house_t now = tl.next_at;
        MUST(holdover_advance(&tl, t, now));
        MUST(tl.now.cue >= 0 && tl.now.cue < t->cue_count);
        MUST(!tl.has_next || tl.next_at.us > now.us);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char detail[200];
    struct tour *t = tour_parse((const char *)data, len, detail, sizeof detail);
    if (!t)
        return 0;
    MUST(t->cue_count >= 1 && t->cue_count <= TOUR_CUES_MAX);
    for (int32_t i = 0; i < t->cue_count; i++) {
        look_at(&t->cues[i]);
        MUST(tour_find_cue(t, t->cues[i].id) == i);
        MUST(tour_gap_us(t, i) >= 0);
    }
    play(t);
    tour_free(t);
    return 0;
}
