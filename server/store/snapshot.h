// SPDX-License-Identifier: Apache-2.0
// Copies of the whole database that are kept in the folder `snapshots` beside it: one before each
// migration, one before each restore. A copy is one file in the old journal mode, so that it can be
// carried away, and it was read back and found sound before it got its name.
// Thread: the one that has the database; it blocks on the disk.
#ifndef SERVER_STORE_SNAPSHOT_H
#define SERVER_STORE_SNAPSHOT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

// Of each kind this many are kept, the newest. A database is some MB; five schema changes are
// years.
enum { SNAPSHOT_KEEP = 5 };

// Keeps the database as it is before it leaves schema `version`: snapshots/roomtone-schema-N.db.
// A database without a file (tests in memory) needs none. False with one line in `error`, and then
// nothing may be changed.
bool snapshot_before_migration(sqlite3 *db, int version, char *error, size_t error_size);

// Keeps it before a restore takes its place: snapshots/before-restore-N.db, N counting up. The
// name it got is in `path`.
bool snapshot_before_restore(sqlite3 *db, char *path, size_t path_size, char *error,
                             size_t error_size);

// The snapshot of the newest schema that a program knows which knows `schema`: what the database
// was before a newer program took it. False when there is none.
bool snapshot_of_schema(const char *db_path, int schema, char *path, size_t size);

// The folder of the snapshots of the database at `db_path`.
void snapshot_folder(const char *db_path, char *out, size_t size);
// Makes it, if it is not there. False with errno.
bool snapshot_make_folder(const char *folder);
// The number the next before-restore snapshot gets, from 1.
int snapshot_next(const char *folder);

#endif
