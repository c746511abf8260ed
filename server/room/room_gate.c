// SPDX-License-Identifier: Apache-2.0
// The output gate that room.h draws: what a room is about to become goes to the disk, and comes
// back in order as what it is. Nobody hears of it before.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/room_private.h"

#include <string.h>

// What a sender is told to wait before it tries again.
enum { RETRY_STORAGE_MS = 1000, RETRY_BUSY_MS = 250 };

void room_answer_error(struct room *r, room_reply_fn reply, void *user, const char *cmd_id,
                       enum err e)
{
    struct wire_message m = {.type = WIRE_ERROR};
    m.u.error.code = e;
    snprintf(m.u.error.cmd_id, sizeof m.u.error.cmd_id, "%s", cmd_id);
    if (e == ERR_STORAGE_FULL || e == ERR_STORAGE_FAILED)
        m.u.error.retry_ms = RETRY_STORAGE_MS;
    else if (e == ERR_BUSY)
        m.u.error.retry_ms = RETRY_BUSY_MS;
    else if (e == ERR_LEASE_HELD)
        m.u.error.retry_ms = LEASE_FREE_US / 1000;
    if (e == ERR_BAD_MESSAGE)
        snprintf(m.u.error.detail, sizeof m.u.error.detail, "schedule: not a rule");
    m.u.error.has_state = e == ERR_CONFLICT;
    if (m.u.error.has_state)
        room_publish(r, &m.u.error.state);
    reply(user, &m);
}

void room_answer_ack(struct room *r, room_reply_fn reply, void *user, const struct room_seen *seen,
                     bool duplicate)
{
    struct wire_message m = {.type = WIRE_ACK};
    memcpy(m.u.ack.group, r->record.id, sizeof m.u.ack.group);
    memcpy(m.u.ack.cmd_id, seen->cmd_id, sizeof m.u.ack.cmd_id);
    m.u.ack.epoch = seen->epoch;
    m.u.ack.rev = seen->rev;
    m.u.ack.at = seen->at;
    m.u.ack.fence = seen->fence;
    m.u.ack.duplicate = duplicate;
    reply(user, &m);
}

static void answer_waiters(struct room *r, struct flight *f, enum err e)
{
    for (struct waiter *w = f->waiters, *next; w; w = next) {
        next = w->next;
        if (e == ERR_OK)
            room_answer_ack(r, w->reply, w->user, &f->change.seen, w->duplicate);
        else
            room_answer_error(r, w->reply, w->user, f->change.seen.cmd_id, e);
        free(w);
    }
}

void room_changed(struct room *r)
{
    r->house->changed(r->house->changed_user);
}

static void fall_back(struct room *r)
{
    r->head = r->record.state;
    edition_unref(r->head_edition);
    r->head_edition = edition_ref(r->edition);
}

static void landed(struct room *r, struct flight *f)
{
    const struct room_change *c = &f->change;
    if (c->state.lease.fence != r->record.state.lease.fence)
        r->renewed = c->now;
    r->trouble = ERR_OK;
    r->record.state = c->state;
    if (c->name[0])
        memcpy(r->record.name, c->name, sizeof r->record.name);
    r->has_due = c->has_due;
    r->durable_due = c->due;
    edition_unref(r->edition);
    r->edition = edition_ref(f->edition);
    if (c->has_seen)
        seen_add(r->seen, &c->seen);
    if (r->urgent && !room_before(&c->state, &r->urgent_state))
        r->urgent = false;
    r->landings++;
    room_plan_ahead(r, c->now);
    room_announce(r);
}

static void failed(struct room *r, const struct flight *f, enum err e)
{
    if (!r->trouble)
        log_error("room", "group %s: a change could not be saved: %s", r->record.id, err_code(e));
    r->trouble = e;
    r->unsure = true;
    r->retry_at = house_add_us(f->change.now, ROOM_RETRY_US);
    room_changed(r);
    // The changes built on this one are refused by the store as well (prior_rev); the last of them
    // puts memory back to what is on disk.
    if (!r->first)
        fall_back(r);
    room_plan_ahead(r, f->change.now);
}

static void flight_free(struct flight *f)
{
    edition_unref(f->edition);
    free(f->event);
    free(f);
}

static void on_committed(void *user, enum err e)
{
    struct flight *f = user;
    struct room *r = f->room;
    CHECK(r->first == f);
    r->first = f->next;
    r->flights--;
    if (!r->first)
        r->end = &r->first;
    // Memory and disk disagree: because a change before this one failed, or because the disk knows
    // of one that was reported as failed.
    if (e == ERR_CONFLICT)
        e = r->trouble ? r->trouble : ERR_STORAGE_FAILED;
    if (e == ERR_OK)
        landed(r, f);
    else
        failed(r, f, e);
    if (r->unsure && !r->first && !r->closed)
        room_reread(r);
    answer_waiters(r, f, e);
    flight_free(f);
    if (e == ERR_OK)
        room_forget(r);
}

struct flight *room_launch(struct room *r, const struct room_state *next,
                           const struct room_event *e, struct edition *edition, const char *actor,
                           const char *op)
{
    struct flight *f = check_alloc(calloc(1, sizeof *f));
    struct room_change *c = &f->change;
    f->room = r;
    r->latest = house_max(r->latest, e->now);
    c->prior_epoch = r->head.epoch;
    c->prior_rev = r->head.rev;
    c->state = r->head = *next;
    if (next->epoch > r->launched_epoch ||
        (next->epoch == r->launched_epoch && next->rev > r->launched_rev)) {
        r->launched_epoch = next->epoch;
        r->launched_rev = next->rev;
    }
    if (edition != r->head_edition) {
        edition_unref(r->head_edition);
        r->head_edition = edition_ref(edition);
    }
    f->edition = edition_ref(edition);
    memcpy(c->room_id, r->record.id, sizeof c->room_id);
    c->has_due = room_durable_due(r, e->now, &c->due);
    c->now = e->now;
    c->wall_us = e->wall_us;
    c->lead_us = e->lead_us;
    snprintf(c->actor, sizeof c->actor, "%s", actor);
    snprintf(c->op, sizeof c->op, "%s", op);
    *r->end = f;
    r->end = &f->next;
    r->flights++;
    return f;
}

void room_submit(struct room *r, struct flight *f)
{
    f->change.event = f->event;
    r->house->port->commit(r->house->port->ctx, &f->change, on_committed, f);
}

bool room_step(struct room *r, struct room_event *e, const char *op)
{
    struct room_state next;
    house_t at;
    enum err err = room_state_step(&r->head, edition_tour(r->head_edition), e, &next, &at);
    if (err != ERR_OK)
        return false;
    room_submit(r, room_launch(r, &next, e, r->head_edition, "room", op));
    return true;
}
