// SPDX-License-Identifier: Apache-2.0
// A request about a track on its way through the store's thread. `run` fills `out`, or `detail`, or
// `more` (a member of the problem); the answer is given, and the job freed, when it is on disk.
// Thread: the loop's, but for `run`.
#ifndef SERVER_NET_TRACK_JOB_H
#define SERVER_NET_TRACK_JOB_H

#include "common/wire/wire.h"
#include "server/net/precondition.h"
#include "server/net/request.h"
#include "server/store/store.h"

struct track_job {
    struct store_job job;
    struct request *request; // its body is not touched while the job runs
    json_t *in, *out;        // handed over as a whole: one thread at a time has them
    int status;              // of success
    char id[WIRE_ID_MAX + 1], lang[WIRE_LANG_MAX + 1];
    char *text;                         // malloc()ed
    json_t *dropped;                    // sources to be removed once this is on disk
    const char *key;                    // of `more`
    json_t *more;                       // what a refusal says beside its words
    struct precondition on;             // what an edit of the names builds on
    char tag[PRECONDITION_TAG_MAX + 1]; // of the names in force; "" when that says nothing
    char detail[240];
};

// Checks id and language in the path; answers and returns NULL when they are none.
struct track_job *track_job_new(struct request *r, int status,
                                enum err (*run)(sqlite3 *, struct store_job *));
void track_job_submit(struct track_job *j);
// Removes sources; not before it is on disk that nobody needs them.
void track_job_drop_sources(struct request *r, json_t *names);

#endif
