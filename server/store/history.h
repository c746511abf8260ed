// SPDX-License-Identifier: Apache-2.0
// What happened in a room: a row per change, with the state it led to and the command that made it.
// Kept 30 days, within the ceilings of server/room/room_record.h. The functions that take a
// database run on its thread.
#ifndef SERVER_STORE_HISTORY_H
#define SERVER_STORE_HISTORY_H

#include "server/room/room_port.h"
#include "server/store/store.h"

// Writes the row of a change, in the change's own transaction; now and then lets old rows go.
enum err history_write(sqlite3 *db, const struct room_change *c);

// The commands of the last day of a room's life that took effect, ROOM_SEEN_MAX at most, oldest
// first. `*out` is the caller's to free(), whatever comes back.
enum err history_seen(sqlite3 *db, const char *room_id, struct room_seen **out, int *count);

// This fills a room_port (ctx: the struct store).
void history_past(void *store, const char *room_id, const struct wire_point *point,
                  void (*done)(void *user, enum err err, struct room_past *past), void *user);

struct history_row {
    struct room_state state;
    house_t at;
    int64_t wall_us; // 0: the wall clock could not be trusted
    char actor[WIRE_NAME_MAX + 1];
    char op[16];
    char *event; // JSON; NULL for what happened by itself
};

// The newest `max` rows before (epoch, rev), newest first. Free with history_free().
int history_list(sqlite3 *db, const char *room_id, uint32_t epoch, int64_t rev,
                 struct history_row *out, int max);
void history_free(struct history_row *rows, int count);

#endif
