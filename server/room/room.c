// SPDX-License-Identifier: Apache-2.0
#include "server/room/room.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/room_private.h"

#include <stddef.h>
#include <string.h>

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

void room_forget(struct room *r)
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
        r->retry_at = house_add_us(house_max(r->retry_at, r->latest), ROOM_RETRY_US);
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
