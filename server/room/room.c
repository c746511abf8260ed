// SPDX-License-Identifier: Apache-2.0
#include "server/room/room.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/room_private.h"

#include <stddef.h>
#include <string.h>

// After a failed commit the next try comes by itself after this long.
#define RETRY_US INT64_C(1000000)
// What a sender is told to wait before it tries again.
enum { RETRY_STORAGE_MS = 1000, RETRY_BUSY_MS = 250 };

struct edition *edition_new(struct tour *tour)
{
    struct edition *e = check_alloc(calloc(1, sizeof *e));
    e->refs = 1;
    e->tour = tour;
    return e;
}

struct edition *edition_ref(struct edition *e)
{
    if (e)
        e->refs++;
    return e;
}

void edition_unref(struct edition *e)
{
    if (e && --e->refs == 0) {
        tour_free(e->tour);
        free(e);
    }
}

const struct tour *edition_tour(const struct edition *e)
{
    return e ? e->tour : NULL;
}

// --- waking and sleeping -----------------------------------------------------------------------

// The tour of a loaded room; false, and said why, when what is in the store cannot be read.
static bool read_tour(const struct room_loaded *l, struct tour **tour)
{
    char why[120] = "no document";
    *tour = NULL;
    if (!l->record.state.tour_hash[0])
        return true;
    if (l->tour_doc)
        *tour = tour_parse(l->tour_doc, l->tour_doc_len, why, sizeof why);
    const struct room_state *s = &l->record.state;
    if (*tour && s->now.cue >= 0 && s->now.cue < (*tour)->cue_count &&
        (!s->has_pending || (s->pending.cue >= 0 && s->pending.cue < (*tour)->cue_count)))
        return true;
    log_error("room", "group %s: its tour cannot be read: %s", l->record.id, why);
    tour_free(*tour);
    return false;
}

static void adopt(struct room *r, const struct room_loaded *l, struct tour *tour)
{
    r->record = l->record;
    r->has_due = l->has_due;
    r->durable_due = l->due;
    r->head = l->record.state;
    r->edition = tour ? edition_new(tour) : NULL;
    r->head_edition = edition_ref(r->edition);
    r->seen = seen_new();
    for (int i = 0; i < l->seen_count; i++)
        seen_add(r->seen, &l->seen[i]);
}

static void abandon(struct room *r)
{
    edition_unref(r->edition);
    edition_unref(r->head_edition);
    seen_free(r->seen);
}

struct room *room_new(const struct room_house *house, struct room_loaded *l, house_t now)
{
    struct tour *tour;
    if (!read_tour(l, &tour))
        return NULL;
    struct room *r = check_alloc(calloc(1, sizeof *r));
    r->house = house;
    r->end = &r->first;
    r->renewed = now;
    bytes_init(&r->text, WIRE_MESSAGE_MAX);
    bytes_init(&r->audience_text, WIRE_MESSAGE_MAX);
    adopt(r, l, tour);
    room_advance(r, now);
    return r;
}

void room_free(struct room *r)
{
    CHECK(!r->first);
    while (r->members) {
        struct room_member *m = r->members;
        r->members = m->next;
        m->room = NULL;
        m->prev = m->next = NULL;
    }
    agenda_remove(r->house->agenda, &r->due);
    abandon(r);
    bytes_free(&r->text);
    bytes_free(&r->audience_text);
    free(r->dropouts);
    free(r);
}

static void insist_on_seen(const struct room *r, const struct room_loaded *l)
{
    for (int i = 0; i < l->seen_count; i++) {
        const struct room_seen *kept = seen_find(r->seen, l->seen[i].cmd_id, l->seen[i].when);
        CHECK(kept && kept->hash == l->seen[i].hash && kept->epoch == l->seen[i].epoch &&
              kept->rev == l->seen[i].rev && kept->at.us == l->seen[i].at.us &&
              kept->fence == l->seen[i].fence && kept->when.us == l->seen[i].when.us);
    }
}

// What is on disk must be what was in memory: it says so, or ends the program.
static void insist_on_same(const struct room *r, const struct room_loaded *l)
{
    struct bytes memory, disk;
    bytes_init(&memory, WIRE_MESSAGE_MAX);
    bytes_init(&disk, WIRE_MESSAGE_MAX);
    room_state_print(&r->record.state, &memory);
    room_state_print(&l->record.state, &disk);
    if (strcmp(memory.data, disk.data) != 0)
        log_error("room", "group %s forgot:\n%s\n%s", r->record.id, memory.data, disk.data);
    CHECK(strcmp(memory.data, disk.data) == 0);
    CHECK(strcmp(r->record.code, l->record.code) == 0);
    CHECK(strcmp(r->record.link, l->record.link) == 0);
    CHECK(strcmp(r->record.guide_link, l->record.guide_link) == 0);
    CHECK(strcmp(r->record.guide_pin, l->record.guide_pin) == 0);
    CHECK(r->has_due == l->has_due && (!r->has_due || r->durable_due.us == l->due.us));
    insist_on_seen(r, l);
    bytes_free(&memory);
    bytes_free(&disk);
}

