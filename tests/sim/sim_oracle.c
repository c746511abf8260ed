// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_oracle.h"

#include "server/house/calendar_text.h"

#include <stdio.h>
#include <string.h>

#define US INT64_C(1000000)
#define DAY_S INT64_C(86400)

static int64_t length_of(const struct tour *tour, int32_t cue)
{
    return tour && cue >= 0 ? tour->cues[cue].dur_us : 0;
}

// Silence behind a cue that something follows.
static int64_t silence_of(const struct tour *tour, int32_t cue)
{
    const struct tour_cue *c = &tour->cues[cue];
    if (c->on_end == CUE_NEXT)
        return cue == tour->cue_count - 1 ? 0 : c->gap_us;
    return c->on_end == CUE_LOOP ? c->gap_us : 0;
}

int64_t oracle_position(const struct room_part *p, const struct tour *tour, house_t at)
{
    int64_t moved = p->mode == MODE_RUNNING && at.us > p->vec.t0.us ? at.us - p->vec.t0.us : 0;
    int64_t pos = p->vec.p0_us + moved, length = length_of(tour, p->cue);
    return pos < length ? pos : length;
}

static struct room_part part(enum wire_mode mode, int32_t cue, int64_t position_us, house_t at)
{
    return (struct room_part){mode, cue, {position_us, at, mode == MODE_RUNNING}};
}

// --- calendars -----------------------------------------------------------------------------------

// Days since 1970 to weekday, Monday 0.
static bool on_day(const struct calendar_rule *r, int64_t day)
{
    return r->weekdays >> ((day + 3) % 7) & 1;
}

static int64_t next_of_rule(const struct calendar_rule *r, int64_t after_us)
{
    for (int64_t day = after_us / US / DAY_S;; day++) {
        if (!on_day(r, day))
            continue;
        int64_t at = (day * DAY_S + r->first_s) * US, last = (day * DAY_S + r->last_s) * US;
        int64_t every = r->every_s * US;
        // To the right round at once: a day has many.
        if (every && after_us >= at)
            at += (after_us - at) / every * every;
        while (at <= last && at <= after_us && every)
            at += every;
        if (at > after_us && at <= last)
            return at;
    }
}

bool oracle_occurs(const struct calendar_rule *r, int64_t after_us, int64_t until_us)
{
    return next_of_rule(r, after_us) <= until_us;
}

static bool next_occurrence(const struct room_state *s, struct oracle_wall wall, int *rule,
                            house_t *at)
{
    bool found = false;
    for (int i = 0; wall.known && i < s->plan.rule_count; i++) {
        const struct room_rule *r = &s->plan.rules[i];
        if (r->handled_us == 0)
            continue;
        house_t one = {next_of_rule(&r->rule, r->handled_us) - wall.off_us};
        if (found && one.us >= at->us)
            continue;
        *rule = i;
        *at = one;
        found = true;
    }
    return found;
}

static void occur(struct room_state *s, const struct tour *tour, int rule, house_t at,
                  struct oracle_wall wall)
{
    const struct calendar_rule *r = &s->plan.rules[rule].rule;
    struct room_part basis = s->has_pending ? s->pending : s->now;
    s->plan.rules[rule].handled_us = at.us + wall.off_us;
    if (s->now.mode == MODE_VOID || s->now.vec.t0.us > at.us)
        return; // what began after it, while nobody knew the hour, is not moved
    if (r->action == CALENDAR_START && r->cue < tour->cue_count)
        s->now = part(MODE_RUNNING, r->cue, 0, at);
    else if (r->action == CALENDAR_STOP)
        s->now = part(MODE_READY, 0, 0, at);
    else if (r->action == CALENDAR_HOLD && basis.mode == MODE_RUNNING)
        s->now = part(MODE_HELD, basis.cue, oracle_position(&basis, tour, at), at);
    else
        return;
    s->has_pending = false;
}

// --- what happens by itself ----------------------------------------------------------------------

// At one instant: first what was decided, then who is left, then the cue's end, then the calendar.
enum happening { NOTHING, DECIDED, LEFT, ENDS, OCCURS };

static void earlier(enum happening what, house_t at, enum happening *first, house_t *when)
{
    if (*first == NOTHING || at.us < when->us) {
        *first = what;
        *when = at;
    }
}

static enum happening next(const struct room_state *s, const struct tour *tour,
                           struct oracle_wall wall, house_t *when, int *rule)
{
    enum happening first = NOTHING;
    house_t at = {0};
    if (s->has_pending)
        earlier(DECIDED, s->pending_at, &first, when);
    if (s->presence == PRESENCE_LEAVING)
        earlier(LEFT, s->empty_at, &first, when);
    if (s->now.mode == MODE_RUNNING)
        earlier(ENDS,
                (house_t){s->now.vec.t0.us + length_of(tour, s->now.cue) - s->now.vec.p0_us +
                          silence_of(tour, s->now.cue)},
                &first, when);
    if (next_occurrence(s, wall, rule, &at))
        earlier(OCCURS, at, &first, when);
    return first;
}

