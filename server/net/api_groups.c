// SPDX-License-Identifier: Apache-2.0
// Groups over HTTP: list, show, change, QR code, commands.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/catalogue/content.h"
#include "server/net/admit.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/page.h"
#include "server/net/precondition.h"
#include "server/net/qr.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <sodium.h>
#include <string.h>

// A list that is asked of the store.
struct list_job {
    struct store_job job;
    struct request *request;
    char after[WIRE_ID_MAX + 1]; // a piece: groups behind this one, by id
    int limit;                   // 0: the whole list, by name
    struct room_record *records;
    int count;
};

static enum err list_run(sqlite3 *db, struct store_job *job)
{
    struct list_job *j = (struct list_job *)job;
    j->records = check_alloc(calloc(OVERVIEW_GROUPS_MAX, sizeof *j->records));
    // One row more tells whether there are more.
    j->count = j->limit ? room_store_list_after(db, j->after, j->records, j->limit + 1)
                        : room_store_list(db, j->records, OVERVIEW_GROUPS_MAX);
    return ERR_OK;
}

static void list_done(struct store_job *job, enum err e)
{
    struct list_job *j = (struct list_job *)job;
    struct request *r = j->request;
    if (e != ERR_OK) {
        request_problem(r, e, NULL);
    } else {
        json_t *groups = json_array();
        bool more = j->limit && j->count > j->limit;
        for (int i = 0; i < j->count - more; i++) {
            struct room *room = rooms_awake(net_house(r->net)->rooms, j->records[i].id);
            json_array_append_new(groups, overview_group(r->net, &j->records[i], room,
                                                         overview_what(r->rank, false)));
        }
        json_t *answer = json_pack("{s:o}", "groups", groups);
        if (more)
            json_object_set_new(answer, "next", json_string(j->records[j->limit - 1].id));
        request_json(r, 200, answer);
    }
    request_unref(j->request);
    free(j->records);
    free(j);
}

void api_groups_list(struct request *r)
{
    struct list_job *j = check_alloc(calloc(1, sizeof *j));
    request_query(r, "after", j->after, sizeof j->after);
    if (!page_limit(r, 0, &j->limit)) {
        request_problem(r, ERR_BAD_REQUEST, "limit=1..200");
        free(j);
        return;
    }
    j->job.run = list_run;
    j->job.done = list_done;
    j->request = request_ref(r);
    store_submit(net_house(r->net)->store, &j->job);
}

// Handlers that need the room awake.
struct with_room {
    struct request *request;
    struct wire_command command;
};

// What editors change, as a tag: the name and the plan, not where the group is just now.
static void tag_of(const struct room_record *record, char out[WIRE_HASH_LEN + 1])
{
    json_t *j =
        json_pack("{s:s,s:o}", "name", record->name, "plan", overview_plan(&record->state.plan));
    precondition_tag(j, out);
    json_decref(j);
}

static void answer_group(struct request *r, struct room *room)
{
    char tag[WIRE_HASH_LEN + 1], etag[PRECONDITION_HEADER_SIZE];
    tag_of(room_record(room), tag);
    precondition_header(tag, etag);
    json_t *j = overview_group(r->net, NULL, room, overview_what(r->rank, true));
    json_object_set_new(j, "tag", json_string(tag));
    request_json_with(r, 200, j, etag);
}

static void on_shown(void *user, enum err e, struct room *room)
{
    struct request *r = user;
    if (e == ERR_OK)
        answer_group(r, room);
    else
        request_problem(r, e, NULL);
    request_unref(r);
}

void api_groups_show(struct request *r)
{
    rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_shown,
               request_ref(r));
}

static void on_qr(void *user, enum err e, struct room *room)
{
    struct request *r = user;
    if (e == ERR_OK)
        qr_answer_join(r, room_record(room)->link);
    else
        request_problem(r, e, NULL);
    request_unref(r);
}

void api_groups_qr(struct request *r)
{
    rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_qr,
               request_ref(r));
}

// A conflict shows what is so instead.
static void answer_problem(struct request *r, const struct wire_error *e)
{
    request_problem_with(r, e->code, e->detail, e->retry_ms,
                         e->has_state ? overview_state(&e->state) : NULL);
}

static void on_answer(void *user, const struct wire_message *answer)
{
    struct with_room *w = user;
    struct request *r = w->request;
    if (answer->type == WIRE_ERROR) {
        answer_problem(r, &answer->u.error);
    } else {
        const struct wire_ack *a = &answer->u.ack;
        json_t *j =
            json_pack("{s:s,s:s,s:I,s:I,s:I}", "group", a->group, "cmd_id", a->cmd_id, "epoch",
                      (json_int_t)a->epoch, "rev", (json_int_t)a->rev, "at", (json_int_t)a->at.us);
        if (a->duplicate)
            json_object_set_new(j, "duplicate", json_true());
        if (a->fence)
            json_object_set_new(j, "fence", json_integer(a->fence));
        request_json(r, 200, j);
    }
    request_unref(r);
    free(w);
}

