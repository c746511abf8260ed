// SPDX-License-Identifier: Apache-2.0
// The run that powercut.c records: batches of changes of several rooms through the real store, and
// what must be true after each. All of it is a function of the seed and the batch's number.
#ifndef TESTS_CRASH_LOAD_H
#define TESTS_CRASH_LOAD_H

#include "server/store/room_store.h"

enum { LOAD_ROOMS = 5, LOAD_BATCHES_MAX = 5000, LOAD_DOCS = 7 };

// What is true after a batch. Batch 1 makes the rooms. The clock anchor's house time is the number.
struct load_batch {
    int64_t rev[LOAD_ROOMS];
    int64_t begun, acked; // positions in the recording; acked 0: never
};
extern struct load_batch load_batches[LOAD_BATCHES_MAX + 1];

// Records the run of so many batches on the database `db` in `folder`.
void load_record(const char *folder, const char *synchronous, int batches, uint64_t seed);

// What a change holds.
void load_room_id(int room, char out[WIRE_ID_MAX + 1]);
int64_t load_position(int room, int64_t rev);
bool load_has_command(int room, int64_t rev); // the others a room made by itself
void load_cmd_id(int room, int64_t rev, char out[WIRE_CMD_ID_LEN + 1]);
// Document b % LOAD_DOCS has this size after batch b.
int64_t load_doc_size(int batch);

#endif
