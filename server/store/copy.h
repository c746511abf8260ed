// SPDX-License-Identifier: Apache-2.0
// A copy of the database as a file of its own: a snapshot, a backup being made, one being restored.
// Nobody else has it, it may come from a stranger, and until it is finished it is worth nothing: so
// it is opened with every care against what stands in it, and without syncs.
// Thread: any, one at a time; blocks on the disk.
#ifndef SERVER_STORE_COPY_H
#define SERVER_STORE_COPY_H

#include <sqlite3.h>
#include <stdbool.h>

// NULL when it cannot be opened. With `fresh` it is made: a crash leaves rubbish.
sqlite3 *copy_open(const char *path, bool fresh);
// Takes it out of WAL mode, so that it is one file, and closes it. False when that failed. Not
// synced. NULL is no copy: false.
bool copy_close(sqlite3 *db);

// All of integrity_check and foreign_key_check.
bool copy_is_sound(sqlite3 *db);
// Removes what lets somebody in who has the file: logins and visits. Their bytes are overwritten.
bool copy_forget_logins(sqlite3 *db);

#endif
