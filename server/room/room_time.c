// SPDX-License-Identifier: Apache-2.0
// What a room does by itself. Every such thing follows from its durable state and the clocks, so
// there is no list of timers that could be lost: a room that wakes looks at its state and knows.
// One instant per room is kept in the store, the next at which it must be awake.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/room_private.h"

#include <string.h>

// What the schedule asks for is announced this much ahead, so that it happens on every player even
// if the box is gone at that instant. Long enough for a restart, short enough that a curator's
// change of mind seldom meets it.
#define PREROLL_US INT64_C(5000000)
// The wall clock and house time part by some seconds a day: the schedule is looked at again.
#define REPLAN_US INT64_C(60000000)
// How long a room waits for what is on the disk before it asks again.
#define REREAD_US INT64_C(1000000)
// A room with a schedule whose wall clock cannot be trusted waits for that, however long.
#define WAITS_FOR_TRUST_US WIRE_TIME_MAX

// A lease that is given just now is new; until it is durable `renewed` is of the last holder.
static bool lease_in_flight(const struct room *r)
{
    return r->head.lease.fence != r->record.state.lease.fence;
}

struct room_event room_event_at(const struct room *r, enum room_event_kind kind, house_t now)
{
    const struct room_port *port = r->house->port;
    return (struct room_event){
        .kind = kind,
        .now = now,
        .clock_epoch = r->house->clock_epoch,
        .wall_us = port->wall_us(port->ctx, now),
        .lease_age_us = lease_in_flight(r) ? 0 : house_diff_us(now, r->renewed),
    };
}

// The schedule's next occurrence and its house time.
static bool next_occurrence(const struct room *r, house_t now, struct room_occurrence *o,
                            house_t *due)
{
    const struct room_plan *plan = &r->head.plan;
    const struct tour *tour = edition_tour(r->head_edition);
    int64_t wall_us = plan->rule_count ? r->house->port->wall_us(r->house->port->ctx, now) : 0;
    if (wall_us == 0 || !room_plan_next(plan, tour ? tour->cue_count : 0, wall_us, o))
        return false;
    // The wall clock may be put ahead by more than there is house time, which has a beginning.
    *due = house_max(house_add_us(now, o->wall_us - wall_us), (house_t){0});
    return true;
}

// When the schedule has something to do: the announcement, after what is pending before it.
static bool schedule_due(const struct room *r, house_t now, house_t *due)
{
    struct room_occurrence o;
    house_t at;
    if (!next_occurrence(r, now, &o, &at))
        return false;
    *due = house_add_us(at, -PREROLL_US);
    if (r->head.has_pending && r->head.pending_at.us < at.us)
        *due = house_max(*due, r->head.pending_at);
    return true;
}

static bool lapse_due(const struct room *r, house_t *due)
{
    const struct room_lease *l = &r->head.lease;
    *due = house_add_us(r->renewed, LEASE_FREE_US);
    return l->holder[0] && l->deputy[0] && !lease_in_flight(r) && room_guide(r, l->deputy);
}

static bool somebody_here(const struct room *r)
{
    return r->counts[ROLE_VISITOR] + r->counts[ROLE_GUIDE] > 0;
}

static bool presence_differs(const struct room *r)
{
    return r->head.plan.when_empty != EMPTY_CONTINUE &&
           somebody_here(r) != (r->head.presence == PRESENCE_SOMEBODY);
}

static bool reboot_to_take(const struct room *r)
{
    const struct room_state *s = &r->head;
    return s->clock_epoch < r->house->guessed_epoch && s->plan.after_reboot == REBOOT_HOLD &&
           (s->now.mode == MODE_RUNNING || s->has_pending);
}

static bool first_look(const struct room *r, house_t now)
{
    const struct room_port *port = r->house->port;
    return room_plan_waits(&r->head.plan) && port->wall_us(port->ctx, now) != 0;
}

static void sooner(bool applies, house_t due, bool *found, house_t *first)
{
    if (applies && (!*found || due.us < first->us))
        *first = due;
    *found = *found || applies;
}

bool room_next_due(const struct room *r, house_t now, house_t *first)
{
    house_t due = now;
    bool found = false;
    sooner(presence_differs(r) || reboot_to_take(r), now, &found, first);
    sooner(room_state_due(&r->head, edition_tour(r->head_edition), &due), due, &found, first);
    sooner(schedule_due(r, now, &due), due, &found, first);
    sooner(lapse_due(r, &due), due, &found, first);
    return found;
}