static void leave(struct room_state *s, const struct tour *tour)
{
    s->presence = PRESENCE_GONE;
    if (s->now.mode == MODE_VOID)
        return;
    if (s->plan.when_empty == EMPTY_RESET)
        s->now = part(MODE_READY, 0, 0, s->empty_at);
    else if (s->plan.when_empty == EMPTY_HOLD && s->now.mode == MODE_RUNNING)
        s->now =
            part(MODE_HELD, s->now.cue, oracle_position(&s->now, tour, s->empty_at), s->empty_at);
}

static void end_cue(struct room_state *s, const struct tour *tour, house_t at)
{
    int32_t cue = s->now.cue;
    enum cue_end then = tour->cues[cue].on_end;
    if (then == CUE_LOOP)
        s->now = part(MODE_RUNNING, cue, 0, at);
    else if (then == CUE_NEXT && cue + 1 < tour->cue_count)
        s->now = part(MODE_RUNNING, cue + 1, 0, at);
    else if (then == CUE_WAIT && cue + 1 < tour->cue_count)
        s->now = part(MODE_READY, cue + 1, 0, at);
    else
        s->now = part(MODE_ENDED, cue, length_of(tour, cue), at);
}

void oracle_run(struct room_state *s, const struct tour *tour, house_t until,
                struct oracle_wall wall)
{
    house_t at = {0};
    int rule = 0;
    for (;;) {
        enum happening what = next(s, tour, wall, &at, &rule);
        if (what == NOTHING || at.us > until.us)
            return;
        switch (what) {
        case DECIDED:
            s->now = s->pending;
            s->has_pending = false;
            break;
        case LEFT:
            leave(s, tour);
            break;
        case ENDS:
            end_cue(s, tour, at);
            break;
        default:
            occur(s, tour, rule, at, wall);
            break;
        }
    }
}

bool oracle_next(const struct room_state *s, const struct tour *tour, struct oracle_wall wall,
                 house_t *when)
{
    int rule;
    return next(s, tour, wall, when, &rule) != NOTHING;
}

bool oracle_same_place(const struct room_state *a, const struct room_state *b,
                       const struct tour *tour, house_t at)
{
    const struct room_part *x = &a->now, *y = &b->now;
    return x->mode == y->mode && x->cue == y->cue &&
           oracle_position(x, tour, at) == oracle_position(y, tour, at) &&
           (x->mode != MODE_RUNNING || x->vec.p0_us - x->vec.t0.us == y->vec.p0_us - y->vec.t0.us);
}

// --- commands ------------------------------------------------------------------------------------

static void set_tour(struct room_state *s, const char *id, const char *hash)
{
    snprintf(s->tour_id, sizeof s->tour_id, "%s", id);
    snprintf(s->tour_hash, sizeof s->tour_hash, "%s", hash);
}

// Another edition with the place kept: what sounds is to go on as if nothing had happened.
static const char *take_over(struct room_state *s, const struct tour *tour,
                             const struct oracle_command *c)
{
    struct room_part *parts[] = {&s->now, &s->pending};
    for (int i = 0; i < 1 + s->has_pending; i++) {
        const struct tour_cue *was = &tour->cues[parts[i]->cue], *is = NULL;
        for (int32_t k = c->tour->cue_count - 1; k >= 0; k--) {
            if (strcmp(c->tour->cues[k].id, was->id) == 0)
                is = &c->tour->cues[parts[i]->cue = k];
        }
        if (!is)
            return "take-over without the cue";
        if (parts[i]->mode == MODE_RUNNING && is->dur_us != was->dur_us)
            return "take-over of what sounds otherwise";
        if (parts[i]->mode == MODE_ENDED)
            parts[i]->vec.p0_us = is->dur_us;
        else if (parts[i]->vec.p0_us >= is->dur_us && parts[i]->mode != MODE_RUNNING)
            return "take-over to beyond the end";
    }
    set_tour(s, c->tour_id, c->tour_hash);
    return NULL;
}

static const char *load(struct room_state *s, const struct tour *tour,
                        const struct oracle_command *c)
{
    if (c->command->keep && c->tour && s->now.mode != MODE_VOID &&
        strcmp(s->tour_id, c->tour_id) == 0)
        return take_over(s, tour, c);
    if (s->now.mode == MODE_RUNNING || (s->has_pending && s->pending.mode == MODE_RUNNING))
        return "load while it runs";
    if (!c->tour || c->command->cue >= c->tour->cue_count)
        return "load of a cue that is not there";
    set_tour(s, c->tour_id, c->tour_hash);
    s->now = part(MODE_READY, c->command->cue, 0, c->now);
    s->has_pending = false;
    return NULL;
}

