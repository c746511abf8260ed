// SPDX-License-Identifier: Apache-2.0
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_disk_private.h"

#include <string.h>

// --- looking -------------------------------------------------------------------------------------

void disk_make_due(struct disk *d)
{
    for (int i = 0; i < disk_count(d); i++) {
        struct disk_room *r = disk_room(d, i);
        if (r->record.state.plan.rule_count == 0)
            continue;
        r->has_due = true;
        r->due = (house_t){0};
    }
}

int disk_count(const struct disk *d)
{
    return d->count;
}

struct disk_room *disk_room(struct disk *d, int index)
{
    return &d->rooms[index];
}

struct disk_room *disk_find(struct disk *d, const char *id)
{
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->rooms[i].record.id, id) == 0)
            return &d->rooms[i];
    }
    return NULL;
}

int disk_row_of(const struct disk_room *r, uint32_t epoch, int64_t rev)
{
    for (int i = r->row_count - 1; i >= 0; i--) {
        const struct room_state *s = &r->rows[i].change.state;
        if (s->epoch == epoch && s->rev == rev)
            return i;
        if (s->epoch < epoch)
            break;
    }
    return -1;
}

static const struct sim_edition *edition_by(const struct disk *d, const char *hash)
{
    for (int i = 0; i < d->edition_count; i++) {
        if (strcmp(d->editions[i].hash, hash) == 0)
            return &d->editions[i];
    }
    return NULL;
}

const struct tour *disk_tour(const struct disk *d, const char *hash)
{
    const struct sim_edition *e = edition_by(d, hash);
    return e ? e->tour : NULL;
}

int disk_tours(const struct disk *d)
{
    return d->edition_count;
}

