// SPDX-License-Identifier: Apache-2.0
// Schema steps: numbered, forward only, each in one transaction together with its number. A step,
// once released, is never edited; a change is a new step at the end.
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

// Brings the schema up to date. False with one line in `error`; the file is then as it was. A
// schema newer than this program is refused.
bool migrate(sqlite3 *db, char *error, size_t error_size);

#endif
