// SPDX-License-Identifier: Apache-2.0
#include "player/track/holdover.h"

static int32_t following(const struct tour *tour, int32_t cue)
{
    switch (tour->cues[cue].on_end) {
    case CUE_NEXT:
        return cue + 1 < tour->cue_count ? cue + 1 : -1;
    case CUE_LOOP:
        return cue;
    case CUE_STOP:
    case CUE_WAIT:
        return -1;
    }
    return -1;
}

bool holdover_advance(struct timeline *tl, const struct tour *tour, house_t now)
{
    if (!tl->has_next || now.us < tl->next_at.us)
        return false;
    tl->now = tl->next;
    tl->has_next = false;
    int32_t cue = tl->now.cue;
    bool goes_on = tour && tour->alone == ALONE_CONTINUE;
    if (tl->now.vec.rate == 0 || !goes_on || cue < 0 || cue >= tour->cue_count)
        return true;
    int32_t next = following(tour, cue);
    if (next < 0)
        return true;
    tl->has_next = true;
    tl->next_at = house_add_us(tl_end(&tl->now.vec, tl->now.dur_us), tour_gap_us(tour, cue));
    tl->next = (struct tl_part){next, tour->cues[next].dur_us, {0, tl->next_at, 1}};
    return true;
}
