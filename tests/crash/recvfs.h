// SPDX-License-Identifier: Apache-2.0
// A SQLite VFS that records what a run asks of the disk: every write, truncation, sync, creation
// and removal of the files in one folder, with the data, in order. It stands before the stock VFS,
// becomes the default one, and does not sync anything itself: what a power cut would leave is
// worked out of the recording (image.h).
//
// It offers no shared memory, so WAL mode works in EXCLUSIVE mode only: a database that is opened
// otherwise fails here at once.
// Thread: any; one recording at a time.
#ifndef TESTS_CRASH_RECVFS_H
#define TESTS_CRASH_RECVFS_H

#include <stdbool.h>
#include <stdint.h>

enum recvfs_kind { REC_CREATE, REC_WRITE, REC_TRUNCATE, REC_SYNC, REC_REMOVE };

struct recvfs_event {
    enum recvfs_kind kind;
    int file;         // a number for each file that ever was; a name used again is another file
    const char *name; // within the folder
    int64_t offset;   // REC_WRITE; the new size for REC_TRUNCATE
    int64_t len;
    unsigned char *data;
    bool folder; // REC_SYNC, REC_REMOVE: the stock VFS syncs the folder as well
};

// Makes the recording VFS the default, and SQLite's random numbers those of `seed`, so that the
// same run gives the same recording. Before anything else uses SQLite.
void recvfs_install(uint64_t seed);

// Begins a recording of the files in `folder`; what is there already is recorded as durable.
void recvfs_start(const char *folder);
// What was recorded so far.
int64_t recvfs_count(void);
const struct recvfs_event *recvfs_event(int64_t i);
// Ends it and forgets it.
void recvfs_clear(void);

#endif
