// SPDX-License-Identifier: Apache-2.0
// Runs roomtone-ingest, one child per file, at most two at once (decoding saturates a core; the box
// has other work). The child is given a file and the content folder, says how far it is, and
// answers with one line of JSON on stdout, or with its reason on stderr.
//
//   waiting ──► running ──► saving ──► done        saving: its owner writes it down
//      │           │           └─────► failed
//      └───────────┴── cancelled, failed
//
// What became of the last jobs can be asked for; a new start of the server forgets it.
// Thread: the loop's.
#ifndef SERVER_INGEST_JOBS_H
#define SERVER_INGEST_JOBS_H

#include "common/base/err.h"
#include "common/wire/wire.h"
#include "server/ingest/uploads.h"

#include <uv.h>

enum {
    JOBS_WAITING_MAX = 500,
    JOBS_KEPT_MAX = 200, // that are over
    JOB_ID_LEN = 16,
};

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_SAVING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

struct job_wish {
    const char *path; // of the file; read, never removed
    const char *track, *lang;
    const char *upload; // its id, or "" when it came otherwise
    bool music;
    double target_lufs;
};

struct job_facts {
    char id[JOB_ID_LEN + 1];
    char track[WIRE_ID_MAX + 1], lang[WIRE_LANG_MAX + 1];
    char upload[UPLOAD_ID_LEN + 1];
    bool music;
    double target_lufs;
    enum job_state state;
    int percent;
    enum err err;     // of a job that failed
    char detail[200]; // why it did
};

struct jobs;

// `program`: path of roomtone-ingest.
struct jobs *jobs_new(uv_loop_t *loop, const char *program, const char *content_dir);
// Ends the children, answers every job with ERR_BUSY. Freed when their handles are closed and the
// last job was settled.
void jobs_stop(struct jobs *j);

// `done` is called once, later: ERR_OK with the child's JSON line, ERR_BAD_AUDIO,
// ERR_STORAGE_FULL or ERR_STORAGE_FAILED with its reason, ERR_CANCELLED, or ERR_BUSY (the box is
// stopping). After ERR_OK the job is "saving" until
// jobs_settle(). The id of the new job (good for this turn); NULL when too many wait.
typedef void (*jobs_done_fn)(void *user, const char *id, enum err err, const char *text);
const char *jobs_submit(struct jobs *j, const struct job_wish *wish, jobs_done_fn done, void *user);
void jobs_settle(struct jobs *j, const char *id, enum err err, const char *detail);
// ERR_NOT_FOUND, or ERR_BAD_STATE when it is over, or all but written down.
enum err jobs_cancel(struct jobs *j, const char *id);

// NULL when there is none (any more). Good until the loop's next turn.
const struct job_facts *jobs_find(const struct jobs *j, const char *id);
// The oldest first: NULL begins, and NULL is the end.
const struct job_facts *jobs_next(const struct jobs *j, const struct job_facts *after);

#endif
