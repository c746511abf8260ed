// SPDX-License-Identifier: Apache-2.0
// The house's own name, colour and logo, and pictures in general.
#include "common/base/check.h"
#include "common/picture/picture.h"
#include "server/catalogue/content.h"
#include "server/catalogue/venue.h"
#include "server/house/calendar.h"
#include "server/net/net.h"
#include "server/net/precondition.h"
#include "server/net/routes.h"

#include <string.h>

struct venue_job {
    struct store_job job;
    struct request *request; // its body is not touched while the job runs
    json_t *in, *out;
    struct precondition on;
    char tag[PRECONDITION_TAG_MAX + 1]; // of `out`; "" for none
    const char *ending;                 // of a picture
    bool zone;                          // the time zone was said
    char detail[200];
};

static void done(struct store_job *job, enum err e)
{
    struct venue_job *j = (struct venue_job *)job;
    char etag[PRECONDITION_HEADER_SIZE];
    precondition_header(j->tag, etag);
    if (e == ERR_OK && j->zone) {
        const struct net_house *h = net_house(j->request->net);
        const char *zone = json_string_value(json_object_get(j->out, "zone"));
        h->use_zone(h->box, zone ? zone : "");
    }
    if (e == ERR_OK)
        request_json_with(j->request, j->ending ? 201 : 200, json_incref(j->out),
                          j->tag[0] ? etag : NULL);
    else
        request_problem(j->request, e, j->detail);
    json_decref(j->in);
    json_decref(j->out);
    request_unref(j->request);
    free(j);
}

static struct venue_job *job_new(struct request *r, enum err (*run)(sqlite3 *, struct store_job *))
{
    struct venue_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    return j;
}

static void submit(struct venue_job *j)
{
    store_submit(net_house(j->request->net)->store, &j->job);
}

static void look(sqlite3 *db, struct venue_job *j)
{
    json_decref(j->out);
    j->out = venue_show(db);
    precondition_tag(j->out, j->tag);
}

static enum err show_run(sqlite3 *db, struct store_job *job)
{
    look(db, (struct venue_job *)job);
    return ERR_OK;
}

void api_venue_show(struct request *r)
{
    submit(job_new(r, show_run));
}

static enum err set_run(sqlite3 *db, struct store_job *job)
{
    struct venue_job *j = (struct venue_job *)job;
    const struct net_house *h = net_house(j->request->net);
    look(db, j);
    if (!precondition_holds(&j->on, j->tag))
        return ERR_PRECONDITION_FAILED;
    enum err e = venue_set(db, h->content_dir, j->in, j->detail, sizeof j->detail);
    look(db, j);
    return e;
}

static const char *zone_refusal(const struct request *r, const char *zone)
{
    char now[CALENDAR_ZONE_SIZE];
    calendar_zone_name(now);
    if (!calendar_zone_valid(zone))
        return "zone: not a time zone of this machine";
    if (net_house(r->net)->settings->zone[0] && strcmp(zone, now) != 0)
        return "zone: it is set in the box's settings ([time] zone)";
    return NULL;
}

void api_venue_set(struct request *r)
{
    struct precondition on;
    json_t *body = precondition_read(r, &on) ? request_body_json(r) : NULL;
    if (!body)
        return;
    const char *zone = json_string_value(json_object_get(body, "zone"));
    const char *why = zone ? zone_refusal(r, zone) : NULL;
    if (why) {
        request_problem(r, ERR_BAD_MESSAGE, why);
        json_decref(body);
        return;
    }
    struct venue_job *j = job_new(r, set_run);
    j->in = body;
    j->on = on;
    j->zone = zone != NULL;
    submit(j);
}

static enum err picture_run(sqlite3 *db, struct store_job *job)
{
    (void)db;
    struct venue_job *j = (struct venue_job *)job;
    char hash[WIRE_HASH_LEN + 1], name[WIRE_HASH_LEN + 8];
    const struct net_house *h = net_house(j->request->net);
    const struct bytes *body = &j->request->body;
    enum err e = content_put(h->content_dir, j->ending, body->data, body->len, hash);
    snprintf(name, sizeof name, "%s.%s", hash, j->ending);
    j->out = json_pack("{s:s}", "picture", name);
    return e;
}

void api_pictures_add(struct request *r)
{
    const char *why, *ending = picture_kind(r->body.len ? r->body.data : "", r->body.len, &why);
    if (!ending) {
        request_problem(r, ERR_BAD_MESSAGE, why);
        return;
    }
    struct venue_job *j = job_new(r, picture_run);
    j->ending = ending;
    j->job.heavy = true;
    submit(j);
}
