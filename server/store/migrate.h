// SPDX-License-Identifier: Apache-2.0
// Schema steps: numbered, forward only, each in one transaction together with its number. A step,
// once released, is never edited; a change is a new step at the end.
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

// Brings the schema up to date. An existing database is copied first (server/store/snapshot.h), and
// stays as it is when that fails. False with one line in `error`; the file is then at the last step
// that succeeded. A schema newer than this program is refused, and the error says how to go back.
bool migrate(sqlite3 *db, char *error, size_t error_size);

// The steps, as SQL; step N is steps[N-1] and leads to schema N.
struct migrate_plan {
    const char *const *steps;
    int count;
    bool no_snapshot; // of a file that is a copy itself
};
struct migrate_plan migrate_plan(void);
// The same by another plan: for tests, and to know what an older schema looked like.
bool migrate_by(sqlite3 *db, const struct migrate_plan *plan, char *error, size_t error_size);

#endif
