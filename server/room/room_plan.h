// SPDX-License-Identifier: Apache-2.0
// What a group does by itself: its schedule, and what happens when nobody is there or when nobody
// knows how long the box was off. Part of a room's durable state.
//
// Of each rule the wall-clock time of the newest occurrence that was dealt with is kept, in the
// same change as its effect: so each takes effect exactly once. What came due while the box was
// off is caught up by arithmetic, not by replay. Occurrences say where the group stands, not how
// it got there, so at most two missed ones matter:
//
//      start 10:00    hold 10:20    start 10:40    hold 11:00    hold 11:20       now
//    ──────┴──────────────┴─────────────┴──────────────┴─────────────┴─────────────┴──►
//                                       1              2
//
// the last start or stop (1), and the first hold after it (2). Both take effect at their scheduled
// instants, so the group stands where it would have been.
//
// Pure: reads no clock. "Wall" is the wall clock, us since 1970, which decides calendars and
// nothing else; while it cannot be trusted the caller asks for nothing here.
#ifndef SERVER_ROOM_ROOM_PLAN_H
#define SERVER_ROOM_ROOM_PLAN_H

#include "common/base/err.h"
#include "common/wire/wire.h"
#include "server/house/calendar.h"

struct room_rule {
    struct calendar_rule rule;
    int64_t handled_us; // wall; 0: nothing before the first look at a trusted clock is owed
};

struct room_plan {
    enum wire_empty when_empty;
    int32_t empty_after_s; // from the last visitor's leaving to EMPTY_HOLD or EMPTY_RESET
    enum wire_reboot after_reboot;
    int32_t rule_count;
    struct room_rule rules[WIRE_RULES_MAX];
};

// Ten minutes: longer than a visitor's look at the map, shorter than the next visitor's patience.
enum { ROOM_EMPTY_AFTER_S = 600 };

// A new group: goes on whatever happens, no schedule.
void room_plan_init(struct room_plan *p);

// OP_CONFIGURE. A rule that stays as it was keeps what it has dealt with, a new one owes nothing
// from before `wall_us` (0: unknown). ERR_BAD_MESSAGE for a rule that is none.
enum err room_plan_configure(const struct room_plan *p, const struct wire_configure *c,
                             int64_t wall_us, struct room_plan *out);

// Everything up to `wall_us` counts as dealt with: for a plan that comes back from history.
void room_plan_forgive(struct room_plan *p, int64_t wall_us);

// A rule that was never looked at with a trusted clock owes nothing until it is: is there one, and
// the look (`wall_us` 0: not trusted, nothing changes). It is kept, so that what comes due from
// here on is not lost to an outage.
bool room_plan_waits(const struct room_plan *p);
void room_plan_look(struct room_plan *p, int64_t wall_us);

// Nothing up to `wall_us` (0: unknown) is owed any more.
void room_plan_pass(struct room_plan *p, int64_t wall_us);

struct room_occurrence {
    int32_t rule; // index
    int64_t wall_us;
};

// What the schedule asks for next: a missed occurrence that still matters, else the next one to
// come. `cues`: how many the group's tour has; a start beyond them does nothing, so that it hides
// nothing that was missed before it. False without rules.
bool room_plan_next(const struct room_plan *p, int32_t cues, int64_t wall_us,
                    struct room_occurrence *out);

// Notes that an occurrence was dealt with, and with it all that came before.
void room_plan_handled(struct room_plan *p, const struct room_occurrence *o);

#endif
