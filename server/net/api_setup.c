// SPDX-License-Identifier: Apache-2.0
// The first run: what is still to be set on a new box, and what has no place of its own: what time
// it is where the machine does not know, and the demo exhibit that came with the box.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/catalogue/venue.h"
#include "server/house/calendar.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/net/take_in.h"
#include "server/store/db.h"

#include <string.h>
#include <sys/stat.h>

struct show_job {
    struct store_job job;
    struct request *request;
    json_t *venue;
    int64_t groups, tours;
};

static int64_t count(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    int64_t n = db_row(st) ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return n;
}

static enum err show_run(sqlite3 *db, struct store_job *job)
{
    struct show_job *j = (struct show_job *)job;
    j->venue = venue_show(db);
    j->groups = count(db, "SELECT count(*) FROM room");
    j->tours = count(db, "SELECT count(*) FROM tour");
    return ERR_OK;
}

// Does anybody still have the password that the box made?
static bool has_first_password(const struct access *a)
{
    const struct access_user *users = access_users(a);
    for (int i = 0; i < ACCESS_USERS_MAX; i++) {
        if (users[i].name[0] && users[i].first)
            return true;
    }
    return false;
}

static bool has_demo(const struct settings *s)
{
    struct stat st;
    return s->demo[0] && stat(s->demo, &st) == 0 && S_ISREG(st.st_mode);
}

static json_t *setup_json(const struct request *r, const struct show_job *j)
{
    const struct net_house *h = net_house(r->net);
    char zone[CALENDAR_ZONE_SIZE];
    bool first = has_first_password(h->access);
    bool named = json_object_get(j->venue, "name") != NULL;
    calendar_zone_name(zone);
    return json_pack("{s:b,s:b,s:O,s:s,s:b,s:o,s:I,s:I,s:b}", "fresh",
                     (int)(first && !named && j->groups == 0), "first_password", (int)first,
                     "venue", j->venue, "zone", zone, "zone_fixed", h->settings->zone[0] != '\0',
                     "time", overview_time(r->net), "groups", (json_int_t)j->groups, "tours",
                     (json_int_t)j->tours, "demo", (int)has_demo(h->settings));
}

static void show_done(struct store_job *job, enum err e)
{
    struct show_job *j = (struct show_job *)job;
    if (e == ERR_OK)
        request_json(j->request, 200, setup_json(j->request, j));
    else
        request_problem(j->request, e, NULL);
    json_decref(j->venue);
    request_unref(j->request);
    free(j);
}

void api_setup_show(struct request *r)
{
    struct show_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = show_run;
    j->job.done = show_done;
    j->request = request_ref(r);
    store_submit(net_house(r->net)->store, &j->job);
}

// The clock's anchor is on its way to the disk: what comes behind it is done when it is there.
struct told_job {
    struct store_job job;
    struct request *request;
};

static enum err told_run(sqlite3 *db, struct store_job *job)
{
    (void)db;
    (void)job;
    return ERR_OK;
}

static void told_done(struct store_job *job, enum err e)
{
    struct request *r = ((struct told_job *)job)->request;
    if (e == ERR_OK)
        request_json(r, 200, json_pack("{s:o}", "time", overview_time(r->net)));
    else
        request_problem(r, e, NULL);
    request_unref(r);
    free(job);
}

static void answer_behind(struct request *r)
{
    struct told_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = told_run;
    j->job.done = told_done;
    j->request = request_ref(r);
    store_submit(net_house(r->net)->store, &j->job);
}

void api_setup_clock(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    const struct net_house *h = net_house(r->net);
    struct json_reader jr;
    json_reader_init(&jr, body);
    int64_t wall_us = json_get_int(&jr, "wall", true, HOUSE_REALTIME_FLOOR_US,
                                   INT64_C(4102444800) * 1000000, 0); // the year 2100
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else if (!h->tell_wall(h->box, wall_us))
        request_problem(r, ERR_BAD_STATE, "the box knows the time by itself");
    else
        answer_behind(r);
}

void api_setup_demo(struct request *r)
{
    const struct settings *s = net_house(r->net)->settings;
    if (has_demo(s))
        take_in(r, s->demo, true);
    else
        request_problem(r, ERR_NOT_FOUND, "no demo exhibit came with this box");
}
