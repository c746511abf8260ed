// SPDX-License-Identifier: Apache-2.0
// The box: its power, its clocks, and the server's loop. House time follows the rules of
// server/house/house.h, written here once more: same boot exact; after a reboot by the wall clock
// when that can be trusted, else a guess; never below what was reserved.
#ifndef TESTS_SIM_SIM_BOX_H
#define TESTS_SIM_SIM_BOX_H

#include "server/room/rooms.h"
#include "tests/sim/sim.h"

struct box *box_new(struct sim *s);
void box_free(struct box *b);

// Setting up: starts the server for the first time.
void box_begin(struct box *b);
// The story is over: whatever is broken is repaired at once.
void box_heal(struct box *b);

bool box_up(const struct box *b);  // the server runs
int box_life(const struct box *b); // one higher with every start of the server
struct rooms *box_rooms(struct box *b);
// House time, as the server reads it.
house_t box_house(struct box *b);
int64_t box_true(const struct box *b, house_t at); // true time of a house time of this boot
uint32_t box_clock_epoch(const struct box *b);
house_t box_known_until(const struct box *b);
int64_t box_wall_us(const struct box *b, house_t at); // as rooms are told; 0: not trusted
// Rises whenever wall clock and house time part, as rooms are told, or trust changes.
int box_wall_changes(const struct box *b);

// What goes wrong. The server ends, and comes back; so does the power, with or without a clock that
// is known; the wall clock is set, or lost; the loop does nothing for a while; the disk refuses.
void box_kill(struct box *b, int64_t off_us);
void box_power_off(struct box *b, int64_t off_us, bool battery);
void box_move_wall(struct box *b, int64_t by_us, bool trusted);
bool box_wall_trusted(const struct box *b);
void box_stall(struct box *b, int64_t span_us);
void box_fault(struct box *b, enum err e);

// The loop does nothing until then.
bool box_stalled(const struct box *b);
int64_t box_stalled_until(const struct box *b);
// True time since when nothing was wrong with the box.
int64_t box_fine_since(const struct box *b);
// At the end of every turn of the loop: plans the next waking.
void box_settle(struct box *b);

#endif
