// SPDX-License-Identifier: Apache-2.0
// New groups over HTTP: from a tour, or as a copy of another group.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/net.h"
#include "server/net/new_group.h"
#include "server/net/overview.h"
#include "server/net/routes.h"

#include <string.h>

// A group on its way into the store.
struct create_job {
    struct store_job job;
    struct request *request;
    struct new_group group;
    int64_t wall_us;
    char tour[WIRE_ID_MAX + 1]; // "" for none
    bool with_schedule;
};

static void job_free(struct create_job *j)
{
    request_unref(j->request);
    free(j);
}

static enum err create_run(sqlite3 *db, struct store_job *job)
{
    struct create_job *j = (struct create_job *)job;
    enum err e = j->tour[0] ? new_group_tour(db, &j->group, j->tour) : ERR_OK;
    return e == ERR_OK ? new_group_insert(db, &j->group, j->request->user, j->wall_us) : e;
}

static void on_awake(void *user, enum err e, struct room *room)
{
    struct create_job *j = user;
    (void)e; // it is made, be there a place for it in memory or not
    request_json(j->request, 201,
                 overview_group(j->request->net, &j->group.record, room,
                                overview_what(j->request->rank, true)));
    job_free(j);
}

static void create_done(struct store_job *job, enum err e)
{
    struct create_job *j = (struct create_job *)job;
    struct request *r = j->request;
    if (e == ERR_OK) {
        net_groups_changed(r->net);
        // Awake from the start: it may have something to do at once.
        rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, j->group.record.id, net_now(r->net),
                   on_awake, j);
        return;
    }
    request_problem(r, e, e == ERR_NOT_FOUND ? j->tour : NULL);
    job_free(j);
}

// What both ways of making a group have in their body; false, and answered, when it is wrong.
static bool read_body(struct create_job *j, struct json_reader *jr)
{
    struct room_record *rec = &j->group.record;
    json_get_string(jr, "name", true, rec->name, sizeof rec->name);
    json_get_string(jr, "id", false, rec->id, sizeof rec->id);
    if (!rec->name[0])
        json_fail(jr, "name", "empty");
    if (rec->id[0] && !wire_id_valid(rec->id))
        json_fail(jr, "id", "not an id");
    if (jr->err != ERR_OK) {
        request_problem(j->request, jr->err, jr->detail);
        return false;
    }
    j->group.id_given = rec->id[0] != '\0';
    if (!j->group.id_given)
        wire_id_from_text(rec->name, "group", rec->id, 41);
    return true;
}

static struct create_job *job_new(struct request *r)
{
    struct create_job *j = check_alloc(calloc(1, sizeof *j));
    const struct house_anchor *anchor = net_house(r->net)->anchor;
    j->job.run = create_run;
    j->job.done = create_done;
    j->request = request_ref(r);
    j->group.record.created = net_now(r->net);
    j->wall_us = house_wall_us(anchor, j->group.record.created);
    room_state_init(&j->group.record.state, anchor->clock_epoch);
    return j;
}

void api_groups_create(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct create_job *j = job_new(r);
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "tour", false, j->tour, sizeof j->tour);
    if (j->tour[0] && !wire_id_valid(j->tour))
        json_fail(&jr, "tour", "not an id");
    bool ok = read_body(j, &jr);
    json_decref(body);
    if (ok)
        store_submit(net_house(r->net)->store, &j->job);
    else
        job_free(j);
}

// The copy has the tour as it is loaded there, at its first cue, and the plan; it has its own codes
// and links, no visitors and no history. Its schedule stays empty unless asked for: a rehearsal
// does not begin by itself.
static void on_original(void *user, enum err e, struct room *room)
{
    struct create_job *j = user;
    if (e != ERR_OK) {
        request_problem(j->request, e, NULL);
        job_free(j);
        return;
    }
    const struct room_state *from = &room_record(room)->state;
    struct room_state *to = &j->group.record.state;
    memcpy(to->tour_id, from->tour_id, sizeof to->tour_id);
    memcpy(to->tour_hash, from->tour_hash, sizeof to->tour_hash);
    to->plan = from->plan;
    if (!j->with_schedule) {
        memset(to->plan.rules, 0, sizeof to->plan.rules);
        to->plan.rule_count = 0;
    }
    room_plan_forgive(&to->plan, j->wall_us);
    new_group_plan(&j->group, j->wall_us);
    if (from->now.mode != MODE_VOID) {
        to->now.mode = MODE_READY;
        to->now.cue = 0;
        to->now.vec.t0 = j->group.record.created;
    }
    store_submit(net_house(j->request->net)->store, &j->job);
}

void api_groups_duplicate(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct create_job *j = job_new(r);
    struct json_reader jr;
    json_reader_init(&jr, body);
    j->with_schedule = json_get_bool(&jr, "schedule", false);
    bool ok = read_body(j, &jr);
    json_decref(body);
    if (ok)
        rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_original,
                   j);
    else
        job_free(j);
}
