// SPDX-License-Identifier: Apache-2.0
#include "server/room/room.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/lead.h"
#include "server/room/seen.h"

#include <stddef.h>
#include <string.h>

// A tour document shared by the states that refer to it.
struct edition {
    int refs;
    struct tour *tour;
};

// Who waits for a change to be durable.
struct waiter {
    struct waiter *next;
    room_reply_fn reply;
    void *user;
    bool duplicate;
};

// A change between memory and disk.
struct flight {
    struct flight *next;
    struct room *room;
    struct room_change change;
    struct edition *edition;
    struct waiter *waiters;
};

struct room {
    struct room_house house;
    struct room_record record; // record.state is the durable one
    struct edition *edition;   // of record.state
    struct room_state head;
    struct edition *head_edition;
    struct flight *first, **end; // changes in flight, oldest first
    struct seen *seen;
    struct room_member *members;
    int counts[3]; // by role
    struct agenda_entry due;
    bool degraded;
    // stop_now is spoken before it is durable, the one exception to the gate; while it is on its
    // way members are shown this state.
    bool urgent;
    struct room_state urgent_state;
    int loading; // tour documents asked for
    bool text_fresh;
    struct bytes text;
};

// After a failed commit the next try comes by itself after this long.
#define RETRY_US INT64_C(1000000)
// In flight at once: beyond it a sender is told to slow down.
enum { FLIGHTS_MAX = 256 };

static struct edition *edition_new(struct tour *tour)
{
    struct edition *e = check_alloc(calloc(1, sizeof *e));
    e->refs = 1;
    e->tour = tour;
    return e;
}

static struct edition *edition_ref(struct edition *e)
{
    if (e)
        e->refs++;
    return e;
}

static void edition_unref(struct edition *e)
{
    if (e && --e->refs == 0) {
        tour_free(e->tour);
        free(e);
    }
}

static const struct tour *tour_of(const struct edition *e)
{
    return e ? e->tour : NULL;
}

static void plan(struct room *r)
{
    house_t due;
    if (room_state_due(&r->head, tour_of(r->head_edition), &due))
        agenda_set(r->house.agenda, &r->due, due);
    else
        agenda_remove(r->house.agenda, &r->due);
}

struct room *room_new(const struct room_house *house, struct room_loaded *l, house_t now)
{
    struct tour *tour = NULL;
    if (l->record.state.tour_hash[0]) {
        char why[120] = "no document";
        if (l->tour_doc)
            tour = tour_parse(l->tour_doc, l->tour_doc_len, why, sizeof why);
        if (!tour || l->record.state.now.cue >= tour->cue_count) {
            log_error("room", "group %s: its tour cannot be read: %s", l->record.id, why);
            tour_free(tour);
            return NULL;
        }
    }
    struct room *r = check_alloc(calloc(1, sizeof *r));
    r->house = *house;
    r->record = l->record;
    r->head = l->record.state;
    if (tour) {
        r->edition = edition_new(tour);
        r->head_edition = edition_ref(r->edition);
    }
    r->end = &r->first;
    r->seen = seen_new();
    for (int i = 0; i < l->seen_count; i++)
        seen_add(r->seen, &l->seen[i]);
    bytes_init(&r->text, WIRE_MESSAGE_MAX);
    plan(r);
    room_advance(r, now);
    return r;
}

void room_free(struct room *r)
{
    CHECK(!r->first);
    while (r->members)
        room_leave(r->members);
    agenda_remove(r->house.agenda, &r->due);
    edition_unref(r->edition);
    edition_unref(r->head_edition);
    seen_free(r->seen);
    bytes_free(&r->text);
    free(r);
}

static void announce(struct room *r)
{
    r->text_fresh = false;
    for (struct room_member *m = r->members, *next; m; m = next) {
        next = m->next;
        m->notify(m);
    }
    r->house.changed(r->house.changed_user);
}

static void answer_error(room_reply_fn reply, void *user, const struct wire_command *c, enum err e)
{
    struct wire_message m = {.type = WIRE_ERROR};
    m.u.error.code = e;
    if (c)
        memcpy(m.u.error.cmd_id, c->cmd_id, sizeof m.u.error.cmd_id);
    reply(user, &m);
}

