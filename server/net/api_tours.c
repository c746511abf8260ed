// SPDX-License-Identifier: Apache-2.0
// Tours over HTTP. An answer about a tour has the hash of its newest edition as ETag; an edit may
// say If-Match. Every edition is kept as a version, deleted tours too, so each edit can be undone.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/catalogue/tours.h"
#include "server/net/net.h"
#include "server/net/page.h"
#include "server/net/precondition.h"
#include "server/net/routes.h"

#include <string.h>

// A request that runs on the store's thread.
struct tour_job {
    struct store_job job;
    struct request *request;
    json_t *in, *out; // handed over as a whole: one thread at a time has them
    char id[WIRE_ID_MAX + 1];
    char hash[WIRE_HASH_LEN + 1]; // of the edition that is in force; "" when that says nothing
    int64_t version;
    struct precondition on;
    struct tours_edit edit;
    char detail[200];
};

static void done(struct store_job *job, enum err e)
{
    struct tour_job *j = (struct tour_job *)job;
    char etag[PRECONDITION_HEADER_SIZE];
    precondition_header(j->hash, etag);
    if (e != ERR_OK)
        request_problem(j->request, e, j->detail);
    else
        request_json_with(j->request, 200, json_incref(j->out), j->hash[0] ? etag : NULL);
    json_decref(j->in);
    json_decref(j->out);
    request_unref(j->request);
    free(j);
}

// NULL, and answered, when the path or a header makes no sense.
static struct tour_job *job_new(struct request *r, enum err (*run)(sqlite3 *, struct store_job *))
{
    struct precondition on;
    if (r->part_count > 3 && !wire_id_valid(r->parts[3])) {
        request_problem(r, ERR_BAD_REQUEST, "the id must be of a-z, 0-9 and -");
        return NULL;
    }
    if (!precondition_read(r, &on))
        return NULL;
    struct tour_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    j->on = on;
    j->edit.actor = r->user;
    j->edit.wall_us = house_wall_us(net_house(r->net)->anchor, net_now(r->net));
    j->edit.on = j->on.any ? NULL : j->on.tag;
    if (r->part_count > 3)
        snprintf(j->id, sizeof j->id, "%s", r->parts[3]);
    return j;
}

static void submit(struct tour_job *j)
{
    if (j)
        store_submit(net_house(j->request->net)->store, &j->job);
}

void api_tours_list(struct request *r)
{
    page_list(r, "tours", tours_list);
}

void api_tours_deleted(struct request *r)
{
    page_list(r, "tours", tours_gone);
}

static enum err show_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    enum err e = tours_show(db, j->id, &j->out);
    if (e == ERR_OK)
        snprintf(j->hash, sizeof j->hash, "%s", json_string_value(json_object_get(j->out, "hash")));
    return e;
}

void api_tours_show(struct request *r)
{
    submit(job_new(r, show_run));
}

static enum err publish_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    const struct net_house *h = net_house(j->request->net);
    enum err e = tours_publish(db, h->content_dir, j->id, j->in, &j->edit, j->hash, j->detail,
                               sizeof j->detail);
    j->out = json_pack("{s:s,s:s}", "id", j->id, "hash", j->hash);
    return e;
}

void api_tours_publish(struct request *r)
{
    json_t *body = request_body_json(r);
    struct tour_job *j = body ? job_new(r, publish_run) : NULL;
    if (!j) {
        json_decref(body);
        return;
    }
    j->in = body;
    j->job.heavy = true;
    submit(j);
}

static enum err remove_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    j->out = json_pack("{s:s}", "id", j->id);
    return tours_remove(db, j->id, &j->edit, j->detail, sizeof j->detail);
}

void api_tours_delete(struct request *r)
{
    submit(job_new(r, remove_run));
}

static enum err versions_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    return tours_versions(db, j->id, &j->out);
}

void api_tours_versions(struct request *r)
{
    submit(job_new(r, versions_run));
}

// The number in the path; false, and answered, when it is none.
static bool path_version(struct request *r, int64_t *out)
{
    char *end;
    *out = strtoll(r->parts[5], &end, 10);
    if (*out >= 1 && *end == '\0')
        return true;
    request_problem(r, ERR_NOT_FOUND, "versions are numbers from 1");
    return false;
}

static enum err version_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    return tours_version(db, j->id, j->version, &j->out);
}

static enum err restore_run(sqlite3 *db, struct store_job *job)
{
    struct tour_job *j = (struct tour_job *)job;
    enum err e = tours_restore(db, j->id, j->version, &j->edit, j->hash);
    j->out = json_pack("{s:s,s:s}", "id", j->id, "hash", j->hash);
    return e;
}

static void on_version(struct request *r, enum err (*run)(sqlite3 *, struct store_job *))
{
    int64_t version;
    struct tour_job *j = path_version(r, &version) ? job_new(r, run) : NULL;
    if (j)
        j->version = version;
    submit(j);
}

void api_tours_version(struct request *r)
{
    on_version(r, version_run);
}

void api_tours_restore(struct request *r)
{
    on_version(r, restore_run);
}
