// SPDX-License-Identifier: Apache-2.0
// Puts a checked backup (restore_check.h) in the place of the database. Two halves, so that the
// running server never has a database pulled away from under it:
//
//   restore_stage   while serving: the file gets the name roomtone.db.restore
//   restore_apply   at the next start, before the database is opened
//
//     the database as it is is kept in snapshots/before-restore-N.db; the staged one gets today's
//     clock, so that house time goes on, and for each group an epoch above any that members have
//     seen, so that they take its state for newer; then it gets the database's name
//
// That last rename decides. A crash before it leaves the old database and the staged file, and the
// next start does all of it again; a crash after it leaves the new one.
// Thread: any, before the store starts; blocks on the disk.
#ifndef SERVER_STORE_RESTORE_H
#define SERVER_STORE_RESTORE_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

// Takes the file at `path` over as the one to be restored to `db_path`. On the same file system.
enum err restore_stage(const char *path, const char *db_path);

// Does what is staged, if anything. A staged file that cannot be used is set aside as
// roomtone.db.refused, and the old database goes on; that is logged. False with one line in `error`
// when it is not known which database would be opened.
bool restore_apply(const char *db_path, char *error, size_t error_size);

#endif
