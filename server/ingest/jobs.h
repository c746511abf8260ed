// SPDX-License-Identifier: Apache-2.0
// Runs roomtone-ingest, one child per uploaded file, at most two at once (decoding saturates a
// core; the box has other work). The child is given a file and the content folder, and answers with
// one line of JSON on stdout, or with its reason on stderr. Thread: the loop's.
#ifndef SERVER_INGEST_JOBS_H
#define SERVER_INGEST_JOBS_H

#include "common/base/err.h"

#include <uv.h>

struct jobs;

// `program`: path of roomtone-ingest.
struct jobs *jobs_new(uv_loop_t *loop, const char *program, const char *content_dir);
// Ends the children, answers every job with ERR_BUSY. Freed when their handles are closed.
void jobs_stop(struct jobs *j);

// Takes over the file at `path`: it is removed when the job is done. `done` is called once, later:
// ERR_OK with the child's JSON line, ERR_BAD_AUDIO with its reason, or ERR_BUSY when too many wait.
typedef void (*jobs_done_fn)(void *user, enum err err, const char *text);
void jobs_submit(struct jobs *j, const char *path, jobs_done_fn done, void *user);

#endif
