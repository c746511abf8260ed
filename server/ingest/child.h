// SPDX-License-Identifier: Apache-2.0
// One run of roomtone-ingest: a stranger's file is read there, not here (common/wire/ingest.h).
// Thread: the loop's.
#ifndef SERVER_INGEST_CHILD_H
#define SERVER_INGEST_CHILD_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum { CHILD_ARGS_MAX = 7 };

struct child_wish {
    const char *program;
    const char *args[CHILD_ARGS_MAX]; // behind the program's name; NULL ends them
    size_t answer_max;                // bytes; of a longer answer the rest is lost
    int64_t limit_s;                  // then it is killed
    enum err refused;                 // what it is called when the file was not to its liking
    void (*progress)(void *user, int percent); // NULL: not asked for
};

// ERR_OK with the answer, ERR_STORAGE_FULL, ERR_STORAGE_FAILED or `refused` with the reason. Both
// texts end with a NUL and are good during the call.
typedef void (*child_done_fn)(void *user, enum err err, const char *text, size_t len);

struct child;

// `done` is called once, in a later turn; then the child is no more.
struct child *child_start(uv_loop_t *loop, const struct child_wish *wish, child_done_fn done,
                          void *user);
// SIGTERM: it takes away what it wrote. SIGKILL: at once. `done` comes all the same.
void child_signal(struct child *c, int signal);

#endif
