// SPDX-License-Identifier: Apache-2.0
// What the files of the check share.
#ifndef TESTS_SIM_SIM_CHECK_PRIVATE_H
#define TESTS_SIM_SIM_CHECK_PRIVATE_H

#include "tests/sim/sim_check.h"

// What is known of a command, by its number.
struct check_ask {
    bool effect;
    house_t effect_at;
    bool acked, other;
    bool original; // was acked as no duplicate
    char room[WIRE_ID_MAX + 1];
    struct wire_ack ack;
    house_t when;
};

enum { CHECK_ROOMS = 16 };

struct check {
    struct sim *sim;
    bool muted;
    int64_t acks;
    struct check_room rooms[CHECK_ROOMS];
    struct check_ask *asks;
    int ask_cap;
};

struct check_ask *check_ask_of(struct check *c, const char *cmd_id);
// Does a row come from outside, and not by arithmetic?
bool check_from_outside(const struct room_change *c);

// The command of a row, from its JSON and who gave it. False when it has none.
bool check_read_event(const struct room_change *c, struct wire_command *out);
// I13 (sim_check_lease.c): a row, and the lease before it.
void check_right(struct check *c, struct check_room *cr, const struct room_change *row,
                 const struct room_lease *before);
bool check_for_guides(enum wire_op op);
// Replays a room's history (sim_replay.c).
void check_replay(struct check *c, struct disk_room *r);

#endif
