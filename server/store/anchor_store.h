// SPDX-License-Identifier: Apache-2.0
// The clock anchor's row (server/house/house.h).
#ifndef SERVER_STORE_ANCHOR_STORE_H
#define SERVER_STORE_ANCHOR_STORE_H

#include "server/house/house.h"
#include "server/store/store.h"

#include <stddef.h>

// Whether a database of another schema has what is read here.
bool anchor_store_known(sqlite3 *db);
// present = false when there is no row yet.
enum err anchor_store_read(sqlite3 *db, struct house_anchor *out);
enum err anchor_store_write(sqlite3 *db, const struct house_anchor *a);
// The same through the store's thread; `done` with what became of it.
void anchor_store_submit(struct store *s, const struct house_anchor *a,
                         void (*done)(void *user, enum err err), void *user);

// Beside the anchor stands the time zone that the schedules were planned for; "" when that is not
// known (a new box, or a database from before it was kept).
enum err anchor_store_zone(sqlite3 *db, char *out, size_t size);
// Writes the anchor and the zone, and makes every room with a schedule due at once, in one
// transaction: each wakes at the start, plans anew, and is due again until that is on the disk.
enum err anchor_store_replan(sqlite3 *db, const struct house_anchor *a, const char *zone);

#endif
