// SPDX-License-Identifier: Apache-2.0
#include "server/room/room_state.h"

#include "common/base/check.h"

#include <string.h>

void room_state_init(struct room_state *s)
{
    memset(s, 0, sizeof *s);
    s->epoch = 1;
    s->now.mode = MODE_VOID;
    s->now.cue = -1;
}

static int64_t cue_dur(const struct tour *tour, int32_t cue)
{
    return tour && cue >= 0 && cue < tour->cue_count ? tour->cues[cue].dur_us : 0;
}

static int64_t part_position(const struct room_part *p, const struct tour *tour, house_t at)
{
    return tl_position_us(&p->vec, cue_dur(tour, p->cue), at);
}

static struct room_part at_rest(enum wire_mode mode, int32_t cue, int64_t position_us, house_t at)
{
    return (struct room_part){mode, cue, {.p0_us = position_us, .t0 = at, .rate = 0}};
}

static struct room_part running(int32_t cue, int64_t position_us, house_t at)
{
    return (struct room_part){MODE_RUNNING, cue, {.p0_us = position_us, .t0 = at, .rate = 1}};
}

// What follows when the running part reaches its end at `end`.
static struct room_part successor(const struct room_part *p, const struct tour *tour, house_t end)
{
    const struct tour_cue *cue = &tour->cues[p->cue];
    if (cue->on_end == CUE_LOOP)
        return running(p->cue, 0, end);
    if (cue->on_end == CUE_NEXT && p->cue + 1 < tour->cue_count)
        return running(p->cue + 1, 0, end);
    return at_rest(MODE_ENDED, p->cue, cue->dur_us, end);
}

static bool end_of(const struct room_state *s, const struct tour *tour, house_t *end)
{
    if (s->now.mode != MODE_RUNNING)
        return false;
    *end = tl_end(&s->now.vec, cue_dur(tour, s->now.cue));
    return true;
}

bool room_state_due(const struct room_state *s, const struct tour *tour, house_t *due)
{
    house_t end;
    bool ends = end_of(s, tour, &end);
    if (s->has_pending && (!ends || s->pending_at.us <= end.us)) {
        *due = s->pending_at;
        return true;
    }
    if (ends)
        *due = end;
    return ends;
}

bool room_state_advance(struct room_state *s, const struct tour *tour, house_t now)
{
    house_t due;
    if (!room_state_due(s, tour, &due) || due.us > now.us)
        return false;
    if (s->has_pending && due.us == s->pending_at.us) {
        s->now = s->pending;
        s->has_pending = false;
    } else {
        int64_t dur_us = cue_dur(tour, s->now.cue);
        CHECK(dur_us > 0); // a tour with a cue of no length does not parse
        house_t until = s->has_pending && s->pending_at.us < now.us ? s->pending_at : now;
        if (tour->cues[s->now.cue].on_end == CUE_LOOP)
            due = house_add_us(due, (until.us - due.us) / dur_us * dur_us);
        s->now = successor(&s->now, tour, due);
    }
    s->rev++;
    return true;
}

// Where the listeners believe to be at `at`: a pending command counts as done, so that two quick
// taps on "next" go two cues on, and "pause" takes back a "play" that is not due yet.
static struct room_part basis_at(const struct room_state *s, const struct tour *tour, house_t at)
{
    struct room_state ahead = *s;
    while (room_state_advance(&ahead, tour, at)) {
    }
    return ahead.has_pending ? ahead.pending : ahead.now;
}

static struct room_part moved(const struct room_part *basis, int32_t cue, int64_t position_us,
                              house_t at)
{
    if (basis->mode == MODE_RUNNING)
        return running(cue, position_us, at);
    return at_rest(position_us == 0 ? MODE_READY : MODE_HELD, cue, position_us, at);
}

