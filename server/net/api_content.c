// SPDX-License-Identifier: Apache-2.0
// Tours over HTTP.
#include "common/base/check.h"
#include "server/catalogue/catalogue.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <string.h>

// A request that runs on the store's thread.
struct content_job {
    struct store_job job;
    struct request *request;
    json_t *in, *out; // handed over as a whole: one thread at a time has them
    int status;       // of success
    char id[WIRE_ID_MAX + 1];
    char detail[200];
};

static void done(struct store_job *job, enum err e)
{
    struct content_job *j = (struct content_job *)job;
    if (e == ERR_OK && j->out)
        request_json(j->request, j->status, json_incref(j->out));
    else
        request_problem(j->request, e == ERR_OK ? ERR_INTERNAL : e, j->detail);
    json_decref(j->in);
    json_decref(j->out);
    request_unref(j->request);
    free(j);
}

static struct content_job *job_new(struct request *r, int status,
                                   enum err (*run)(sqlite3 *, struct store_job *))
{
    struct content_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    j->status = status;
    if (r->part_count > 3)
        snprintf(j->id, sizeof j->id, "%s", r->parts[3]);
    return j;
}

static void submit(struct content_job *j)
{
    store_submit(net_house(j->request->net)->store, &j->job);
}

// Checks the ids in the path; answers and returns false when they are none.
static bool path_ok(struct request *r)
{
    if (!wire_id_valid(r->parts[3])) {
        request_problem(r, ERR_BAD_REQUEST, "the id must be of a-z, 0-9 and -");
        return false;
    }
    return true;
}

static enum err tours_run(sqlite3 *db, struct store_job *job)
{
    ((struct content_job *)job)->out = catalogue_tours(db);
    return ERR_OK;
}

void api_tours_list(struct request *r)
{
    submit(job_new(r, 200, tours_run));
}

static enum err publish_run(sqlite3 *db, struct store_job *job)
{
    struct content_job *j = (struct content_job *)job;
    char hash[WIRE_HASH_LEN + 1] = "";
    const struct net_house *h = net_house(j->request->net);
    enum err e =
        catalogue_publish(db, h->content_dir, j->id, j->in, hash, j->detail, sizeof j->detail);
    j->out = json_pack("{s:s,s:s}", "id", j->id, "hash", hash);
    return e;
}

void api_tours_publish(struct request *r)
{
    if (!path_ok(r))
        return;
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct content_job *j = job_new(r, 200, publish_run);
    j->in = body;
    j->job.heavy = true;
    submit(j);
}