void room_plan_ahead(struct room *r, house_t now)
{
    house_t due = now;
    bool found = room_next_due(r, now, &due);
    sooner(r->head.plan.rule_count > 0, house_add_us(now, REPLAN_US), &found, &due);
    sooner(room_stop_waits(r) || r->unsure, now, &found, &due);
    if (r->trouble || r->unsure)
        due = house_max(due, r->retry_at);
    // While changes that cannot land are in flight nothing is tried; the last of them plans again.
    if (found && !r->closed && !(r->trouble && r->first) && r->flights < FLIGHTS_MAX)
        agenda_set(r->house->agenda, &r->due, due);
    else
        agenda_remove(r->house->agenda, &r->due);
}

bool room_durable_due(const struct room *r, house_t now, house_t *due)
{
    bool found = room_next_due(r, now, due);
    // Where the plan depends on whether somebody is there, a crash must not go unnoticed: zero
    // means "look at me at the next start".
    sooner(r->head.presence == PRESENCE_SOMEBODY && r->head.plan.when_empty != EMPTY_CONTINUE,
           (house_t){0}, &found, due);
    sooner(r->head.plan.rule_count > 0, (house_t){WAITS_FOR_TRUST_US}, &found, due);
    return found;
}

static void take_schedule(struct room *r, house_t now)
{
    house_t due;
    // Each occurrence taken marks itself and what came before, so this ends; the bound is for a
    // rule that does not.
    for (int i = 0; i < 2 * WIRE_RULES_MAX; i++) {
        struct room_event e = room_event_at(r, EVENT_SCHEDULE, now);
        if (!schedule_due(r, now, &due) || due.us > now.us ||
            !next_occurrence(r, now, &e.occurrence, &e.due))
            return;
        if (!room_step(r, &e, "schedule"))
            return;
    }
    log_warn("room", "group %s: its schedule does not come to rest", r->record.id);
}

void room_advance(struct room *r, house_t now)
{
    struct room_event e;
    if (r->closed)
        return;
    if ((r->trouble || r->unsure) && (r->first || now.us < r->retry_at.us)) {
        room_plan_ahead(r, now);
        return;
    }
    if (r->unsure) {
        r->retry_at = house_add_us(now, REREAD_US);
        room_reread(r);
        room_plan_ahead(r, now);
        return;
    }
    if (room_stop_waits(r))
        room_stop_again(r, now);
    if (reboot_to_take(r)) {
        e = room_event_at(r, EVENT_REBOOT, now);
        e.clock_epoch = r->house->clock_epoch;
        e.known_until = r->house->known_until;
        room_step(r, &e, "reboot");
    }
    if (first_look(r, now)) {
        e = room_event_at(r, EVENT_PLAN, now);
        room_step(r, &e, "plan");
    }
    take_schedule(r, now);
    if (lapse_due(r, &e.due) && e.due.us <= now.us) {
        e = room_event_at(r, EVENT_LAPSE, now);
        room_step(r, &e, "lapse");
    }
    if (presence_differs(r)) {
        e = room_event_at(r, EVENT_VISITORS, now);
        e.somebody = somebody_here(r);
        room_step(r, &e, e.somebody ? "visitors" : "empty");
    }
    e = room_event_at(r, EVENT_TIME, now);
    room_step(r, &e, "advance");
    room_plan_ahead(r, now);
}

// The hour the store knows may be off by what the clocks have parted: rooms are woken a minute
// ahead, half of that is left.
#define STALE_US (ROOM_AWAKE_US / 2)

bool room_may_sleep(struct room *r, house_t now)
{
    house_t due;
    if (!room_is_still(r) || r->urgent || r->unsure || r->closed)
        return false;
    if (room_next_due(r, now, &due) && house_diff_us(due, now) < ROOM_AWAKE_US)
        return false;
    bool has_due = room_durable_due(r, now, &due);
    int64_t off = has_due && r->has_due ? house_diff_us(due, r->durable_due) : 0;
    if (has_due == r->has_due && off < STALE_US && off > -STALE_US)
        return true;
    if (r->trouble)
        return false;
    struct room_event e = room_event_at(r, EVENT_PLAN, now);
    room_step(r, &e, "plan");
    return false;
}
