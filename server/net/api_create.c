// SPDX-License-Identifier: Apache-2.0
// New groups over HTTP: from a tour, or as a copy of another group.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/catalogue/catalogue.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <sodium.h>
#include <string.h>

// A group on its way into the store.
struct create_job {
    struct store_job job;
    struct request *request;
    struct room_record record;
    int64_t wall_us;
    char tour[WIRE_ID_MAX + 1]; // to load when it is made
    bool id_given, with_schedule;
};

static void job_free(struct create_job *j)
{
    request_unref(j->request);
    free(j);
}

static void new_link(char out[WIRE_TOKEN_MAX + 1])
{
    unsigned char secret[16];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(out, WIRE_TOKEN_MAX + 1, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void new_keys(struct room_record *rec)
{
    new_link(rec->link);
    new_link(rec->guide_link);
    joincode_format(randombytes_uniform(100000000), rec->code);
}

// Tries until id and code are free: a name may be used twice, a code may have been drawn before.
static enum err create_run(sqlite3 *db, struct store_job *job)
{
    struct create_job *j = (struct create_job *)job;
    struct room_record *rec = &j->record;
    if (j->tour[0] && !catalogue_has_tour(db, j->tour))
        return ERR_NOT_FOUND;
    char base[41];
    snprintf(base, sizeof base, "%.40s", rec->id);
    enum err e = ERR_EXISTS;
    for (int i = 1; i <= 50 && e == ERR_EXISTS; i++) {
        if (i > 1 && !j->id_given)
            snprintf(rec->id, sizeof rec->id, "%s-%d", base, i);
        new_keys(rec);
        e = room_store_insert(db, rec, j->request->user, j->wall_us);
        if (e == ERR_EXISTS && j->id_given && i > 3)
            break; // three codes taken in a row do not happen: it is the id
    }
    return e;
}

static void on_created_loaded(void *user, const struct wire_message *answer)
{
    struct create_job *j = user;
    struct request *r = j->request;
    struct room *room = rooms_awake(net_house(r->net)->rooms, j->record.id);
    if (answer->type == WIRE_ERROR)
        request_problem(r, answer->u.error.code, "the group was made, but its tour was not loaded");
    else
        request_json(r, 201, overview_group(r->net, &j->record, room, overview_what(r->rank, true)));
    job_free(j);
}

static void on_created_found(void *user, enum err e, struct room *room)
{
    struct create_job *j = user;
    struct wire_command c = {.op = OP_LOAD};
    unsigned char id[16];
    randombytes_buf(id, sizeof id);
    sodium_bin2hex(c.cmd_id, sizeof c.cmd_id, id, sizeof id);
    memcpy(c.tour, j->tour, sizeof c.tour);
    if (e == ERR_OK) {
        struct room_actor who = {ROLE_STAFF, "", j->request->user};
        room_command(room, &c, &who, net_now(j->request->net), on_created_loaded, j);
        return;
    }
    request_problem(j->request, e, NULL);
    job_free(j);
}

static void create_done(struct store_job *job, enum err e)
{
    struct create_job *j = (struct create_job *)job;
    struct request *r = j->request;
    if (e == ERR_OK) {
        overview_reload(net_overview(r->net));
        if (j->tour[0]) {
            rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, j->record.id, net_now(r->net),
                       on_created_found, j);
            return;
        }
        request_json(r, 201, overview_group(r->net, &j->record, NULL, overview_what(r->rank, true)));
    } else {
        request_problem(r, e, e == ERR_NOT_FOUND ? j->tour : NULL);
    }
    job_free(j);
}

// What both ways of making a group have in their body; false, and answered, when it is wrong.
static bool read_body(struct create_job *j, struct json_reader *jr)
{
    struct room_record *rec = &j->record;
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
    j->id_given = rec->id[0] != '\0';
    if (!j->id_given)
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
    j->record.created = net_now(r->net);
    j->wall_us = house_wall_us(anchor, j->record.created);
    room_state_init(&j->record.state, anchor->clock_epoch);
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
    struct room_state *to = &j->record.state;
    memcpy(to->tour_id, from->tour_id, sizeof to->tour_id);
    memcpy(to->tour_hash, from->tour_hash, sizeof to->tour_hash);
    to->plan = from->plan;
    if (!j->with_schedule) {
        memset(to->plan.rules, 0, sizeof to->plan.rules);
        to->plan.rule_count = 0;
    }
    room_plan_forgive(&to->plan, j->wall_us);
    if (from->now.mode != MODE_VOID) {
        to->now.mode = MODE_READY;
        to->now.cue = 0;
        to->now.vec.t0 = j->record.created;
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
