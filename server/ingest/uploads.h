// SPDX-License-Identifier: Apache-2.0
// Files on their way into the house, in pieces, so that a lost connection or a new start of the
// server costs little. Each is two files in a folder of its own:
//
//   ID.part   what came so far
//   ID.json   {"name","size","received","made","touched"}: how much of it is surely on disk
//
// A piece goes straight into the file, and what came of one that broke off counts. The end of a
// piece is told only when it is synced, which a thread of libuv's does; then ID.json says so. At a
// start each file is cut to what its ID.json says, since behind that may stand anything.
// Nothing here needs a database: after a power cut an upload may be lost, never wrong.
//
// Names that people's machines gave are kept to be shown; no path is ever made of them.
// Times are house time in us. Thread: the loop's.
#ifndef SERVER_INGEST_UPLOADS_H
#define SERVER_INGEST_UPLOADS_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum {
    UPLOADS_MAX = 200,
    UPLOAD_ID_LEN = 32,
    UPLOAD_NAME_MAX = 200, // UTF-8 bytes
    UPLOAD_PIECE_MAX = 8 * 1024 * 1024,
    UPLOAD_PATH_MAX = 700,
};

struct uploads;
struct upload_piece;

struct upload_facts {
    char id[UPLOAD_ID_LEN + 1];
    char name[UPLOAD_NAME_MAX + 1];
    int64_t size, received; // bytes
    int64_t made_us, touched_us;
    bool taken; // a job reads it
};

struct uploads_limits {
    int64_t size_max;  // bytes of one
    int64_t total_max; // bytes of all that are promised
};

// Takes over what an earlier run left in `folder`, and removes what is no upload.
struct uploads *uploads_open(uv_loop_t *loop, const char *folder);
// After the loop: nothing is under way.
void uploads_free(struct uploads *u);
// Removes those that nobody touched for `keep_us`.
void uploads_sweep(struct uploads *u, int64_t now_us, int64_t keep_us);

// ERR_TOO_LARGE, ERR_BUSY (too many), ERR_STORAGE_FULL (too much in all, or for the disk) or
// ERR_STORAGE_FAILED. `name` is any UTF-8; folders in it are left out.
enum err uploads_add(struct uploads *u, const char *name, int64_t size, int64_t now_us,
                     const struct uploads_limits *limits, const struct upload_facts **out);
// NULL when there is none. Good until the loop's next turn.
const struct upload_facts *uploads_find(const struct uploads *u, const char *id);
// One after the other, the oldest first: NULL begins, and NULL is the end.
const struct upload_facts *uploads_next(const struct uploads *u, const struct upload_facts *after);
// Removes it, also while a piece of it comes.
enum err uploads_remove(struct uploads *u, const char *id);

// Gives a whole one to a job: its file's path. ERR_NOT_FOUND, ERR_NOT_READY, or ERR_BUSY when a job
// has it already.
enum err uploads_take(struct uploads *u, const char *id, char path[UPLOAD_PATH_MAX]);
// The job failed for no fault of the file: it may be taken again.
void uploads_give_back(struct uploads *u, const char *id);

// Begins a piece of `len` bytes at `offset`. A piece of the same upload that still comes has a dead
// connection behind it, and is over. ERR_NOT_FOUND, ERR_WRONG_OFFSET, ERR_OUT_OF_RANGE (it would
// end behind the size), ERR_BUSY (a job reads it), ERR_STORAGE_FAILED.
enum err upload_piece_begin(struct uploads *u, const char *id, int64_t offset, int64_t len,
                            struct upload_piece **out);
// ERR_CONFLICT: a newer piece, or nothing, is in its place.
enum err upload_piece_write(struct upload_piece *p, const void *data, size_t len, int64_t now_us);
// All of it came. `done` is called once, later: with the upload as it stands when it is synced.
// `p` is over.
void upload_piece_end(struct upload_piece *p,
                      void (*done)(void *user, enum err e, const struct upload_facts *facts),
                      void *user);
// It broke off: what came of it stays. NULL is none.
void upload_piece_drop(struct upload_piece *p);

#endif