static void answer_ack(struct room *r, room_reply_fn reply, void *user,
                       const struct room_seen *seen, bool duplicate)
{
    struct wire_message m = {.type = WIRE_ACK};
    memcpy(m.u.ack.group, r->record.id, sizeof m.u.ack.group);
    memcpy(m.u.ack.cmd_id, seen->cmd_id, sizeof m.u.ack.cmd_id);
    m.u.ack.epoch = seen->epoch;
    m.u.ack.rev = seen->rev;
    m.u.ack.at = seen->at;
    m.u.ack.duplicate = duplicate;
    reply(user, &m);
}

static void answer_waiters(struct room *r, struct flight *f, enum err e)
{
    for (struct waiter *w = f->waiters, *next; w; w = next) {
        next = w->next;
        if (e == ERR_OK) {
            answer_ack(r, w->reply, w->user, &f->change.seen, w->duplicate);
        } else {
            struct wire_command c;
            memcpy(c.cmd_id, f->change.seen.cmd_id, sizeof c.cmd_id);
            answer_error(w->reply, w->user, &c, e);
        }
        free(w);
    }
}

static void fall_back(struct room *r)
{
    r->head = r->record.state;
    edition_unref(r->head_edition);
    r->head_edition = edition_ref(r->edition);
}

static void landed(struct room *r, struct flight *f)
{
    r->degraded = false;
    r->record.state = f->change.state;
    edition_unref(r->edition);
    r->edition = edition_ref(f->edition);
    if (f->change.has_seen)
        seen_add(r->seen, &f->change.seen);
    if (r->urgent && f->change.state.rev >= r->urgent_state.rev)
        r->urgent = false;
    plan(r);
    announce(r);
}

static void failed(struct room *r, const struct flight *f, enum err e)
{
    if (!r->degraded)
        log_error("room", "group %s: a change could not be saved: %s", r->record.id, err_code(e));
    r->degraded = true;
    r->house.changed(r->house.changed_user);
    // The changes built on this one are refused by the store as well (prior_rev); the last of them
    // puts memory back to what is on disk.
    if (r->first)
        return;
    fall_back(r);
    house_t due;
    if (r->urgent || room_state_due(&r->head, tour_of(r->head_edition), &due))
        agenda_set(r->house.agenda, &r->due, house_add_us(f->change.now, RETRY_US));
}

static void on_committed(void *user, enum err e)
{
    struct flight *f = user;
    struct room *r = f->room;
    CHECK(r->first == f);
    r->first = f->next;
    if (!r->first)
        r->end = &r->first;
    if (e == ERR_OK)
        landed(r, f);
    else
        failed(r, f, e == ERR_CONFLICT ? ERR_STORAGE_FAILED : e);
    answer_waiters(r, f, e == ERR_CONFLICT ? ERR_STORAGE_FAILED : e);
    edition_unref(f->edition);
    free(f);
}

// Sends head to the disk as one change. The flight is returned so that waiters can be added.
static struct flight *launch(struct room *r, int64_t prior_rev, const char *actor, const char *op,
                             house_t now)
{
    struct flight *f = check_alloc(calloc(1, sizeof *f));
    f->room = r;
    f->edition = edition_ref(r->head_edition);
    memcpy(f->change.room_id, r->record.id, sizeof f->change.room_id);
    f->change.prior_rev = prior_rev;
    f->change.state = r->head;
    f->change.has_due = room_state_due(&r->head, tour_of(r->head_edition), &f->change.due);
    f->change.now = now;
    snprintf(f->change.actor, sizeof f->change.actor, "%s", actor);
    snprintf(f->change.op, sizeof f->change.op, "%s", op);
    *r->end = f;
    r->end = &f->next;
    return f;
}

static void submit(struct room *r, struct flight *f)
{
    r->house.port->commit(r->house.port->ctx, &f->change, on_committed, f);
}

// Stops in memory and tells everybody at once. Also the retry when its commit failed.
static void speak_urgently(struct room *r, house_t now)
{
    static const struct wire_command stop = {.op = OP_STOP_NOW};
    struct room_state next;
    house_t at;
    CHECK(room_state_command(&r->head, tour_of(r->head_edition), &stop, NULL, NULL, now, 0, &next,
                             &at) == ERR_OK);
    r->head = next;
    r->urgent = true;
    r->urgent_state = next;
}

