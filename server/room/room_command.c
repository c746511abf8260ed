// SPDX-License-Identifier: Apache-2.0
// Commands: from what somebody asks to a change in flight. A retry gets its old answer; what needs
// a document from the store waits for it here.
#include "common/base/check.h"
#include "server/room/room_private.h"

#include <string.h>

static const struct wire_command stop_now = {.op = OP_STOP_NOW};

static void speak_first(struct room *r, const struct room_state *next)
{
    r->urgent = true;
    r->urgent_state = *next;
    room_announce(r);
}

bool room_before(const struct room_state *a, const struct room_state *b)
{
    return a->epoch < b->epoch || (a->epoch == b->epoch && a->rev < b->rev);
}

bool room_stop_waits(const struct room *r)
{
    return r->urgent && room_before(&r->head, &r->urgent_state);
}

void room_stop_again(struct room *r, house_t now)
{
    struct room_event e = room_event_at(r, EVENT_COMMAND, now);
    e.command = &stop_now;
    e.actor.role = ROLE_STAFF;
    const struct tour *tour = edition_tour(r->head_edition);
    const char *op = wire_op_name(OP_STOP_NOW);
    struct room_state next, heard = r->urgent_state;
    house_t at;
    if (room_state_step(&r->head, tour, &e, &next, &at) != ERR_OK) {
        // The tour it stopped never came to be. Members are told what is so instead.
        e = room_event_at(r, EVENT_PLAN, now);
        op = "plan";
        heard.rev++;
        CHECK(room_state_step(&r->head, tour, &e, &next, &at) == ERR_OK);
    }
    // They have heard of it by its number, and take nothing lower for news.
    if (room_before(&next, &heard)) {
        next.epoch = heard.epoch;
        next.rev = heard.rev;
    }
    r->urgent_state = next;
    room_submit(r, room_launch(r, &next, &e, r->head_edition, "room", op));
}

static void add_waiter(struct flight *f, room_reply_fn reply, void *user, bool duplicate)
{
    struct waiter *w = check_alloc(calloc(1, sizeof *w));
    *w = (struct waiter){NULL, reply, user, duplicate};
    struct waiter **end = &f->waiters; // the first to ask is the first to hear
    while (*end)
        end = &(*end)->next;
    *end = w;
}

// A command on its way through the room, with what it waits for.
struct request {
    struct room *room;
    struct wire_command command;
    enum wire_role role;
    char member[WIRE_MEMBER_MAX + 1], name[WIRE_NAME_MAX + 1];
    house_t now;
    room_reply_fn reply;
    void *user;
    char *text; // the command as JSON without its id: for the log, and to know a retry
    uint64_t hash;
};

static void request_end(struct request *q, enum err e)
{
    if (e != ERR_OK)
        room_answer_error(q->room, q->reply, q->user, q->command.cmd_id, e);
    free(q->text);
    free(q);
}

static void describe(struct request *q)
{
    struct wire_message m = {.type = WIRE_COMMAND, .u.command = q->command};
    struct bytes text;
    m.u.command.group[0] = m.u.command.cmd_id[0] = '\0';
    bytes_init(&text, WIRE_MESSAGE_MAX);
    CHECK(wire_encode(&m, &text));
    q->text = text.data;
    q->hash = seen_hash(text.data, text.len);
}

// True when the command was seen before, be it durable or in flight; it is then answered.
static bool answer_duplicate(struct room *r, const struct request *q)
{
    const char *id = q->command.cmd_id;
    const struct room_seen *seen = seen_find(r->seen, id, q->now);
    if (seen) {
        if (seen->hash == q->hash || seen->hash == 0)
            room_answer_ack(r, q->reply, q->user, seen, true);
        else
            room_answer_error(r, q->reply, q->user, id, ERR_ID_CONFLICT);
        return true;
    }
    for (struct flight *f = r->first; f; f = f->next) {
        if (!f->change.has_seen || strcmp(f->change.seen.cmd_id, id) != 0)
            continue;
        if (f->change.seen.hash == q->hash)
            add_waiter(f, q->reply, q->user, true);
        else
            room_answer_error(r, q->reply, q->user, id, ERR_ID_CONFLICT);
        return true;
    }
    return false;
}

static const char *actor_name(const struct request *q)
{
    return q->role == ROLE_STAFF ? q->name : q->member;
}

static void send_off(struct request *q, const struct room_event *e, const struct room_state *next,
                     struct edition *edition, house_t at)
{
    struct room *r = q->room;
    const struct wire_command *c = &q->command;
    struct flight *f = room_launch(r, next, e, edition, actor_name(q), wire_op_name(c->op));
    struct room_seen *seen = &f->change.seen;
    f->change.has_seen = true;
    *seen = (struct room_seen){.hash = q->hash, .epoch = next->epoch, .rev = next->rev, .at = at};
    memcpy(seen->cmd_id, c->cmd_id, sizeof seen->cmd_id);
    seen->fence = room_lease_concerns(c->op) ? next->lease.fence : 0;
    seen->when = q->now;
    if (c->op == OP_CONFIGURE)
        memcpy(f->change.name, c->configure.name, sizeof f->change.name);
    f->event = q->text;
    q->text = NULL;
    add_waiter(f, q->reply, q->user, false);
    room_plan_ahead(r, q->now);
    if (c->op == OP_STOP_NOW)
        speak_first(r, next);
    room_submit(r, f);
}

// Why nothing can be taken now.
static enum err refusal(const struct room *r)
{
    return r->trouble ? r->trouble : r->unsure ? ERR_STORAGE_FAILED : ERR_BUSY;
}

