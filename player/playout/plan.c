// SPDX-License-Identifier: Apache-2.0
#include "player/playout/plan.h"

#include "common/base/check.h"

// The first frame that begins at or after an instant.
static int64_t frame_from(int64_t us)
{
    return -frames_from_us(-us);
}

static bool same_fades(const struct plan_fades *a, const struct plan_fades *b)
{
    return a->in == b->in && a->out == b->out && a->length == b->length;
}

static bool same_sound(const struct plan_segment *a, const struct plan_segment *b)
{
    return a->track == b->track && a->shift == b->shift && same_fades(&a->fades, &b->fades);
}

static void append(struct plan *p, const struct plan_segment *s)
{
    if (s->from >= s->to)
        return;
    CHECK(p->count < PLAN_SEGMENTS);
    p->segments[p->count++] = *s;
}

// What `part` makes sound while it is in force, from..to.
static void append_part(struct plan *p, const struct tl_part *part, int64_t from, int64_t to,
                        plan_resolve resolve, void *user)
{
    if (part->cue < 0 || part->vec.rate == 0)
        return;
    struct plan_segment s = {.from = frame_from(part->vec.t0.us),
                             .to = frame_from(tl_end(&part->vec, part->dur_us).us),
                             .shift = tl_frame_shift(&part->vec)};
    s.track = resolve(user, part->cue, &s.fades);
    if (s.track == PLAN_NO_TRACK)
        return;
    if (s.from < from)
        s.from = from;
    if (s.to > to) {
        s.to = to;
        s.fade_out = true;
    }
    // Rounding may put the first frame at 1 instead of 0; that is still the track's own beginning.
    s.fade_in = s.from + s.shift > 1;
    struct plan_segment *last = p->count > 0 ? &p->segments[p->count - 1] : NULL;
    if (last && last->to == s.from && same_sound(last, &s)) {
        last->to = s.to;
        last->fade_out = s.fade_out;
        return;
    }
    append(p, &s);
}

void plan_build(struct plan *out, const struct timeline *tl, plan_resolve resolve, void *user)
{
    out->count = 0;
    int64_t change = tl->has_next ? frame_from(tl->next_at.us) : INT64_MAX;
    append_part(out, &tl->now, INT64_MIN, change, resolve, user);
    if (tl->has_next)
        append_part(out, &tl->next, change, INT64_MAX, resolve, user);
}

const struct plan_segment *plan_at(const struct plan *p, int64_t frame)
{
    for (int i = 0; i < p->count; i++) {
        if (frame >= p->segments[i].from && frame < p->segments[i].to)
            return &p->segments[i];
    }
    return NULL;
}

void plan_splice(struct plan *out, const struct plan *before, const struct plan *next, int64_t from)
{
    struct plan result = {.count = 0};
    const struct plan_segment *was = plan_at(before, from), *is = plan_at(next, from);
    bool continues = was && is && same_sound(was, is);
    int64_t begin = from;
    if (was && !continues) {
        struct plan_segment tail = *was;
        if (tail.to > from + PLAN_FADE) {
            tail.to = from + PLAN_FADE;
            tail.fade_out = true;
        }
        begin = tail.to;
        append(&result, &tail);
    }
    for (int i = 0; i < next->count; i++) {
        struct plan_segment s = next->segments[i];
        if (&next->segments[i] == is && continues) {
            s.from = was->from; // a fade that has begun goes on
            s.fade_in = was->fade_in;
        } else if (s.from < begin) {
            s.from = begin;
            s.fade_in = true;
        }
        append(&result, &s);
    }
    *out = result;
}

// Where the fade that a frame is in begins or ends; none: the neutral value.
static int64_t fade_in_from(const struct plan_segment *s, int64_t frame)
{
    return s->fade_in && frame < s->from + PLAN_FADE ? s->from : INT64_MIN;
}

static int64_t fade_out_to(const struct plan_segment *s, int64_t frame)
{
    return s->fade_out && frame >= s->to - PLAN_FADE ? s->to : INT64_MAX;
}

static bool same_at(const struct plan *a, const struct plan *b, int64_t frame)
{
    const struct plan_segment *sa = plan_at(a, frame), *sb = plan_at(b, frame);
    if (!sa || !sb)
        return sa == sb;
    return same_sound(sa, sb) && fade_in_from(sa, frame) == fade_in_from(sb, frame) &&
           fade_out_to(sa, frame) == fade_out_to(sb, frame);
}

// Between two of the edges nothing changes its kind, so it is enough to look at the edges.
int64_t plan_difference(const struct plan *a, const struct plan *b, int64_t from)
{
    int64_t first = same_at(a, b, from) ? INT64_MAX : from;
    const struct plan *plans[] = {a, b};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < plans[k]->count; i++) {
            const struct plan_segment *s = &plans[k]->segments[i];
            int64_t edges[] = {s->from, s->from + PLAN_FADE, s->to - PLAN_FADE, s->to};
            for (int e = 0; e < 4; e++) {
                if (edges[e] >= from && edges[e] < first && !same_at(a, b, edges[e]))
                    first = edges[e];
            }
        }
    }
    return first;
}

// A smooth step over n frames: 3t^2 - 2t^3.
static float ramp(int64_t k, int64_t n)
{
    float t = ((float)k + 0.5f) / (float)n;
    return t * t * (3 - 2 * t);
}

// Of the cue's own fades, at a frame of its track.
static float own_gain(const struct plan_fades *f, int64_t at)
{
    int64_t left = f->length - 1 - at;
    float gain = 1;
    if (f->in > 0 && at < f->in)
        gain *= at < 0 ? 0 : ramp(at, f->in);
    if (f->out > 0 && left < f->out)
        gain *= left < 0 ? 0 : ramp(left, f->out);
    return gain;
}

float plan_gain(const struct plan_segment *s, int64_t frame)
{
    float gain = own_gain(&s->fades, frame + s->shift);
    if (fade_in_from(s, frame) != INT64_MIN)
        gain *= ramp(frame - s->from, PLAN_FADE);
    if (fade_out_to(s, frame) != INT64_MAX)
        gain *= ramp(s->to - 1 - frame, PLAN_FADE);
    return gain;
}