void room_advance(struct room *r, house_t now)
{
    int64_t prior = r->head.rev;
    if (r->degraded && r->first) {
        // Changes that cannot land are still in flight; the retry is planned after the last.
        agenda_remove(r->house.agenda, &r->due);
        return;
    }
    bool stepped = false;
    while (room_state_advance(&r->head, tour_of(r->head_edition), now))
        stepped = true;
    if (r->urgent && !r->first) {
        speak_urgently(r, now);
        stepped = true;
    }
    plan(r);
    if (stepped)
        submit(r, launch(r, prior, "room", "advance", now));
}

static void add_waiter(struct flight *f, room_reply_fn reply, void *user, bool duplicate)
{
    struct waiter *w = check_alloc(calloc(1, sizeof *w));
    *w = (struct waiter){f->waiters, reply, user, duplicate};
    f->waiters = w;
}

static int flights(const struct room *r)
{
    int n = 0;
    for (struct flight *f = r->first; f; f = f->next)
        n++;
    return n;
}

// True when the command was seen before, be it durable or in flight; it is then answered.
static bool answer_duplicate(struct room *r, const struct wire_command *c, uint64_t hash,
                             room_reply_fn reply, void *user)
{
    const struct room_seen *seen = seen_find(r->seen, c->cmd_id);
    if (seen) {
        if (seen->hash == hash)
            answer_ack(r, reply, user, seen, true);
        else
            answer_error(reply, user, c, ERR_ID_CONFLICT);
        return true;
    }
    for (struct flight *f = r->first; f; f = f->next) {
        if (!f->change.has_seen || strcmp(f->change.seen.cmd_id, c->cmd_id) != 0)
            continue;
        if (f->change.seen.hash == hash)
            add_waiter(f, reply, user, true);
        else
            answer_error(reply, user, c, ERR_ID_CONFLICT);
        return true;
    }
    return false;
}

// A command whose tour document, if it needs one, is at hand.
static void run_command(struct room *r, const struct wire_command *c, const char *actor,
                        struct edition *loaded, const char *loaded_hash, house_t now,
                        room_reply_fn reply, void *user)
{
    uint64_t hash = seen_hash(c);
    if (answer_duplicate(r, c, hash, reply, user))
        return;
    if (flights(r) >= FLIGHTS_MAX || (r->degraded && r->first)) {
        answer_error(reply, user, c, r->degraded ? ERR_STORAGE_FAILED : ERR_BUSY);
        return;
    }
    room_advance(r, now);
    struct room_state next;
    house_t at;
    int64_t prior = r->head.rev;
    enum err e = room_state_command(&r->head, tour_of(r->head_edition), c, tour_of(loaded),
                                    loaded_hash, now, room_lead_us(r), &next, &at);
    if (e != ERR_OK) {
        answer_error(reply, user, c, e);
        return;
    }
    r->head = next;
    if (loaded) {
        edition_unref(r->head_edition);
        r->head_edition = edition_ref(loaded);
    }
    struct flight *f = launch(r, prior, actor, wire_op_name(c->op), now);
    f->change.has_seen = true;
    f->change.seen =
        (struct room_seen){.hash = hash, .epoch = next.epoch, .rev = next.rev, .at = at};
    memcpy(f->change.seen.cmd_id, c->cmd_id, sizeof f->change.seen.cmd_id);
    add_waiter(f, reply, user, false);
    plan(r);
    if (c->op == OP_STOP_NOW) {
        r->urgent = true;
        r->urgent_state = next;
        announce(r);
    }
    submit(r, f);
}

// Waiting for a tour document.
struct tour_wait {
    struct room *room;
    struct wire_command command;
    char actor[WIRE_ID_MAX + 1];
    house_t now;
    room_reply_fn reply;
    void *user;
};

