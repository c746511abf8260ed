// SPDX-License-Identifier: Apache-2.0
#include "server/room/room_plan.h"

#include "server/house/calendar_text.h"

#include <string.h>

// A mark further ahead than this was made while the wall clock was wrong, and means nothing. A day
// and an hour: no rule is dealt with more than seconds ahead, no change of zone moves it by more.
#define MARK_AHEAD_MAX_US (INT64_C(25) * 3600 * 1000000)

void room_plan_init(struct room_plan *p)
{
    memset(p, 0, sizeof *p);
    p->when_empty = EMPTY_CONTINUE;
    p->empty_after_s = ROOM_EMPTY_AFTER_S;
    p->after_reboot = REBOOT_CONTINUE;
}

static bool same_rule(const struct calendar_rule *a, const struct calendar_rule *b)
{
    struct calendar_rule x = *a;
    x.id = b->id;
    return memcmp(&x, b, sizeof x) == 0;
}

static const struct room_rule *find_rule(const struct room_plan *p, const struct calendar_rule *r)
{
    for (int i = 0; i < p->rule_count; i++) {
        if (same_rule(&p->rules[i].rule, r))
            return &p->rules[i];
    }
    return NULL;
}

static enum err configure_rules(const struct room_plan *p, const struct wire_configure *c,
                                int64_t wall_us, struct room_plan *out)
{
    memset(out->rules, 0, sizeof out->rules);
    out->rule_count = c->rule_count;
    for (int i = 0; i < c->rule_count; i++) {
        struct room_rule *to = &out->rules[i];
        if (!calendar_text_read(c->rules[i], (uint32_t)i + 1, &to->rule))
            return ERR_BAD_MESSAGE;
        const struct room_rule *old = find_rule(p, &to->rule);
        to->handled_us = old ? old->handled_us : wall_us;
    }
    return ERR_OK;
}

enum err room_plan_configure(const struct room_plan *p, const struct wire_configure *c,
                             int64_t wall_us, struct room_plan *out)
{
    struct room_plan next = *p;
    if (c->has_when_empty)
        next.when_empty = c->when_empty;
    if (c->has_empty_after)
        next.empty_after_s = c->empty_after_s;
    if (c->has_after_reboot)
        next.after_reboot = c->after_reboot;
    if (c->has_schedule) {
        enum err e = configure_rules(p, c, wall_us, &next);
        if (e != ERR_OK)
            return e;
    }
    *out = next;
    return ERR_OK;
}

void room_plan_forgive(struct room_plan *p, int64_t wall_us)
{
    for (int i = 0; i < p->rule_count; i++)
        p->rules[i].handled_us = wall_us;
}

bool room_plan_waits(const struct room_plan *p)
{
    for (int i = 0; i < p->rule_count; i++) {
        if (p->rules[i].handled_us == 0)
            return true;
    }
    return false;
}

void room_plan_look(struct room_plan *p, int64_t wall_us)
{
    for (int i = 0; i < p->rule_count; i++) {
        if (p->rules[i].handled_us == 0)
            p->rules[i].handled_us = wall_us;
    }
}

void room_plan_pass(struct room_plan *p, int64_t wall_us)
{
    for (int i = 0; i < p->rule_count; i++) {
        if (p->rules[i].handled_us != 0 && p->rules[i].handled_us < wall_us)
            p->rules[i].handled_us = wall_us;
    }
}

static int64_t handled(const struct room_rule *r, int64_t wall_us)
{
    if (r->handled_us == 0 || r->handled_us - wall_us > MARK_AHEAD_MAX_US)
        return wall_us;
    return r->handled_us;
}

// The last start or stop that was missed, of those that do something or of those that do not.
static bool missed_start(const struct room_plan *p, int32_t cues, int64_t wall_us, bool effect,
                         struct room_occurrence *out)
{
    bool found = false;
    for (int i = 0; i < p->rule_count; i++) {
        const struct room_rule *r = &p->rules[i];
        bool does = r->rule.action == CALENDAR_STOP || r->rule.cue < cues;
        struct calendar_hit hit;
        if (r->rule.action == CALENDAR_HOLD || does != effect ||
            !calendar_last(&r->rule, wall_us, &hit) || hit.wall_us <= handled(r, wall_us) ||
            (found && hit.wall_us < out->wall_us))
            continue;
        *out = (struct room_occurrence){i, hit.wall_us};
        found = true;
    }
    return found;
}

// The first occurrence after what was dealt with, of holds alone or of any rule.
static bool first_after(const struct room_plan *p, int64_t wall_us, bool holds,
                        struct room_occurrence *out)
{
    bool found = false;
    for (int i = 0; i < p->rule_count; i++) {
        const struct room_rule *r = &p->rules[i];
        int64_t after = handled(r, wall_us);
        struct calendar_hit hit;
        if (holds && r->rule.action != CALENDAR_HOLD)
            continue;
        if (!holds && after < wall_us)
            after = wall_us;
        if (!calendar_next(&r->rule, after, &hit) || (found && hit.wall_us >= out->wall_us))
            continue;
        *out = (struct room_occurrence){i, hit.wall_us};
        found = true;
    }
    return found;
}

bool room_plan_next(const struct room_plan *p, int32_t cues, int64_t wall_us,
                    struct room_occurrence *out)
{
    if (missed_start(p, cues, wall_us, true, out))
        return true;
    if (first_after(p, wall_us, true, out) && out->wall_us <= wall_us)
        return true;
    if (missed_start(p, cues, wall_us, false, out))
        return true;
    return first_after(p, wall_us, false, out);
}

void room_plan_handled(struct room_plan *p, const struct room_occurrence *o)
{
    for (int i = 0; i < p->rule_count; i++) {
        // A rule that falls on the same instant and has not had its turn yet comes next.
        bool later = i > o->rule;
        int64_t mark = later ? o->wall_us - 1 : o->wall_us;
        if (p->rules[i].handled_us < mark || p->rules[i].handled_us - mark > MARK_AHEAD_MAX_US)
            p->rules[i].handled_us = mark;
    }
}