char *disk_copy_text(const char *text, size_t len)
{
    char *copy = check_alloc(malloc(len + 1));
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static char *copy_doc(const struct disk *d, const char *hash, size_t *len)
{
    const struct sim_edition *e = edition_by(d, hash);
    if (!e)
        return NULL;
    *len = e->len;
    return disk_copy_text(e->doc, e->len);
}

// --- doing ---------------------------------------------------------------------------------------

static void keep_seen(struct disk_room *r, const struct room_seen *one)
{
    for (int i = 0; i < r->seen_count; i++) {
        if (strcmp(r->seen[i].cmd_id, one->cmd_id) != 0)
            continue;
        memmove(&r->seen[i], &r->seen[i + 1], (size_t)(--r->seen_count - i) * sizeof r->seen[0]);
        break;
    }
    if (r->seen_count == r->seen_cap) {
        r->seen_cap = r->seen_cap ? 2 * r->seen_cap : 32;
        r->seen = check_alloc(realloc(r->seen, (size_t)r->seen_cap * sizeof *r->seen));
    }
    r->seen[r->seen_count++] = *one;
}

static void keep_row(struct disk *d, struct disk_room *r, const struct room_change *c)
{
    if (r->row_count == r->row_cap) {
        r->row_cap = r->row_cap ? 2 * r->row_cap : 32;
        r->rows = check_alloc(realloc(r->rows, (size_t)r->row_cap * sizeof *r->rows));
    }
    struct disk_row *row = &r->rows[r->row_count++];
    *row = (struct disk_row){*c, world_now(d->sim->world), box_known_until(d->sim->box)};
    if (c->event)
        row->change.event = disk_copy_text(c->event, strlen(c->event));
}

static void digest_change(struct disk *d, const struct room_change *c)
{
    struct world *w = d->sim->world;
    const struct room_part *p = &c->state.now, *n = &c->state.pending;
    int64_t what[] = {c->state.epoch,
                      c->state.rev,
                      c->state.clock_epoch,
                      c->now.us,
                      c->wall_us,
                      c->has_due,
                      c->due.us,
                      c->lead_us,
                      p->mode,
                      p->cue,
                      p->vec.p0_us,
                      p->vec.t0.us,
                      n->mode,
                      n->cue,
                      n->vec.p0_us,
                      c->state.pending_at.us,
                      c->state.presence,
                      c->state.empty_at.us,
                      c->state.lease.fence};
    world_digest(w, c->room_id, strlen(c->room_id));
    world_digest(w, what, sizeof what);
    world_digest(w, c->op, strlen(c->op));
    if (c->event)
        world_digest(w, c->event, strlen(c->event));
    for (int i = 0; i < c->state.plan.rule_count; i++)
        world_digest(w, &c->state.plan.rules[i].handled_us, sizeof(int64_t));
}

static enum err commit(struct disk *d, const struct room_change *c)
{
    enum sim_break broken = d->sim->broken;
    struct disk_room *r = disk_find(d, c->room_id);
    CHECK(r);
    if ((r->record.state.epoch != c->prior_epoch || r->record.state.rev != c->prior_rev) &&
        broken != BREAK_PRIOR_IGNORED)
        return ERR_CONFLICT;
    digest_change(d, c);
    r->record.state = c->state;
    r->has_due = c->has_due;
    r->due = c->due;
    if (c->has_seen)
        keep_seen(r, &c->seen);
    if (broken != BREAK_COMMIT_TORN || !world_chance(d->sim->world, 20))
        keep_row(d, r, c);
    if (broken == BREAK_COMMIT_TWICE && world_chance(d->sim->world, 20))
        keep_row(d, r, c);
    check_durable(d->sim->check, r);
    return ERR_OK;
}

static const char *key_of(const struct room_record *r, enum room_key kind)
{
    const char *const keys[] = {r->id, r->code, r->link, r->guide_link};
    return keys[kind];
}

// What a load shows may be wrong on purpose.
static void spoil(struct disk *d, struct room_loaded *l)
{
    struct room_state *s = &l->record.state;
    switch (d->sim->broken) {
    case BREAK_EPOCH_FALLS:
        s->epoch -= s->epoch > 1;
        break;
    case BREAK_SEEN_FORGOTTEN:
        l->seen_count = 0;
        break;
    case BREAK_PLACE_SHIFTED:
        s->now.vec.t0.us += s->now.mode == MODE_RUNNING ? MS : 0;
        break;
    case BREAK_MARKS_AHEAD:
        for (int i = 0; i < s->plan.rule_count; i++)
            s->plan.rules[i].handled_us += MINUTE;
        break;
    default:
        break;
    }
}

static enum err load(struct disk *d, struct job *j)
{
    struct room_loaded *l = &j->loaded;
    for (int i = 0; i < d->count; i++) {
        const struct disk_room *r = &d->rooms[i];
        if (strcmp(key_of(&r->record, j->key_kind), j->key) != 0)
            continue;
        // The newest of the seen ones; a real store lets the others go.
        int seen = r->seen_count < ROOM_SEEN_MAX ? r->seen_count : ROOM_SEEN_MAX;
        size_t size = (size_t)seen * sizeof *r->seen;
        *l = (struct room_loaded){r->record, r->has_due, r->due, NULL, 0, NULL, seen};
        l->tour_doc = copy_doc(d, r->record.state.tour_hash, &l->tour_doc_len);
        l->seen = check_alloc(malloc(size + 1));
        if (size)
            memcpy(l->seen, r->seen + r->seen_count - seen, size);
        spoil(d, l);
        return ERR_OK;
    }
    return ERR_UNKNOWN_GROUP;
}

static enum err newest(struct disk *d, struct job *j)
{
    for (int i = d->edition_count - 1; i >= 0; i--) {
        if (strcmp(d->editions[i].id, j->key) == 0) {
            j->edition = &d->editions[i];
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

// The newest row up to the point; of revisions, in the point's epoch only.
static const struct room_change *find_past(const struct disk_room *r, const struct wire_point *p)
{
    for (int i = r->row_count - 1; i >= 0; i--) {
        const struct room_change *c = &r->rows[i].change;
        bool newest = i + 1 == r->row_count || r->rows[i + 1].change.state.epoch != c->state.epoch;
        switch (p->kind) {
        case POINT_REV:
            if (c->state.epoch == p->epoch && c->state.rev < p->rev && newest)
                return NULL;
            if (c->state.epoch == p->epoch && c->state.rev <= p->rev)
                return c;
            break;
        case POINT_TIME:
            if (c->now.us <= p->time.us)
                return c;
            break;
        case POINT_WALL:
            if (c->wall_us != 0 && c->wall_us <= p->wall_us)
                return c;
            break;
        }
    }
    return NULL;
}

static void keep_past(struct disk_room *r, const struct wire_point *p, const struct room_past *past)
{
    if (r->past_count == r->past_cap) {
        r->past_cap = r->past_cap ? 2 * r->past_cap : 8;
        r->pasts = check_alloc(realloc(r->pasts, (size_t)r->past_cap * sizeof *r->pasts));
    }
    r->pasts[r->past_count++] = (struct disk_past){*p, past->state, past->at};
}

static enum err past(struct disk *d, struct job *j)
{
    struct disk_room *r = disk_find(d, j->key);
    const struct wire_point *p = &j->point;
    const struct room_change *c = r ? find_past(r, p) : NULL;
    if (!c)
        return ERR_NOT_FOUND;
    j->past.state = c->state;
    j->past.at = c->now;
    if (p->kind == POINT_TIME)
        j->past.at = p->time;
    else if (p->kind == POINT_WALL)
        j->past.at.us += p->wall_us - c->wall_us;
    j->past.tour_doc = copy_doc(d, c->state.tour_hash, &j->past.tour_doc_len);
    keep_past(r, p, &j->past);
    return ERR_OK;
}

static bool due_before(const struct room_due *a, const struct room_due *b)
{
    return a->due.us < b->due.us || (a->due.us == b->due.us && strcmp(a->id, b->id) < 0);
}

static enum err due(struct disk *d, struct job *j)
{
    for (int i = 0; i < d->count; i++) {
        struct room_due one = {.due = d->rooms[i].due};
        memcpy(one.id, d->rooms[i].record.id, sizeof one.id);
        if (!d->rooms[i].has_due || (j->has_after && !due_before(&j->after, &one)))
            continue;
        int at = j->count++;
        for (; at > 0 && due_before(&one, &j->list[at - 1]); at--)
            j->list[at] = j->list[at - 1];
        j->list[at] = one;
    }
    return ERR_OK;
}

enum err disk_run(struct disk *d, struct job *j)
{
    switch (j->kind) {
    case JOB_COMMIT:
        return commit(d, &j->change);
    case JOB_LOAD:
        return load(d, j);
    case JOB_TOUR:
        return newest(d, j);
    case JOB_PAST:
        return past(d, j);
    case JOB_DUE:
        return due(d, j);
    }
    return ERR_INTERNAL;
}

// --- setting up ----------------------------------------------------------------------------------

struct disk *disk_new(struct sim *s)
{
    struct disk *d = check_alloc(calloc(1, sizeof *d));
    d->sim = s;
    disk_queue_init(d);
    return d;
}

void disk_publish(struct disk *d, const char *tour_id)
{
    if (d->edition_count == EDITIONS_MAX)
        return;
    report_say("tour %s has a new edition", tour_id);
    sim_edition_make(d->sim->world, tour_id, d->edition_count, &d->editions[d->edition_count]);
    d->edition_count++;
}

struct disk_room *disk_add_room(struct disk *d, house_t now, int64_t wall_us)
{
    CHECK(d->count < ROOMS_MAX);
    struct disk_room *r = &d->rooms[d->count];
    struct room_record *rec = &r->record;
    r->index = d->count++;
    snprintf(rec->id, sizeof rec->id, "room-%d", r->index);
    snprintf(rec->name, sizeof rec->name, "Room %d", r->index);
    snprintf(rec->code, sizeof rec->code, "%09d", r->index);
    snprintf(rec->link, sizeof rec->link, "link-%d", r->index);
    snprintf(rec->guide_link, sizeof rec->guide_link, "guides-%d", r->index);
    rec->created = now;
    room_state_init(&rec->state, box_clock_epoch(d->sim->box));
    struct room_change c = {
        .state = rec->state, .now = now, .wall_us = wall_us, .op = "create", .event = "{}"};
    memcpy(c.room_id, rec->id, sizeof c.room_id);
    keep_row(d, r, &c);
    return r;
}

static void room_end(struct disk_room *r)
{
    for (int i = 0; i < r->row_count; i++)
        free((char *)r->rows[i].change.event);
    free(r->rows);
    free(r->seen);
    free(r->pasts);
}

void disk_free(struct disk *d)
{
    disk_crash(d);
    for (int i = 0; i < d->count; i++)
        room_end(&d->rooms[i]);
    for (int i = 0; i < d->edition_count; i++)
        sim_edition_free(&d->editions[i]);
    free(d);
}