static void on_tour(void *user, enum err e, const char *hash, const char *doc, size_t len)
{
    struct tour_wait *w = user;
    struct room *r = w->room;
    r->loading--;
    char why[120];
    struct tour *tour = e == ERR_OK ? tour_parse(doc, len, why, sizeof why) : NULL;
    if (tour) {
        struct edition *loaded = edition_new(tour);
        run_command(r, &w->command, w->actor, loaded, hash, w->now, w->reply, w->user);
        edition_unref(loaded);
    } else {
        answer_error(w->reply, w->user, &w->command, e == ERR_OK ? ERR_INTERNAL : e);
    }
    free(w);
}

void room_command(struct room *r, const struct wire_command *c, const char *actor, house_t now,
                  room_reply_fn reply, void *user)
{
    if (c->op != OP_LOAD) {
        run_command(r, c, actor, NULL, NULL, now, reply, user);
        return;
    }
    struct tour_wait *w = check_alloc(calloc(1, sizeof *w));
    *w = (struct tour_wait){.room = r, .command = *c, .now = now, .reply = reply, .user = user};
    snprintf(w->actor, sizeof w->actor, "%s", actor);
    r->loading++;
    r->house.port->tour(r->house.port->ctx, c->tour, on_tour, w);
}

void room_join(struct room *r, struct room_member *m)
{
    CHECK(!m->room);
    m->room = r;
    m->prev = NULL;
    m->next = r->members;
    if (r->members)
        r->members->prev = m;
    r->members = m;
    r->counts[m->role]++;
    r->house.changed(r->house.changed_user);
}

void room_leave(struct room_member *m)
{
    struct room *r = m->room;
    if (!r)
        return;
    if (m->prev)
        m->prev->next = m->next;
    else
        r->members = m->next;
    if (m->next)
        m->next->prev = m->prev;
    r->counts[m->role]--;
    m->room = NULL;
    m->prev = m->next = NULL;
    r->house.changed(r->house.changed_user);
}

void room_publish(const struct room *r, struct wire_state *out)
{
    if (r->urgent)
        room_state_publish(&r->urgent_state, tour_of(r->head_edition), out);
    else
        room_state_publish(&r->record.state, tour_of(r->edition), out);
    memcpy(out->group, r->record.id, sizeof out->group);
    out->clock_epoch = r->house.clock_epoch;
}

const struct bytes *room_published_text(struct room *r)
{
    if (!r->text_fresh) {
        struct wire_message m = {.type = WIRE_STATE};
        room_publish(r, &m.u.state);
        bytes_clear(&r->text);
        CHECK(wire_encode(&m, &r->text));
        r->text_fresh = true;
    }
    return &r->text;
}

const struct room_record *room_record(const struct room *r)
{
    return &r->record;
}

struct room_member *room_members(struct room *r)
{
    return r->members;
}

int room_member_count(const struct room *r, enum wire_role role)
{
    return r->counts[role];
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t room_lead_us(const struct room *r)
{
    // A sample of the guests is enough for a 95th percentile, and bounds the work.
    enum { GUESTS = 200 };
    int64_t guests[GUESTS];
    int n = 0;
    struct lead_inputs in = {.commit_p99_us = r->house.port->commit_p99_us(r->house.port->ctx)};
    for (struct room_member *m = r->members; m; m = m->next) {
        if (!m->has_report)
            continue;
        if (m->role == ROLE_KIOSK) {
            if (m->report.rtt_us > in.kiosk_rtt_max_us)
                in.kiosk_rtt_max_us = m->report.rtt_us;
            if (m->report.prep_us > in.kiosk_prep_max_us)
                in.kiosk_prep_max_us = m->report.prep_us;
        } else if (n < GUESTS) {
            guests[n++] = m->report.rtt_us;
        }
    }
    if (n > 0) {
        qsort(guests, (size_t)n, sizeof guests[0], by_size);
        in.guest_rtt_p95_us = guests[(n * 95 - 1) / 100];
    }
    return lead_us(&in);
}

bool room_degraded(const struct room *r)
{
    return r->degraded;
}

bool room_idle(const struct room *r)
{
    return !r->members && !r->first && r->loading == 0 && r->due.place == 0;
}

struct room *room_of_entry(struct agenda_entry *e)
{
    return (struct room *)((char *)e - offsetof(struct room, due));
}