// The part a command leads to, or an error.
static enum err target(const struct room_part *b, const struct tour *tour,
                       const struct wire_command *c, house_t at, struct room_part *out)
{
    int64_t position_us = part_position(b, tour, at);
    switch (c->op) {
    case OP_PLAY:
        if (b->mode == MODE_RUNNING)
            return ERR_BAD_STATE;
        *out = b->mode == MODE_ENDED ? running(0, 0, at) : running(b->cue, position_us, at);
        return ERR_OK;
    case OP_PAUSE:
        if (b->mode != MODE_RUNNING)
            return ERR_BAD_STATE;
        *out = at_rest(MODE_HELD, b->cue, position_us, at);
        return ERR_OK;
    case OP_SEEK:
        if (c->position_us >= cue_dur(tour, b->cue))
            return ERR_OUT_OF_RANGE;
        *out = moved(b, b->cue, c->position_us, at);
        return ERR_OK;
    case OP_GOTO:
        if (c->cue < 0 || c->cue >= tour->cue_count)
            return ERR_OUT_OF_RANGE;
        *out = moved(b, c->cue, 0, at);
        return ERR_OK;
    case OP_NEXT:
        if (b->cue + 1 >= tour->cue_count)
            return ERR_OUT_OF_RANGE;
        *out = moved(b, b->cue + 1, 0, at);
        return ERR_OK;
    case OP_PREV:
        if (b->cue == 0)
            return ERR_OUT_OF_RANGE;
        *out = moved(b, b->cue - 1, 0, at);
        return ERR_OK;
    case OP_STOP:
    case OP_STOP_NOW:
        *out = at_rest(MODE_READY, 0, 0, at);
        return ERR_OK;
    case OP_LOAD:
        break;
    }
    return ERR_INTERNAL;
}

static enum err load(const struct room_state *s, const struct wire_command *c,
                     const struct tour *loaded, const char *loaded_hash, house_t now,
                     struct room_state *out)
{
    if (s->now.mode == MODE_RUNNING || (s->has_pending && s->pending.mode == MODE_RUNNING))
        return ERR_BAD_STATE;
    CHECK(loaded && loaded_hash);
    if (c->cue < 0 || c->cue >= loaded->cue_count)
        return ERR_OUT_OF_RANGE;
    *out = *s;
    memcpy(out->tour_id, loaded->id, sizeof out->tour_id);
    snprintf(out->tour_hash, sizeof out->tour_hash, "%s", loaded_hash);
    out->now = at_rest(MODE_READY, c->cue, 0, now);
    out->has_pending = false;
    out->rev++;
    return ERR_OK;
}

enum err room_state_command(const struct room_state *s, const struct tour *tour,
                            const struct wire_command *c, const struct tour *loaded,
                            const char *loaded_hash, house_t now, int64_t lead_us,
                            struct room_state *out, house_t *at)
{
    if (c->has_if_rev && (c->if_epoch != s->epoch || c->if_rev != s->rev))
        return ERR_CONFLICT;
    if (c->op == OP_LOAD) {
        enum err e = load(s, c, loaded, loaded_hash, now, out);
        if (e == ERR_OK)
            *at = now;
        return e;
    }
    if (s->now.mode == MODE_VOID)
        return ERR_BAD_STATE;
    house_t when = c->op == OP_STOP_NOW ? now : house_max(c->at, house_add_us(now, lead_us));
    struct room_part basis = basis_at(s, tour, when), part;
    enum err e = target(&basis, tour, c, when, &part);
    if (e != ERR_OK)
        return e;
    *out = *s;
    out->rev++;
    out->has_pending = c->op != OP_STOP_NOW;
    if (out->has_pending) {
        out->pending_at = when;
        out->pending = part;
    } else {
        out->now = part;
    }
    *at = when;
    return ERR_OK;
}

static void publish_part(const struct room_part *p, const struct tour *tour, struct tl_part *out)
{
    *out = (struct tl_part){.cue = p->cue, .dur_us = cue_dur(tour, p->cue), .vec = p->vec};
}

void room_state_publish(const struct room_state *s, const struct tour *tour, struct wire_state *out)
{
    memset(out, 0, sizeof *out);
    out->epoch = s->epoch;
    out->rev = s->rev;
    memcpy(out->tour, s->tour_hash, sizeof out->tour);
    out->mode = s->now.mode;
    publish_part(&s->now, tour, &out->timeline.now);

    struct room_part next;
    house_t at;
    if (s->has_pending) {
        next = s->pending;
        at = s->pending_at;
    } else if (end_of(s, tour, &at)) {
        next = successor(&s->now, tour, at);
    } else {
        return;
    }
    out->timeline.has_next = true;
    out->timeline.next_at = at;
    out->next_mode = next.mode;
    publish_part(&next, tour, &out->timeline.next);
}