// A command with all that it needs at hand: of OP_LOAD and OP_RESTORE the tour (`edition`, NULL
// for none), its hash, the point.
static void run(struct request *q, struct edition *edition, const char *hash,
                const struct room_past *past)
{
    struct room *r = q->room;
    if (r->closed) {
        request_end(q, ERR_UNKNOWN_GROUP);
        return;
    }
    // Others may have come while it waited for a document: it counts as of the newest of them.
    q->now = house_max(q->now, r->latest);
    bool doomed = r->flights >= FLIGHTS_MAX || r->unsure || (r->trouble && r->first);
    if (doomed && q->command.op != OP_STOP_NOW) {
        request_end(q, refusal(r));
        return;
    }
    // What is due is a change of its own, before this one; when that failed a moment ago it is
    // tried again now, or this one would come before it.
    if (!doomed) {
        r->retry_at = q->now;
        room_advance(r, q->now);
    }
    struct room_event e = room_event_at(r, EVENT_COMMAND, q->now);
    e.command = &q->command;
    e.actor = (struct room_actor){q->role, q->member, q->name};
    e.lead_us = room_lead_us(r);
    e.tour = edition_tour(edition);
    e.tour_hash = hash;
    if (past) {
        e.point = &past->state;
        e.point_at = past->at;
    }
    struct room_state next;
    house_t at;
    enum err err = room_state_step(&r->head, edition_tour(r->head_edition), &e, &next, &at);
    if (err == ERR_OK && doomed) {
        // Silence now; it is saved when something can be saved again. Its number is above all that
        // may be on the disk by then.
        struct room_state above = {.epoch = r->launched_epoch, .rev = r->launched_rev + 1};
        if (room_before(&next, &above)) {
            next.epoch = above.epoch;
            next.rev = above.rev;
        }
        speak_first(r, &next);
        err = refusal(r);
    } else if (err == ERR_OK) {
        send_off(q, &e, &next, hash || past ? edition : r->head_edition, at);
    }
    request_end(q, err);
}

// What it waited for is here, or is not (`e`). Meanwhile it may have come again and been taken;
// false when it is over with this.
static bool goes_on(struct request *q, enum err e)
{
    q->room->loading--;
    if (e == ERR_OK && !answer_duplicate(q->room, q))
        return true;
    request_end(q, e);
    return false;
}

// Parses a document for a request; NULL, and answered, when it cannot.
static struct edition *parse_for(struct request *q, const char *doc, size_t len)
{
    char why[120];
    struct tour *tour = doc ? tour_parse(doc, len, why, sizeof why) : NULL;
    if (tour)
        return edition_new(tour);
    request_end(q, ERR_INTERNAL);
    return NULL;
}

static void on_tour(void *user, enum err e, const char *hash, const char *doc, size_t len)
{
    struct request *q = user;
    if (!goes_on(q, e))
        return;
    struct edition *edition = parse_for(q, doc, len);
    if (edition)
        run(q, edition, hash, NULL);
    edition_unref(edition);
}

static void on_past(void *user, enum err e, struct room_past *past)
{
    struct request *q = user;
    if (!goes_on(q, e))
        return;
    struct edition *edition = NULL;
    if (past->state.tour_hash[0] && !(edition = parse_for(q, past->tour_doc, past->tour_doc_len)))
        return;
    run(q, edition, NULL, past);
    edition_unref(edition);
}

static void renew(struct request *q)
{
    struct room *r = q->room;
    const struct room_lease *lease = &r->record.state.lease;
    struct room_actor who = {q->role, q->member, q->name};
    enum err e = room_lease_renew(lease, &q->command, &who);
    if (e == ERR_OK) {
        r->renewed = q->now;
        room_plan_ahead(r, q->now);
        struct room_seen seen = {.epoch = r->record.state.epoch,
                                 .rev = r->record.state.rev,
                                 .at = q->now,
                                 .fence = lease->fence};
        memcpy(seen.cmd_id, q->command.cmd_id, sizeof seen.cmd_id);
        room_answer_ack(r, q->reply, q->user, &seen, false);
    }
    request_end(q, e);
}

// The guide a command names must be here; ERR_NOT_FOUND when not. Nobody ("") is fine.
static enum err name_guide(const struct room *r, struct wire_command *c)
{
    const struct room_member *m = c->member[0] ? room_guide(r, c->member) : NULL;
    if (m)
        memcpy(c->member_name, m->name, sizeof c->member_name);
    return m || !c->member[0] ? ERR_OK : ERR_NOT_FOUND;
}

void room_command(struct room *r, const struct wire_command *c, const struct room_actor *who,
                  house_t now, room_reply_fn reply, void *user)
{
    struct request *q = check_alloc(calloc(1, sizeof *q));
    *q = (struct request){
        .room = r, .command = *c, .role = who->role, .now = now, .reply = reply, .user = user};
    snprintf(q->member, sizeof q->member, "%s", who->member ? who->member : "");
    snprintf(q->name, sizeof q->name, "%s", who->name ? who->name : "");
    describe(q);
    enum err e;
    if (answer_duplicate(r, q)) {
        request_end(q, ERR_OK);
    } else if ((e = name_guide(r, &q->command)) != ERR_OK) {
        request_end(q, e);
    } else if (c->op == OP_RENEW) {
        renew(q);
    } else if ((c->op == OP_LOAD || c->op == OP_RESTORE) && who->role != ROLE_STAFF) {
        request_end(q, ERR_FORBIDDEN); // before anything is looked up for them
    } else if (c->op == OP_LOAD) {
        r->loading++;
        r->house->port->tour(r->house->port->ctx, c->tour, on_tour, q);
    } else if (c->op == OP_RESTORE) {
        r->loading++;
        r->house->port->past(r->house->port->ctx, r->record.id, &c->to, on_past, q);
    } else {
        run(q, NULL, NULL, NULL);
    }
}
