// SPDX-License-Identifier: Apache-2.0
// A second opinion: where a room stands at a house time, from one state of it and the rules of
// ROOM.md, step by step and slowly; rounds of a loop and occurrences of a schedule are taken one at
// a time. Uses the room's structs to hold things, none of its functions.
//
// Calendars: UTC only, where every date has all its hours.
#ifndef TESTS_SIM_SIM_ORACLE_H
#define TESTS_SIM_SIM_ORACLE_H

#include "server/room/room_record.h"

// Wall clock minus house time; when it is not known the schedule is left out.
struct oracle_wall {
    bool known;
    int64_t off_us;
};

// Everything that happens by itself up to `until`, each at its own instant.
void oracle_run(struct room_state *s, const struct tour *tour, house_t until,
                struct oracle_wall wall);
// The instant of the next such thing; false when there is none.
bool oracle_next(const struct room_state *s, const struct tour *tour, struct oracle_wall wall,
                 house_t *next);
// Has a rule an occurrence after one instant, and not after another (wall clock)?
bool oracle_occurs(const struct calendar_rule *r, int64_t after_us, int64_t until_us);

int64_t oracle_position(const struct room_part *p, const struct tour *tour, house_t at);
// Do two states stand at the same place at `at`, and run on from there alike?
bool oracle_same_place(const struct room_state *a, const struct room_state *b,
                       const struct tour *tour, house_t at);

// A command that was accepted. NULL when the oracle agrees and `s` is what it led to; else why not.
struct oracle_command {
    const struct wire_command *command;
    house_t now;
    int64_t lead_us, wall_us;
    const struct tour *tour; // OP_LOAD, OP_RESTORE: of the state it led to
    const char *tour_id, *tour_hash;
    const struct room_state *point; // OP_RESTORE
    house_t point_at;
};
const char *oracle_command(struct room_state *s, const struct tour *tour,
                           const struct oracle_command *c);
// The box was off for an unknown time.
void oracle_reboot(struct room_state *s, const struct tour *tour, house_t known_until, house_t now);

#endif
