// SPDX-License-Identifier: Apache-2.0
// The invariants of the house, by the names they have in the specification of its reliability:
//
//   I1  what was acked is durable              I7  same cmd_id, same answer, one effect
//   I2  row, seen commands and history agree   I8  what happens by itself does, once, in its
//   instant I3  nobody hears what is not durable       I9  nothing takes effect before it can be
//   heard of I4  what one member hears never falls      I11 nothing grows without a ceiling I5 soon
//   after a fault all hear the same   I12 house time never falls I6  the place is the arithmetic
//   one        I13 nothing without a role and, for guides, a lease I2r the history, replayed by
//   room_state_step, gives its own states, byte for byte
#ifndef TESTS_SIM_SIM_CHECK_H
#define TESTS_SIM_SIM_CHECK_H

#include "common/base/bytes.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_oracle.h"

// What is known of a room besides its rows.
struct check_room {
    // The newest change that came from outside: from here on all is arithmetic.
    struct room_state from;
    struct oracle_wall from_wall;
    int rows;  // seen
    int stops; // stop_now commands that reached the room in this life of the server
    // The lease, by its holder, as far as the server said so; and the time before.
    house_t renewed, renewed_before;
    house_t woken;     // the room was read into memory
    struct bytes text; // what was spoken last, decoded
    struct heard *heard;
    int odd_row; // at the last look it was not where it should be, or did not know who is there
};

struct check *check_new(struct sim *s);
void check_free(struct check *c);
struct check_room *check_room(struct check *c, const struct disk_room *r);
struct oracle_wall check_wall(const struct room_change *c); // of a row

// From the box: turns of the loop; the server's beginning and end. While it is taken apart nothing
// counts.
void check_turn(struct check *c);
void check_started(struct check *c);
void check_stopping(struct check *c);
bool check_muted(const struct check *c);

// From the disk: a change was handed over, became durable; a room was read.
void check_submitted(struct check *c, struct disk_room *r, const struct room_change *change);
void check_durable(struct check *c, struct disk_room *r);
void check_woken(struct check *c, const char *id);

// From the connections: a command reaches a room; its answer leaves; a state leaves. The state is
// the check's own, shared by all who get the same bytes.
void check_command(struct check *c, const struct wire_command *command);
void check_answer(struct check *c, const struct wire_command *command, bool other,
                  const struct room_actor *who, house_t arrived, const struct wire_message *m);
struct heard *check_spoken(struct check *c, const char *id, const struct bytes *text);
// A client hears a state; `before` is the one it took last in this connection.
void check_heard(struct check *c, const char *name, const struct heard *h,
                 const struct heard *before, bool falls, uint32_t epoch, int64_t rev);

// Every few seconds: nothing is overdue, everybody is where they should be.
void check_look(struct check *c);
// After the faults: everybody holds the same.
void check_agreed(struct check *c);
// The whole history of every room once more, in one piece.
void check_end(struct check *c);
int64_t check_acks(const struct check *c);

#endif
