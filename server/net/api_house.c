// SPDX-License-Identifier: Apache-2.0
// One command for many groups: those named, or all that it has something to do for.
//
//   {"do":"silence"} ──► which groups sound or are about to (store) ──► each room is found, a few
//   at a time, and told as if by a command of its own ──► one answer: who was moved, who was not
//   and why
//
// A group of its own moves at its own lead; what is wrong with one keeps no other from moving.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/net.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <sodium.h>
#include <string.h>

enum {
    GROUPS_MAX = 10000, // more than a house has
    AT_ONCE = 32,       // rooms being woken: the store's queue is others' as well
};

// A change decided for so soon is done when ours takes effect: the longest lead and some.
static const int64_t SOON_US = 1500000;

enum house_op { HOUSE_SILENCE, HOUSE_PAUSE, HOUSE_PLAY, HOUSE_STOP };
static const char *const op_names[] = {"silence", "pause", "play", "stop"};

typedef char group_id[WIRE_ID_MAX + 1];

struct house_order {
    struct store_job job;
    struct request *request;
    enum house_op op;
    bool named; // groups were named: each must be answered for
    group_id *ids;
    int count, next, under_way;
    bool pumping;
    json_t *moved, *failed;
};

struct errand {
    struct house_order *order;
    const char *id;
    struct wire_command command;
};

static void answer(struct house_order *o)
{
    request_json(o->request, 200, json_pack("{s:o,s:o}", "moved", o->moved, "failed", o->failed));
    request_unref(o->request);
    free(o->ids);
    free(o);
}

static void pump(struct house_order *o);

static void finish(struct errand *e)
{
    struct house_order *o = e->order;
    free(e);
    o->under_way--;
    pump(o);
}

static void failed(struct errand *e, enum err why)
{
    json_array_append_new(e->order->failed,
                          json_pack("{s:s,s:s}", "group", e->id, "code", err_code(why)));
    finish(e);
}

static void on_answer(void *user, const struct wire_message *m)
{
    struct errand *e = user;
    if (m->type == WIRE_ERROR) {
        failed(e, m->u.error.code);
        return;
    }
    json_array_append_new(e->order->moved,
                          json_pack("{s:s,s:I}", "group", e->id, "at", (json_int_t)m->u.ack.at.us));
    finish(e);
}

// What the room is to be told, as it stands when it would hear of it; false when there is nothing
// to do.
static bool choose(enum house_op op, const struct room_state *s, house_t now, enum wire_op *out)
{
    bool soon = s->has_pending && house_diff_us(s->pending_at, now) <= SOON_US;
    enum wire_mode mode = soon ? s->pending.mode : s->now.mode;
    bool coming = s->has_pending && !soon && s->pending.mode == MODE_RUNNING;
    switch (op) {
    case HOUSE_SILENCE:
        // What plays keeps its place; what was about to play does not begin.
        *out = mode == MODE_RUNNING ? OP_PAUSE : OP_STOP;
        return mode == MODE_RUNNING || coming;
    case HOUSE_PAUSE:
        *out = OP_PAUSE;
        return mode == MODE_RUNNING;
    case HOUSE_PLAY:
        *out = OP_PLAY;
        return mode == MODE_READY || mode == MODE_HELD;
    default:
        *out = OP_STOP;
        return mode == MODE_RUNNING || mode == MODE_HELD || mode == MODE_ENDED || coming;
    }
}

static void on_room(void *user, enum err why, struct room *room)
{
    struct errand *e = user;
    struct request *r = e->order->request;
    struct wire_command *c = &e->command;
    if (why != ERR_OK) {
        failed(e, why);
        return;
    }
    house_t now = net_now(r->net);
    if (!choose(e->order->op, &room_record(room)->state, now, &c->op)) {
        if (e->order->named)
            failed(e, ERR_BAD_STATE);
        else
            finish(e); // it came to rest meanwhile
        return;
    }
    unsigned char id[16];
    randombytes_buf(id, sizeof id);
    sodium_bin2hex(c->cmd_id, sizeof c->cmd_id, id, sizeof id);
    snprintf(c->group, sizeof c->group, "%s", e->id);
    struct room_actor who = {ROLE_STAFF, "", r->user};
    room_command(room, c, &who, now, on_answer, e);
}

// Answers may come within the call: one pump at a time, so that the stack does not grow with them.
static void pump(struct house_order *o)
{
    if (o->pumping)
        return;
    o->pumping = true;
    while (o->under_way < AT_ONCE && o->next < o->count) {
        struct errand *e = check_alloc(calloc(1, sizeof *e));
        e->order = o;
        e->id = o->ids[o->next++];
        o->under_way++;
        rooms_find(net_house(o->request->net)->rooms, ROOM_BY_ID, e->id, net_now(o->request->net),
                   on_room, e);
    }
    o->pumping = false;
    if (o->under_way == 0 && o->next == o->count)
        answer(o);
}

static enum err list_run(sqlite3 *db, struct store_job *job)
{
    struct house_order *o = (struct house_order *)job;
    static const unsigned modes[] = {
        [HOUSE_SILENCE] = 1U << MODE_RUNNING,
        [HOUSE_PAUSE] = 1U << MODE_RUNNING,
        [HOUSE_PLAY] = 1U << MODE_READY | 1U << MODE_HELD,
        [HOUSE_STOP] = 1U << MODE_RUNNING | 1U << MODE_HELD | 1U << MODE_ENDED,
    };
    o->ids = check_alloc(calloc(GROUPS_MAX, sizeof *o->ids));
    o->count = room_store_ids(db, modes[o->op], o->op != HOUSE_PLAY, o->ids, GROUPS_MAX);
    return ERR_OK;
}

static void list_done(struct store_job *job, enum err e)
{
    struct house_order *o = (struct house_order *)job;
    if (e == ERR_OK) {
        pump(o);
        return;
    }
    request_problem(o->request, e, NULL);
    request_unref(o->request);
    json_decref(o->moved);
    json_decref(o->failed);
    free(o->ids);
    free(o);
}

// {"do":"silence","groups":["weavers",...]}
static void read_groups(struct json_reader *jr, json_t *groups, struct house_order *o)
{
    o->named = groups != NULL;
    if (jr->err != ERR_OK || !groups)
        return;
    if (!json_is_array(groups) || json_array_size(groups) > GROUPS_MAX) {
        json_fail(jr, "groups", "must be a list of ids");
        return;
    }
    o->ids = check_alloc(calloc(json_array_size(groups) + 1, sizeof *o->ids));
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *id = json_string_value(json_array_get(groups, i));
        if (!id || !wire_id_valid(id)) {
            json_fail(jr, "groups", "must be a list of ids");
            return;
        }
        snprintf(o->ids[o->count++], sizeof *o->ids, "%s", id);
    }
}

void api_house_command(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct house_order *o = check_alloc(calloc(1, sizeof *o));
    struct json_reader jr;
    json_reader_init(&jr, body);
    o->op = (enum house_op)json_get_name(&jr, "do", op_names, sizeof op_names / sizeof *op_names);
    read_groups(&jr, json_object_get(body, "groups"), o);
    json_decref(body);
    if (jr.err != ERR_OK) {
        request_problem(r, jr.err, jr.detail);
        free(o->ids);
        free(o);
        return;
    }
    o->request = request_ref(r);
    o->moved = json_array();
    o->failed = json_array();
    o->job.run = list_run;
    o->job.done = list_done;
    if (o->named)
        pump(o);
    else
        store_submit(net_house(r->net)->store, &o->job);
}
