// SPDX-License-Identifier: Apache-2.0
// What the database costs the disk: a layer between SQLite and the files, which counts what is
// written and how long each sync takes. Cards of flash wear out by the first, commands wait for the
// second. Counted are the database, its log and copies of it; not content files, which are written
// once and stay.
//
// What the file system adds (its journal, its own blocks) is not seen here.
// Thread: any; the figures are the program's since its start.
#ifndef SERVER_STORE_WEAR_H
#define SERVER_STORE_WEAR_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { WEAR_BUCKETS = 10 };

struct wear {
    int64_t bytes;                // written
    int64_t syncs;                // fsync and its like
    int64_t sync_us;              // spent in them
    int64_t within[WEAR_BUCKETS]; // syncs that took no longer than wear_bucket_us(i)
};

// The name to open a database by (sqlite3_open_v2). Below it is SQLite's default at each call.
const char *wear_vfs(void);

// From now on, and until it is said again with false, what is read of the database comes from
// memory, if it is no larger than 16 MiB: for who reads all of it. A write ends it. False when the
// file cannot be read.
bool wear_whole(sqlite3 *db, bool on);

struct wear wear_read(void);
int64_t wear_bucket_us(int i);

#endif
