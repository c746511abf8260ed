// SPDX-License-Identifier: Apache-2.0
// Kiosks as rows of the table `kiosk`.
// Thread: the store's, inside a job; kiosk_rows_list also before the store starts.
#ifndef SERVER_KIOSKS_KIOSK_ROWS_H
#define SERVER_KIOSKS_KIOSK_ROWS_H

#include "server/kiosks/kiosks.h"

// Takes the row over, or makes it, for a kiosk that joined: what staff have set stays. Fills `k` as
// it is now, and `gone` with the id of the one that made room ("": none had to). ERR_HOUSE_FULL
// when none could.
enum err kiosk_rows_met(sqlite3 *db, struct kiosk *k, char gone[WIRE_KIOSK_LEN + 1]);
// ERR_NOT_FOUND.
enum err kiosk_rows_read(sqlite3 *db, const char *id, struct kiosk *out);
// Writes what staff set.
enum err kiosk_rows_keep(sqlite3 *db, const struct kiosk *k);
enum err kiosk_rows_forget(sqlite3 *db, const char *id);
// Is there such a group to put one in?
bool kiosk_rows_group(sqlite3 *db, const char *id);

// All, by id; returns how many.
int kiosk_rows_list(sqlite3 *db, struct kiosk out[KIOSKS_MAX]);

#endif