static void on_remembered(void *user, enum err e, struct room_loaded *l)
{
    struct room *r = user;
    r->loading--;
    struct tour *tour;
    // Something happened meanwhile: what was read may be older. The next time will do.
    if (e != ERR_OK || r->first || r->unsure || r->urgent ||
        l->record.state.rev != r->record.state.rev ||
        l->record.state.epoch != r->record.state.epoch || !read_tour(l, &tour))
        return;
    insist_on_same(r, l);
    abandon(r);
    adopt(r, l, tour);
    r->text_fresh = false;
}

// For tests: memory is a cache of what is on disk, and this is how we know.
static void forget(struct room *r)
{
    if (r->closed || r->house->forget_every == 0 || r->landings % r->house->forget_every != 0 ||
        r->first)
        return;
    r->loading++;
    r->house->port->load(r->house->port->ctx, ROOM_BY_ID, r->record.id, on_remembered, r);
}

// After a disk that failed, memory may be behind: a change that was reported as lost is there. One
// built on what memory knows could have the number of that one, and others would follow on it.
static void on_reread(void *user, enum err e, struct room_loaded *l)
{
    struct room *r = user;
    r->loading--;
    if (r->first)
        return;
    struct tour *tour;
    if (e != ERR_OK || !read_tour(l, &tour)) {
        r->retry_at = house_add_us(house_max(r->retry_at, r->latest), RETRY_US);
        room_plan_ahead(r, r->latest);
        return;
    }
    const struct room_state *found = &l->record.state;
    bool news = room_before(&r->record.state, found);
    if (news)
        log_warn("room", "group %s: revision %u.%lld is on the disk after all", r->record.id,
                 found->epoch, (long long)found->rev);
    if (found->lease.fence != r->record.state.lease.fence)
        r->renewed = r->latest;
    abandon(r);
    adopt(r, l, tour);
    r->unsure = false;
    r->text_fresh = false;
    if (r->urgent && !room_before(&r->record.state, &r->urgent_state))
        r->urgent = false; // it is the stop that was found, or what came after
    room_plan_ahead(r, r->latest);
    if (news)
        room_announce(r);
}

void room_reread(struct room *r)
{
    if (r->closed)
        return;
    r->loading++;
    r->house->port->load(r->house->port->ctx, ROOM_BY_ID, r->record.id, on_reread, r);
}

// --- the gate ----------------------------------------------------------------------------------

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
    r->retry_at = house_add_us(f->change.now, RETRY_US);
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
        forget(r);
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

// --- what others ask ---------------------------------------------------------------------------

const struct room_record *room_record(const struct room *r)
{
    return &r->record;
}

void room_set_guide_pin(struct room *r, const char *hash)
{
    snprintf(r->record.guide_pin, sizeof r->record.guide_pin, "%s", hash);
}

bool room_close(struct room *r, house_t now, struct room_change *last)
{
    if (r->closed || r->trouble || r->unsure || r->urgent)
        return false;
    now = house_max(now, r->latest);
    *last = (struct room_change){.prior_epoch = r->head.epoch,
                                 .prior_rev = r->head.rev,
                                 .state = r->head,
                                 .now = now,
                                 .wall_us = r->house->port->wall_us(r->house->port->ctx, now),
                                 .event = "{}"};
    memcpy(last->room_id, r->record.id, sizeof last->room_id);
    room_state_rest(&last->state, edition_tour(r->head_edition), now);
    r->closed = true;
    agenda_remove(r->house->agenda, &r->due);
    return true;
}

void room_reopen(struct room *r, house_t now)
{
    r->closed = false;
    room_advance(r, now);
}

bool room_is_still(const struct room *r)
{
    return !r->members && !r->first && !r->loading;
}

bool room_degraded(const struct room *r)
{
    return r->trouble != ERR_OK;
}

void room_recovered(struct room *r, house_t now)
{
    if (!r->trouble || r->first)
        return;
    r->trouble = ERR_OK;
    room_changed(r);
    room_advance(r, now);
}

struct room *room_of_entry(struct agenda_entry *e)
{
    return (struct room *)((char *)e - offsetof(struct room, due));
}
