// SPDX-License-Identifier: Apache-2.0
#include "player/playout/render.h"

#include "common/base/check.h"

#include <string.h>

struct render {
    struct program *program;
    struct render_source source;
    struct plan plan;
    int64_t next; // number of the next block to render
    float stereo[2 * PROGRAM_BLOCK];
};

struct render *render_create(struct program *program, struct render_source source)
{
    struct render *r = check_alloc(calloc(1, sizeof *r));
    r->program = program;
    r->source = source;
    return r;
}

void render_destroy(struct render *r)
{
    free(r);
}

void render_plan(struct render *r, const struct plan *plan, int64_t from)
{
    struct plan spliced;
    plan_splice(&spliced, &r->plan, plan, from);
    int64_t changed = plan_difference(&r->plan, &spliced, from);
    r->plan = spliced;
    if (changed != INT64_MAX && program_block_of(changed) < r->next)
        r->next = program_block_of(changed);
}

static void render_segment(struct render *r, const struct plan_segment *s, int64_t from, int64_t to,
                           struct program_block *b)
{
    int64_t base = b->number * PROGRAM_BLOCK;
    r->source.read(r->source.user, s->track, from + s->shift, (int)(to - from), r->stereo);
    for (int64_t f = from; f < to; f++) {
        float gain = plan_gain(s, f);
        b->pcm[0][f - base] = gain * r->stereo[2 * (f - from)];
        b->pcm[1][f - base] = gain * r->stereo[2 * (f - from) + 1];
    }
    b->sounding = true;
}

static void render_block(struct render *r, struct program_block *b)
{
    int64_t begin = b->number * PROGRAM_BLOCK, end = begin + PROGRAM_BLOCK;
    memset(b->pcm, 0, sizeof b->pcm);
    b->sounding = false;
    for (int i = 0; i < r->plan.count; i++) {
        const struct plan_segment *s = &r->plan.segments[i];
        int64_t from = s->from > begin ? s->from : begin, to = s->to < end ? s->to : end;
        if (from < to)
            render_segment(r, s, from, to, b);
    }
}

bool render_step(struct render *r, int64_t from, int64_t to)
{
    int64_t first = program_block_of(from), last = program_block_of(to - 1);
    // Behind the window: late, or just begun. Beyond it: house time was set back.
    if (r->next < first || r->next > last + 1)
        r->next = first;
    if (r->next > last)
        return false;
    struct program_block *b = program_take(r->program);
    if (!b)
        return false;
    b->number = r->next;
    render_block(r, b);
    program_put(r->program, b);
    r->next++;
    return true;
}

int64_t render_end(const struct render *r)
{
    return r->next * PROGRAM_BLOCK;
}

const struct plan *render_current(const struct render *r)
{
    return &r->plan;
}
