// SPDX-License-Identifier: Apache-2.0
// A file that holds space for bad days, beside the database. It is given up when the disk is full,
// so that the clock anchor, the recovery and the journal's lines have room; and the disk counts as
// having space again only when the file could be made again, which keeps the store from going back
// and forth over the last free page.
// Thread: the store's.
#ifndef SERVER_STORE_RESERVE_H
#define SERVER_STORE_RESERVE_H

#include <stdbool.h>

// The anchor is renewed once a minute and costs at most two pages: half a day of it fits with the
// checkpoints of a log at its ceiling (4 MiB) beside it.
#define RESERVE_BYTES (8 * 1024 * 1024)

// Makes the file, or finds it whole. False when there is no space. A file system that cannot
// allocate ahead has no reserve: true.
bool reserve_take(const char *path);
void reserve_give(const char *path);

#endif
