// SPDX-License-Identifier: Apache-2.0
// A copy of the whole database while it is in use, in two parts:
//
//   backup_start    through the store's own connection, since there may be no second one (db.h), 64
//                   pages at a time as a job between the commits. Pages that change meanwhile are
//                   copied again by SQLite: the copy is the state at its last step
//   backup_finish   on a worker thread, on the copy alone: forgets logins, checks it, adds the sum
//
// A backup is a plain SQLite database (sqlite3 opens it) with one line behind its last page: the
// SHA-256 of all before. SQLite's own checks find torn pages and lost rows, not a letter of a
// title that a bad stick changed.
#ifndef SERVER_STORE_BACKUP_H
#define SERVER_STORE_BACKUP_H

#include "server/store/store.h"

#include <stddef.h>

enum {
    // 256 KiB a step (1 MiB of an older database): some milliseconds into the page cache.
    BACKUP_STEP_PAGES = 256,
    // "\nroomtone backup, sha256 of what is before: HEX\n"; less than the smallest page.
    BACKUP_SUM_LEN = 109,
    // "Rmtb": a sum belongs to this file; without it something is missing. A database in use has 0.
    BACKUP_APPLICATION_ID = 0x526d7462,
};

// Copies into `path`, which is removed when that fails. `done` on the loop's thread: ERR_BUSY when
// one is under way, ERR_STORAGE_FULL, ERR_STORAGE_FAILED.
void backup_start(struct store *s, const char *path, void (*done)(void *user, enum err err),
                  void *user);

// Makes the copy a backup: no logins that still work, sound, with its sum, synced. Blocks; any
// thread. The file is removed when that fails.
enum err backup_finish(const char *path);

// Takes a backup's sum off. False when the file is no backup or not what it was. A database without
// a sum (a snapshot) passes, too: there is only its structure to check then.
bool backup_take_sum(const char *path);

// Ends a copy that is under way from this connection, which is about to be closed: it fails.
// The store's thread, or the one that has the database.
void backup_let_go(sqlite3 *db);

#endif
