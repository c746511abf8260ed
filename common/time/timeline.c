// SPDX-License-Identifier: Apache-2.0
#include "common/time/timeline.h"

int64_t tl_position_us(const struct tl_vec *v, int64_t dur_us, house_t at)
{
    int64_t p = v->p0_us;
    if (v->rate != 0 && at.us > v->t0.us)
        p += at.us - v->t0.us;
    if (p < 0)
        return 0;
    return p > dur_us ? dur_us : p;
}

house_t tl_end(const struct tl_vec *v, int64_t dur_us)
{
    return house_add_us(v->t0, dur_us - v->p0_us);
}

const struct tl_part *tl_part_at(const struct timeline *tl, house_t at)
{
    return tl->has_next && at.us >= tl->next_at.us ? &tl->next : &tl->now;
}

bool tl_sounds(const struct tl_part *part, house_t at)
{
    return part->cue >= 0 && part->vec.rate != 0 && at.us >= part->vec.t0.us &&
           at.us < tl_end(&part->vec, part->dur_us).us;
}

int64_t tl_house_frame(house_t at)
{
    return frames_from_us(at.us);
}

int64_t tl_frame_shift(const struct tl_vec *v)
{
    // Round to nearest: floor((p0 - t0) * 48/1000 + 1/2) = frames of (p0 - t0) + 10.4 us.
    int64_t span_us = v->p0_us - v->t0.us;
    int64_t down = frames_from_us(span_us);
    int64_t rest_us = span_us - us_from_frames(down);
    return rest_us * 96 >= 1000 ? down + 1 : down;
}
