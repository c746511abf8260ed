// SPDX-License-Identifier: Apache-2.0
// Uploads in pieces, and the jobs that make tracks of them.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <stdlib.h>
#include <string.h>

static json_t *upload_json(const struct upload_facts *f)
{
    return json_pack("{s:s,s:s,s:I,s:I,s:b}", "id", f->id, "name", f->name, "size",
                     (json_int_t)f->size, "received", (json_int_t)f->received, "in_use", f->taken);
}

void api_uploads_list(struct request *r)
{
    json_t *list = json_array();
    const struct uploads *u = net_house(r->net)->uploads;
    for (const struct upload_facts *f = NULL; (f = uploads_next(u, f));)
        json_array_append_new(list, upload_json(f));
    request_json(r, 200, json_pack("{s:o}", "uploads", list));
}

void api_uploads_create(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    struct json_reader jr;
    char name[1024];
    json_t *body = request_body_json(r);
    if (!body)
        return;
    json_reader_init(&jr, body);
    json_get_string(&jr, "name", true, name, sizeof name);
    int64_t size = json_get_int(&jr, "size", true, 1, WIRE_TIME_MAX, 0);
    json_decref(body);
    if (jr.err != ERR_OK) {
        request_problem(r, jr.err, jr.detail);
        return;
    }
    struct uploads_limits limits = {
        .size_max = h->settings->upload_max_mb * 1024 * 1024,
        .total_max = h->settings->uploads_total_mb * 1024 * 1024,
    };
    const struct upload_facts *f;
    enum err e = uploads_add(h->uploads, name, size, net_now(r->net).us, &limits, &f);
    if (e == ERR_OK)
        request_json(r, 201, upload_json(f));
    else
        request_problem(r, e,
                        e == ERR_BUSY           ? "too many uploads are under way"
                        : e == ERR_STORAGE_FULL ? "there is no room for so many uploads"
                                                : NULL);
}

// The upload of the path; NULL, and answered, when there is none.
static const struct upload_facts *upload_of(struct request *r)
{
    const struct upload_facts *f = uploads_find(net_house(r->net)->uploads, r->parts[3]);
    if (!f)
        request_problem(r, ERR_NOT_FOUND, "there is no such upload (any more)");
    return f;
}

void api_uploads_show(struct request *r)
{
    const struct upload_facts *f = upload_of(r);
    if (f)
        request_json(r, 200, upload_json(f));
}

void api_uploads_begin(struct request *r)
{
    const struct upload_facts *f = upload_of(r);
    char text[24], *end = text;
    if (!f)
        return;
    int64_t offset =
        request_query(r, "offset", text, sizeof text) ? strtoll(text, &end, 10) : f->received;
    if (*end || offset < 0) {
        request_problem(r, ERR_BAD_REQUEST, "offset: not a number of bytes");
        return;
    }
    enum err e =
        upload_piece_begin(net_house(r->net)->uploads, f->id, offset, r->content_length, &r->piece);
    if (e != ERR_OK)
        request_problem_more(r, e, NULL, "upload", upload_json(f));
}

static void on_synced(void *user, enum err e, const struct upload_facts *f)
{
    struct request *r = user;
    if (e == ERR_OK)
        request_json(r, 200, upload_json(f));
    else
        request_problem(r, e, NULL);
    request_unref(r);
}

void api_uploads_put(struct request *r)
{
    struct upload_piece *piece = r->piece;
    r->piece = NULL;
    upload_piece_end(piece, on_synced, request_ref(r));
}

void api_uploads_remove(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    const struct upload_facts *f = upload_of(r);
    if (!f)
        return;
    char id[UPLOAD_ID_LEN + 1];
    snprintf(id, sizeof id, "%s", f->id);
    for (const struct job_facts *j = NULL; (j = jobs_next(h->jobs, j));) {
        if (strcmp(j->upload, id) == 0 && j->state <= JOB_RUNNING) {
            jobs_cancel(h->jobs, j->id);
            break; // no other can have it; and this one may be forgotten by now
        }
    }
    uploads_remove(h->uploads, id);
    request_empty(r, 204, NULL);
}

// ---- jobs

json_t *api_job_json(const struct job_facts *f)
{
    static const char *const states[] = {"waiting", "running", "saving",
                                         "done",    "failed",  "cancelled"};
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:f,s:s,s:i}", "id", f->id, "track", f->track, "lang",
                          f->lang, "kind", f->music ? "music" : "speech", "target_lufs",
                          f->target_lufs, "state", states[f->state], "percent", f->percent);
    if (f->upload[0])
        json_object_set_new(j, "upload", json_string(f->upload));
    if (f->state == JOB_FAILED)
        json_object_set_new(j, "code", json_string(err_code(f->err)));
    if (f->detail[0])
        json_object_set_new(j, "detail", json_string(f->detail));
    return j;
}

void api_jobs_list(struct request *r)
{
    json_t *list = json_array();
    const struct jobs *jobs = net_house(r->net)->jobs;
    for (const struct job_facts *f = NULL; (f = jobs_next(jobs, f));)
        json_array_append_new(list, api_job_json(f));
    request_json(r, 200, json_pack("{s:o}", "jobs", list));
}

void api_jobs_show(struct request *r)
{
    const struct job_facts *f = jobs_find(net_house(r->net)->jobs, r->parts[3]);
    if (f)
        request_json(r, 200, api_job_json(f));
    else
        request_problem(r, ERR_NOT_FOUND, NULL);
}

void api_jobs_cancel(struct request *r)
{
    enum err e = jobs_cancel(net_house(r->net)->jobs, r->parts[3]);
    if (e == ERR_OK)
        request_empty(r, 204, NULL);
    else
        request_problem(r, e, e == ERR_BAD_STATE ? "the job is over" : NULL);
}