static const char *restore(struct room_state *s, const struct oracle_command *c)
{
    if (!c->point)
        return "restore to a point that was not read";
    struct room_state then = *c->point;
    oracle_run(&then, c->tour, c->point_at, (struct oracle_wall){0});
    enum wire_mode mode = then.now.mode == MODE_RUNNING ? MODE_HELD : then.now.mode;
    s->now = part(mode, then.now.cue, oracle_position(&then.now, c->tour, c->point_at), c->now);
    s->has_pending = false;
    s->plan = then.plan;
    set_tour(s, then.tour_id, then.tour_hash);
    return NULL;
}

static const char *configure(struct room_state *s, const struct oracle_command *c)
{
    const struct wire_configure *w = &c->command->configure;
    struct room_plan *p = &s->plan;
    if (w->has_when_empty)
        p->when_empty = w->when_empty;
    if (w->has_empty_after)
        p->empty_after_s = w->empty_after_s;
    if (w->has_after_reboot)
        p->after_reboot = w->after_reboot;
    if (!w->has_schedule)
        return NULL;
    p->rule_count = w->rule_count;
    for (int i = 0; i < w->rule_count; i++) {
        if (!calendar_text_read(w->rules[i], (uint32_t)i + 1, &p->rules[i].rule))
            return "configure with a rule that is none";
    }
    return NULL;
}

static struct room_part moved(const struct room_part *b, int32_t cue, int64_t position_us,
                              house_t at)
{
    if (b->mode == MODE_RUNNING)
        return part(MODE_RUNNING, cue, position_us, at);
    return part(position_us ? MODE_HELD : MODE_READY, cue, position_us, at);
}

static const char *target(const struct room_part *b, const struct tour *tour,
                          const struct wire_command *c, house_t at, struct room_part *out)
{
    int64_t pos = oracle_position(b, tour, at);
    int32_t to = c->op == OP_GOTO ? c->cue : c->op == OP_NEXT ? b->cue + 1 : b->cue - 1;
    switch (c->op) {
    case OP_PLAY:
        *out = b->mode == MODE_ENDED ? part(MODE_RUNNING, 0, 0, at)
                                     : part(MODE_RUNNING, b->cue, pos, at);
        if (c->has_position)
            *out = part(MODE_RUNNING, b->cue, c->position_us, at);
        if (c->has_position && c->position_us >= length_of(tour, b->cue))
            return "play beyond the end";
        return b->mode == MODE_RUNNING ? "play while it runs" : NULL;
    case OP_PAUSE:
        *out = part(MODE_HELD, b->cue, pos, at);
        return b->mode != MODE_RUNNING ? "pause while nothing runs" : NULL;
    case OP_SEEK:
        *out = moved(b, b->cue, c->position_us, at);
        return c->position_us >= length_of(tour, b->cue) ? "seek beyond the end" : NULL;
    case OP_GOTO:
    case OP_NEXT:
    case OP_PREV:
        *out = moved(b, to, c->op == OP_GOTO && c->has_position ? c->position_us : 0, at);
        if (to < 0 || to >= tour->cue_count)
            return "no such cue";
        return out->vec.p0_us >= length_of(tour, to) ? "goto beyond the end" : NULL;
    case OP_STOP:
    case OP_STOP_NOW:
        *out = part(MODE_READY, 0, 0, at);
        return NULL;
    default:
        return "no such command";
    }
}

static const char *transport(struct room_state *s, const struct tour *tour,
                             const struct oracle_command *c)
{
    bool at_once = c->command->op == OP_STOP_NOW;
    house_t when = {c->now.us + c->lead_us};
    if (c->command->at.us > when.us)
        when = c->command->at;
    if (at_once)
        when = c->now;
    if (s->now.mode == MODE_VOID)
        return "a transport command in a void room";
    struct room_state ahead = *s;
    oracle_run(&ahead, tour, when, (struct oracle_wall){0});
    struct room_part then;
    const char *why =
        target(ahead.has_pending ? &ahead.pending : &ahead.now, tour, c->command, when, &then);
    s->has_pending = !at_once;
    s->pending_at = when;
    if (at_once)
        s->now = then;
    else
        s->pending = then;
    return why;
}

const char *oracle_command(struct room_state *s, const struct tour *tour,
                           const struct oracle_command *c)
{
    switch (c->command->op) {
    case OP_LOAD:
        return load(s, tour, c);
    case OP_RESTORE:
        return restore(s, c);
    case OP_CONFIGURE:
        return configure(s, c);
    case OP_CLAIM:
    case OP_RELEASE:
    case OP_HAND_OVER:
    case OP_DEPUTY:
        return NULL;
    default:
        return transport(s, tour, c);
    }
}

void oracle_reboot(struct room_state *s, const struct tour *tour, house_t known_until, house_t now)
{
    oracle_run(s, tour, known_until, (struct oracle_wall){0});
    if (s->plan.after_reboot == REBOOT_HOLD) {
        s->has_pending = false;
        if (s->now.mode == MODE_RUNNING)
            s->now = part(MODE_HELD, s->now.cue, oracle_position(&s->now, tour, known_until), now);
    }
    oracle_run(s, tour, now, (struct oracle_wall){0});
}
