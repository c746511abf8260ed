// SPDX-License-Identifier: Apache-2.0
// The clock anchor's row (server/house/house.h).
#ifndef SERVER_STORE_ANCHOR_STORE_H
#define SERVER_STORE_ANCHOR_STORE_H

#include "server/house/house.h"
#include "server/store/store.h"

// present = false when there is no row yet.
enum err anchor_store_read(sqlite3 *db, struct house_anchor *out);
enum err anchor_store_write(sqlite3 *db, const struct house_anchor *a);
// The same through the store's thread; `done` with what became of it.
void anchor_store_submit(struct store *s, const struct house_anchor *a,
                         void (*done)(void *user, enum err err), void *user);

#endif
