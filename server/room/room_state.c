// SPDX-License-Identifier: Apache-2.0
#include "server/room/room_state.h"

#include "common/base/check.h"

#include <stdio.h>
#include <string.h>

void room_state_init(struct room_state *s, uint32_t clock_epoch)
{
    memset(s, 0, sizeof *s);
    s->epoch = 1;
    s->clock_epoch = clock_epoch;
    s->now.mode = MODE_VOID;
    s->now.cue = -1;
    s->presence = PRESENCE_GONE;
    room_plan_init(&s->plan);
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
    bool another = p->cue + 1 < tour->cue_count;
    if (cue->on_end == CUE_NEXT && another)
        return running(p->cue + 1, 0, end);
    if (cue->on_end == CUE_WAIT && another)
        return at_rest(MODE_READY, p->cue + 1, 0, end);
    return at_rest(MODE_ENDED, p->cue, cue->dur_us, end);
}

// When what follows the running cue begins: after its track, and the silence behind that.
static bool end_of(const struct room_state *s, const struct tour *tour, house_t *end)
{
    if (s->now.mode != MODE_RUNNING)
        return false;
    *end =
        house_add_us(tl_end(&s->now.vec, cue_dur(tour, s->now.cue)), tour_gap_us(tour, s->now.cue));
    return true;
}

bool room_state_due(const struct room_state *s, const struct tour *tour, house_t *due)
{
    house_t end;
    bool found = s->has_pending;
    if (found)
        *due = s->pending_at;
    if (end_of(s, tour, &end) && (!found || end.us < due->us)) {
        *due = end;
        found = true;
    }
    if (s->presence == PRESENCE_LEAVING && (!found || s->empty_at.us < due->us)) {
        *due = s->empty_at;
        found = true;
    }
    return found;
}

// Nobody is there any more: the plan says what to do. What was decided for later stays decided:
// somebody was promised it, or the schedule asks for it.
static void leave_alone(struct room_state *s, const struct tour *tour)
{
    s->presence = PRESENCE_GONE;
    if (s->now.mode == MODE_VOID || s->plan.when_empty == EMPTY_CONTINUE)
        return;
    if (s->plan.when_empty == EMPTY_RESET)
        s->now = at_rest(MODE_READY, 0, 0, s->empty_at);
    else if (s->now.mode == MODE_RUNNING)
        s->now =
            at_rest(MODE_HELD, s->now.cue, part_position(&s->now, tour, s->empty_at), s->empty_at);
}

static house_t earliest(house_t a, bool has_b, house_t b)
{
    return has_b && b.us < a.us ? b : a;
}

// The running cue is over at `due`.
static void end_cue(struct room_state *s, const struct tour *tour, house_t due, house_t now)
{
    int64_t round_us = cue_dur(tour, s->now.cue) + tour_gap_us(tour, s->now.cue);
    CHECK(round_us > 0); // a tour with a cue of no length does not parse
    house_t until = earliest(now, s->has_pending, s->pending_at);
    until = earliest(until, s->presence == PRESENCE_LEAVING, s->empty_at);
    if (tour->cues[s->now.cue].on_end == CUE_LOOP)
        due = house_add_us(due, (until.us - due.us) / round_us * round_us);
    s->now = successor(&s->now, tour, due);
}

bool room_state_advance(struct room_state *s, const struct tour *tour, house_t now)
{
    house_t due;
    bool stepped = false;
    while (room_state_due(s, tour, &due) && due.us <= now.us) {
        stepped = true;
        if (s->has_pending && due.us == s->pending_at.us) {
            s->now = s->pending;
            s->has_pending = false;
        } else if (s->presence == PRESENCE_LEAVING && due.us == s->empty_at.us) {
            leave_alone(s, tour);
        } else {
            end_cue(s, tour, due, now);
        }
    }
    return stepped;
}

// Where the listeners believe to be at `at`: a pending command counts as done, so that two quick
// taps on "next" go two cues on, and "pause" takes back a "play" that is not due yet.
static struct room_part basis_at(const struct room_state *s, const struct tour *tour, house_t at)
{
    struct room_state ahead = *s;
    room_state_advance(&ahead, tour, at);
    return ahead.has_pending ? ahead.pending : ahead.now;
}

static struct room_part moved(const struct room_part *basis, int32_t cue, int64_t position_us,
                              house_t at)
{
    if (basis->mode == MODE_RUNNING)
        return running(cue, position_us, at);
    return at_rest(position_us == 0 ? MODE_READY : MODE_HELD, cue, position_us, at);
}