static void on_command_room(void *user, enum err e, struct room *room)
{
    struct with_room *w = user;
    if (e == ERR_OK) {
        struct room_actor who = {ROLE_STAFF, "", w->request->user};
        room_command(room, &w->command, &who, net_now(w->request->net), on_answer, w);
        return;
    }
    request_problem(w->request, e, NULL);
    request_unref(w->request);
    free(w);
}

// The body is a command message without type, group and cmd_id; the id may come as the header
// Idempotency-Key, and is drawn here when there is none (such a command cannot be retried safely).
static enum err read_command(struct request *r, json_t *body, struct wire_command *out,
                             char *detail, size_t size)
{
    char key[64];
    if (lws_hdr_custom_copy(r->wsi, key, sizeof key, "idempotency-key:", 16) > 0) {
        json_object_set_new(body, "cmd_id", json_string(key));
    } else if (!json_object_get(body, "cmd_id")) {
        unsigned char id[16];
        randombytes_buf(id, sizeof id);
        sodium_bin2hex(key, sizeof key, id, sizeof id);
        json_object_set_new(body, "cmd_id", json_string(key));
    }
    json_object_set_new(body, "type", json_string("command"));
    json_object_set_new(body, "group", json_string(r->parts[3]));
    char *text = check_alloc(json_dumps(body, JSON_COMPACT));
    struct wire_message m;
    enum err e = wire_decode(text, strlen(text), &m, detail, size);
    free(text);
    *out = m.u.command;
    return e;
}

void api_groups_command(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct with_room *w = check_alloc(calloc(1, sizeof *w));
    char detail[120] = "";
    enum err e = read_command(r, body, &w->command, detail, sizeof detail);
    json_decref(body);
    if (e == ERR_OK && r->rank < admit_command(w->command.op))
        e = ERR_FORBIDDEN;
    if (e != ERR_OK) {
        request_problem(r, e, detail);
        free(w);
        return;
    }
    w->request = request_ref(r);
    rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_command_room,
               w);
}

// --- another name, another plan ------------------------------------------------------------------

// An edit is one command, so it is one entry of the group's history.
struct change {
    struct request *request;
    struct wire_command command;
    struct precondition on;
    int tries;
};

// Between the look at the tag and the command only a change in flight can come: cues go on, and
// that is nothing to an editor.
enum { TRIES = 5 };

static void change_end(struct change *c)
{
    request_unref(c->request);
    free(c);
}

static void on_change_room(void *user, enum err e, struct room *room);

static void on_changed(void *user, const struct wire_message *answer)
{
    struct change *c = user;
    struct request *r = c->request;
    struct room *room = rooms_awake(net_house(r->net)->rooms, r->parts[3]);
    if (answer->type == WIRE_ERROR && answer->u.error.code == ERR_CONFLICT && !c->on.any && room &&
        c->tries++ < TRIES) {
        on_change_room(c, ERR_OK, room);
        return;
    }
    if (answer->type == WIRE_ERROR)
        answer_problem(r, &answer->u.error);
    else if (!room)
        request_problem(r, ERR_UNKNOWN_GROUP, NULL);
    else
        answer_group(r, room);
    change_end(c);
}

static void on_change_room(void *user, enum err e, struct room *room)
{
    struct change *c = user;
    char tag[WIRE_HASH_LEN + 1];
    if (e != ERR_OK) {
        request_problem(c->request, e, NULL);
        change_end(c);
        return;
    }
    tag_of(room_record(room), tag);
    if (!precondition_holds(&c->on, tag)) {
        request_problem(c->request, ERR_PRECONDITION_FAILED, NULL);
        change_end(c);
        return;
    }
    c->command.has_if_rev = !c->on.any;
    c->command.if_epoch = room_record(room)->state.epoch;
    c->command.if_rev = room_record(room)->state.rev;
    struct room_actor who = {ROLE_STAFF, "", c->request->user};
    room_command(room, &c->command, &who, net_now(c->request->net), on_changed, c);
}

void api_groups_change(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct change *c = check_alloc(calloc(1, sizeof *c));
    char detail[120];
    json_object_set_new(body, "do", json_string("configure"));
    bool ok = precondition_read(r, &c->on);
    enum err e = ok ? read_command(r, body, &c->command, detail, sizeof detail) : ERR_OK;
    json_decref(body);
    if (!ok || e != ERR_OK) {
        if (ok)
            request_problem(r, e, detail);
        free(c);
        return;
    }
    c->request = request_ref(r);
    rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_change_room,
               c);
}
