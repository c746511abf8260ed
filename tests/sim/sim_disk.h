// SPDX-License-Identifier: Apache-2.0
// The store as rooms see it, without SQLite: what is durable, and a queue of jobs that becomes
// durable batch by batch, as server/store/store.c does it. A crash loses every job that was not
// durable yet, whole, and nothing else; whether the one under way made it is chance. Nothing is
// pruned, so that the whole history can be checked at the end.
//
//   submitted ──► batch begins ──► durable ──► told
//                            ▲            ▲
//                     crash: lost      crash: durable, but nobody knows
#ifndef TESTS_SIM_SIM_DISK_H
#define TESTS_SIM_SIM_DISK_H

#include "server/room/room_port.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_tour.h"

// A row of the history: the change, and what a replay needs besides.
struct disk_row {
    struct room_change change; // `event` is the row's own
    int64_t durable;           // true time
    house_t known_until;       // of the boot that made it
};

// A point of the past that was read; a command may have been built on it.
struct disk_past {
    struct wire_point point;
    struct room_state state;
    house_t at;
};

struct disk_room {
    int index;
    struct room_record record;
    bool has_due;
    house_t due;
    struct room_seen *seen;
    int seen_count, seen_cap;
    struct disk_row *rows;
    int row_count, row_cap;
    struct disk_past *pasts;
    int past_count, past_cap;
    bool untold;   // a change is here of which the room was told that it failed
    int in_flight; // commits that were submitted and not told
};

struct disk *disk_new(struct sim *s);
void disk_free(struct disk *d);
const struct room_port *disk_port(struct disk *d);

// Setting up: a tour's newest edition; a room.
void disk_publish(struct disk *d, const char *tour_id);
struct disk_room *disk_add_room(struct disk *d, house_t now, int64_t wall_us);

// Rooms with a schedule are due at once, as server/store/anchor_store.h does it.
void disk_make_due(struct disk *d);

int disk_count(const struct disk *d);
struct disk_room *disk_room(struct disk *d, int index);
struct disk_room *disk_find(struct disk *d, const char *id);
// Of a room's row: the index of (epoch, rev), or -1.
int disk_row_of(const struct disk_room *r, uint32_t epoch, int64_t rev);
// NULL for "".
const struct tour *disk_tour(const struct disk *d, const char *hash);
int disk_tours(const struct disk *d);

// What every write answers from now on: ERR_OK, ERR_STORAGE_FULL, ERR_STORAGE_FAILED.
void disk_fault(struct disk *d, enum err e);
enum err disk_state(const struct disk *d);
int64_t disk_slow_until(const struct disk *d); // the end of the last commit that took long
// The server is gone: jobs that wait are forgotten. Their callbacks are called, with a failure, so
// that the rooms can be taken apart; nobody may hear of it.
void disk_crash(struct disk *d);

#endif