static bool is_place(const struct tour *tour, int32_t cue, int64_t position_us)
{
    return cue >= 0 && cue < tour->cue_count && position_us < cue_dur(tour, cue);
}

// The part a command leads to, or an error.
static enum err target(const struct room_part *b, const struct tour *tour,
                       const struct wire_command *c, house_t at, struct room_part *out)
{
    int64_t position_us = part_position(b, tour, at),
            asked_us = c->has_position ? c->position_us : 0;
    switch (c->op) {
    case OP_PLAY:
        if (b->mode == MODE_RUNNING)
            return ERR_BAD_STATE;
        if (!is_place(tour, b->cue, asked_us))
            return ERR_OUT_OF_RANGE;
        if (c->has_position)
            *out = running(b->cue, asked_us, at);
        else
            *out = b->mode == MODE_ENDED ? running(0, 0, at) : running(b->cue, position_us, at);
        return ERR_OK;
    case OP_PAUSE:
        if (b->mode != MODE_RUNNING)
            return ERR_BAD_STATE;
        *out = at_rest(MODE_HELD, b->cue, position_us, at);
        return ERR_OK;
    case OP_SEEK:
        if (!is_place(tour, b->cue, c->position_us))
            return ERR_OUT_OF_RANGE;
        *out = moved(b, b->cue, c->position_us, at);
        return ERR_OK;
    case OP_GOTO:
        // With a position it takes a mistaken "next" back, in one step.
        if (!is_place(tour, c->cue, asked_us))
            return ERR_OUT_OF_RANGE;
        *out = moved(b, c->cue, asked_us, at);
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
    default:
        return ERR_INTERNAL;
    }
}

static void set_tour(struct room_state *s, const char *id, const char *hash)
{
    memset(s->tour_id, 0, sizeof s->tour_id);
    memset(s->tour_hash, 0, sizeof s->tour_hash);
    snprintf(s->tour_id, sizeof s->tour_id, "%s", id);
    snprintf(s->tour_hash, sizeof s->tour_hash, "%s", hash);
}

// A part of the old edition in the new one: the cue goes by its id. What runs must sound the same
// there, what is at rest must still be a place.
static bool carry(struct room_part *p, const struct tour *old, const struct tour *new)
{
    const struct tour_cue *was = &old->cues[p->cue];
    int32_t cue = tour_find_cue(new, was->id);
    if (cue < 0)
        return false;
    const struct tour_cue *is = &new->cues[cue];
    bool place = p->mode == MODE_ENDED || p->vec.p0_us < is->dur_us;
    if (p->mode == MODE_RUNNING ? !tour_same_sound(was, is) : !place)
        return false;
    p->cue = cue;
    if (p->mode == MODE_ENDED)
        p->vec.p0_us = is->dur_us;
    return true;
}

// Players have heard what follows, and when. From so long before they are not told otherwise.
static bool end_is_near(const struct room_state *s, const struct tour *tour, house_t until)
{
    house_t end;
    return end_of(s, tour, &end) && end.us < until.us;
}

enum room_takeover room_state_takeover(const struct room_state *s, const struct tour *old,
                                       const struct tour *new, house_t until,
                                       struct room_state *out)
{
    struct room_state next = *s;
    if (!carry(&next.now, old, new) || (s->has_pending && !carry(&next.pending, old, new)))
        return TAKEOVER_STOP;
    if (end_is_near(s, old, until) || end_is_near(&next, new, until))
        return TAKEOVER_LATER;
    *out = next;
    bool runs = s->now.mode == MODE_RUNNING || (s->has_pending && s->pending.mode == MODE_RUNNING);
    return runs ? TAKEOVER_CUE_END : TAKEOVER_NOW;
}

// The newest edition of the tour that is loaded, with the place kept: what sounds goes on, and what
// follows is the new edition's.
static enum err take_over(struct room_state *s, const struct tour *tour, const struct room_event *e)
{
    house_t until = house_add_us(e->now, e->lead_us);
    struct room_state next;
    switch (room_state_takeover(s, tour, e->tour, until, &next)) {
    case TAKEOVER_STOP:
        return ERR_BAD_STATE;
    case TAKEOVER_LATER:
        return ERR_BUSY;
    case TAKEOVER_NOW:
    case TAKEOVER_CUE_END:
        break;
    }
    *s = next;
    set_tour(s, e->tour->id, e->tour_hash);
    return ERR_OK;
}

