// SPDX-License-Identifier: Apache-2.0
// A room's state as columns. The room's own row and every row of its history have the same ones, so
// there is one way to write a state and one to read it. Thread: the store's.
#ifndef SERVER_STORE_ROOM_ROWS_H
#define SERVER_STORE_ROOM_ROWS_H

#include "server/room/room_record.h"

#include <sqlite3.h>

#define ROOM_STATE_COLUMNS                                                             \
    "epoch,rev,clock_epoch,tour_id,tour_hash,mode,cue,p0_us,t0_us,rate,"               \
    "pending_at_us,pending_mode,pending_cue,pending_p0_us,pending_t0_us,pending_rate," \
    "presence,empty_at_us,when_empty,empty_after_s,after_reboot,schedule,"             \
    "fence,holder,holder_name,deputy,deputy_name"
enum { ROOM_STATE_COUNT = 27 };
// As many question marks.
#define ROOM_STATE_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

// From parameter `i` on. What does not count (no pending, no tour) stays NULL.
void room_rows_bind(sqlite3_stmt *st, int i, const struct room_state *s);
// From column `i` on. False when the row cannot be a state: the file is damaged.
bool room_rows_read(sqlite3_stmt *st, int i, struct room_state *s);

#endif