static enum err load(struct room_state *s, const struct tour *tour, const struct room_event *e)
{
    CHECK(e->tour && e->tour_hash);
    if (e->command->keep && s->now.mode != MODE_VOID && strcmp(s->tour_id, e->tour->id) == 0)
        return take_over(s, tour, e);
    if (s->now.mode == MODE_RUNNING || (s->has_pending && s->pending.mode == MODE_RUNNING))
        return ERR_BAD_STATE;
    if (e->command->cue < 0 || e->command->cue >= e->tour->cue_count)
        return ERR_OUT_OF_RANGE;
    set_tour(s, e->tour->id, e->tour_hash);
    s->now = at_rest(MODE_READY, e->command->cue, 0, e->now);
    s->has_pending = false;
    return ERR_OK;
}

// The group as it was: tour, place and plan. What was running comes back held at its place, so
// that nobody is surprised by sound; who leads and who is there is of today.
static enum err restore(struct room_state *s, const struct room_event *e)
{
    struct room_state then = *e->point;
    room_state_advance(&then, e->tour, e->point_at);
    enum wire_mode mode = then.now.mode == MODE_RUNNING ? MODE_HELD : then.now.mode;
    int64_t position_us = part_position(&then.now, e->tour, e->point_at);
    set_tour(s, then.tour_id, then.tour_hash);
    s->now = at_rest(mode, then.now.cue, position_us, e->now);
    s->has_pending = false;
    s->plan = then.plan;
    room_plan_forgive(&s->plan, e->wall_us);
    s->epoch++;
    s->rev = 0;
    return ERR_OK;
}

// Play, pause and their like: a new part, decided now, in force after the lead.
static enum err transport(struct room_state *s, const struct tour *tour, const struct room_event *e,
                          house_t *at)
{
    const struct wire_command *c = e->command;
    if (s->now.mode == MODE_VOID)
        return ERR_BAD_STATE;
    bool at_once = c->op == OP_STOP_NOW;
    house_t when = at_once ? e->now : house_max(c->at, house_add_us(e->now, e->lead_us));
    struct room_part basis = basis_at(s, tour, when), part;
    enum err err = target(&basis, tour, c, when, &part);
    if (err != ERR_OK)
        return err;
    s->has_pending = !at_once;
    if (at_once) {
        s->now = part;
        // A stop may be saved late, before what was missed meanwhile is caught up: it stays one.
        room_plan_pass(&s->plan, e->wall_us);
    } else {
        s->pending_at = when;
        s->pending = part;
    }
    *at = when;
    return ERR_OK;
}

static enum err command(struct room_state *s, const struct tour *tour, const struct room_event *e,
                        house_t *at)
{
    const struct wire_command *c = e->command;
    CHECK(c);
    if (room_lease_concerns(c->op))
        return room_lease_command(&s->lease, c, &e->actor, e->lease_age_us, &s->lease);
    enum err err = room_lease_admit(&s->lease, c, &e->actor, e->lease_age_us);
    if (err != ERR_OK)
        return err;
    switch (c->op) {
    case OP_LOAD:
        return load(s, tour, e);
    case OP_RESTORE:
        return restore(s, e);
    case OP_CONFIGURE:
        return room_plan_configure(&s->plan, &c->configure, e->wall_us, &s->plan);
    default:
        return transport(s, tour, e, at);
    }
}

// An occurrence of the schedule. What is to come is announced as pending, so that every player does
// it in time even without a server; what was missed takes effect where it belonged. A pending
// command that comes due before is let through first by whoever asks (room.c).
static enum err schedule(struct room_state *s, const struct tour *tour, const struct room_event *e,
                         house_t *at)
{
    CHECK(e->occurrence.rule < s->plan.rule_count);
    const struct calendar_rule *r = &s->plan.rules[e->occurrence.rule].rule;
    struct room_part part;
    room_plan_handled(&s->plan, &e->occurrence);
    // Of missed ones a hold comes last, and after one hold the others change nothing.
    if (r->action == CALENDAR_HOLD && e->due.us < e->now.us)
        room_plan_pass(&s->plan, e->wall_us);
    if (s->now.mode == MODE_VOID || (r->action == CALENDAR_START && r->cue >= tour->cue_count))
        return ERR_OK; // nothing to start: the occurrence passes
    // What began after it, while nobody knew the hour, is not moved.
    if (s->now.vec.t0.us > e->due.us)
        return ERR_OK;
    struct room_part basis = basis_at(s, tour, e->due);
    if (r->action == CALENDAR_START)
        part = running(r->cue, 0, e->due);
    else if (r->action == CALENDAR_STOP)
        part = at_rest(MODE_READY, 0, 0, e->due);
    else if (basis.mode == MODE_RUNNING)
        part = at_rest(MODE_HELD, basis.cue, part_position(&basis, tour, e->due), e->due);
    else
        return ERR_OK;
    s->has_pending = true;
    s->pending_at = e->due;
    s->pending = part;
    *at = e->due;
    return ERR_OK;
}

static enum err visitors(struct room_state *s, const struct room_event *e)
{
    if (e->somebody == (s->presence == PRESENCE_SOMEBODY))
        return ERR_NOT_READY;
    if (!e->somebody) {
        s->presence = PRESENCE_LEAVING;
        s->empty_at = house_add_us(e->now, s->plan.empty_after_s * INT64_C(1000000));
    } else {
        s->presence = PRESENCE_SOMEBODY;
    }
    return ERR_OK;
}

// The box was off, and nobody knows for how long. A group that is to wait stands where it certainly
// was; the others go on by the house time that was guessed.
static enum err reboot(struct room_state *s, const struct tour *tour, const struct room_event *e)
{
    if (s->clock_epoch >= e->clock_epoch)
        return ERR_NOT_READY;
    room_state_advance(s, tour, e->known_until);
    if (s->plan.after_reboot == REBOOT_HOLD) {
        s->has_pending = false;
        if (s->now.mode == MODE_RUNNING)
            s->now = at_rest(MODE_HELD, s->now.cue, part_position(&s->now, tour, e->known_until),
                             e->now);
    }
    room_state_advance(s, tour, e->now);
    return ERR_OK;
}

static enum err take(struct room_state *s, const struct tour *tour, const struct room_event *e,
                     house_t *at)
{
    if (e->kind == EVENT_REBOOT)
        return reboot(s, tour, e);
    // A missed occurrence takes effect where it belonged: what came after it waits its turn.
    bool missed = e->kind == EVENT_SCHEDULE && e->due.us < e->now.us;
    bool stepped = room_state_advance(s, tour, missed ? e->due : e->now);
    switch (e->kind) {
    case EVENT_TIME:
        return stepped ? ERR_OK : ERR_NOT_READY;
    case EVENT_COMMAND:
        return command(s, tour, e, at);
    case EVENT_SCHEDULE:
        return schedule(s, tour, e, at);
    case EVENT_VISITORS:
        return visitors(s, e);
    case EVENT_LAPSE:
        return room_lease_lapse(&s->lease, e->lease_age_us, &s->lease) ? ERR_OK : ERR_NOT_READY;
    case EVENT_PLAN:
        return ERR_OK;
    case EVENT_REBOOT:
        break;
    }
    return ERR_INTERNAL;
}

enum err room_state_step(const struct room_state *s, const struct tour *tour,
                         const struct room_event *e, struct room_state *out, house_t *at)
{
    const struct wire_command *c = e->command;
    if (e->kind == EVENT_COMMAND && c->has_if_rev &&
        (c->if_epoch != s->epoch || c->if_rev != s->rev))
        return ERR_CONFLICT;
    struct room_state next = *s;
    house_t when = e->now;
    enum err err = take(&next, tour, e, &when);
    if (err != ERR_OK)
        return err;
    next.rev++;
    next.clock_epoch = e->clock_epoch;
    room_plan_look(&next.plan, e->wall_us);
    // What does not count is always the same.
    if (!next.has_pending) {
        next.pending_at = (house_t){0};
        memset(&next.pending, 0, sizeof next.pending);
    }
    if (next.presence != PRESENCE_LEAVING)
        next.empty_at = (house_t){0};
    *out = next;
    *at = when;
    return ERR_OK;
}

void room_state_rest(struct room_state *s, const struct tour *tour, house_t now)
{
    room_state_advance(s, tour, now);
    s->has_pending = false;
    s->pending_at = (house_t){0};
    memset(&s->pending, 0, sizeof s->pending);
    if (s->now.mode == MODE_RUNNING)
        s->now = at_rest(MODE_HELD, s->now.cue, part_position(&s->now, tour, now), now);
    s->rev++;
}

bool room_state_next(const struct room_state *s, const struct tour *tour, house_t *at,
                     struct room_part *next)
{
    if (s->has_pending) {
        *at = s->pending_at;
        *next = s->pending;
        return true;
    }
    if (!tour || !end_of(s, tour, at))
        return false;
    *next = successor(&s->now, tour, *at);
    return true;
}
