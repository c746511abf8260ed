// SPDX-License-Identifier: Apache-2.0
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_disk_private.h"

#include <string.h>

static void jobs_init(struct jobs *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void jobs_put(struct jobs *q, struct job *j)
{
    *q->end = j;
    q->end = &j->next;
}

static struct job *jobs_take(struct jobs *q)
{
    struct job *j = q->first;
    if (j && !(q->first = j->next))
        q->end = &q->first;
    return j;
}

// --- batches -------------------------------------------------------------------------------------

static void tell(struct disk *d, struct job *j)
{
    bool ok = j->result == ERR_OK;
    switch (j->kind) {
    case JOB_COMMIT:
        if (j->told)
            return;
        disk_find(d, j->change.room_id)->in_flight--;
        j->done.commit(j->user, j->result);
        return;
    case JOB_LOAD:
        if (ok && !d->dead)
            check_woken(d->sim->check, j->loaded.record.id);
        if (ok)
            disk_find(d, j->loaded.record.id)->untold = false;
        j->done.load(j->user, j->result, ok ? &j->loaded : NULL);
        return;
    case JOB_TOUR:
        j->done.tour(j->user, j->result, ok ? j->edition->hash : NULL, ok ? j->edition->doc : NULL,
                     ok ? j->edition->len : 0);
        return;
    case JOB_PAST:
        j->done.past(j->user, j->result, ok ? &j->past : NULL);
        return;
    case JOB_DUE:
        j->done.due(j->user, j->result, j->list, j->count);
        return;
    }
}

static void job_free(struct job *j)
{
    free(j->event);
    free(j->loaded.tour_doc);
    free(j->loaded.seen);
    free(j->past.tour_doc);
    free(j);
}

static void begin(void *user, int64_t life);

static void end(void *user, int64_t life)
{
    struct disk *d = user;
    if (life != d->life)
        return;
    if (box_stalled(d->sim->box)) {
        world_at(d->sim->world, box_stalled_until(d->sim->box), end, d, life);
        return;
    }
    struct job *j;
    struct jobs finished = d->batch;
    if (!finished.first)
        finished.end = &finished.first;
    jobs_init(&d->batch);
    while ((j = jobs_take(&finished))) {
        tell(d, j);
        job_free(j);
    }
    d->busy = d->waiting.first != NULL;
    if (d->busy)
        begin(d, life);
    box_settle(d->sim->box);
}

static void run_unknown(struct disk *d, struct job *j)
{
    if (j->kind == JOB_COMMIT && disk_run(d, j) == ERR_OK)
        disk_find(d, j->change.room_id)->untold = true;
    j->result = d->fault;
}

static void become_durable(void *user, int64_t life)
{
    struct disk *d = user;
    if (life != d->life)
        return;
    // A full disk fails most writes, a broken one all, and at times the whole transaction; of that
    // it may be wrong: what it calls lost is there.
    struct world *w = d->sim->world;
    bool broken = d->fault == ERR_STORAGE_FAILED, all = broken && world_chance(w, 500);
    bool wrong = all && world_chance(w, 200);
    for (struct job *j = d->batch.first; j; j = j->next) {
        bool fails =
            j->kind == JOB_COMMIT && d->fault != ERR_OK && (broken || world_chance(w, 800));
        if (wrong)
            run_unknown(d, j);
        else
            j->result = all || fails ? d->fault : disk_run(d, j);
    }
}

static void tell_early(struct disk *d)
{
    for (struct job *j = d->batch.first; j; j = j->next) {
        if (j->kind != JOB_COMMIT || !world_chance(d->sim->world, 100))
            return;
        tell(d, j);
        j->told = true;
    }
}

static void begin(void *user, int64_t life)
{
    struct disk *d = user;
    if (life != d->life)
        return;
    struct world *w = d->sim->world;
    int64_t span = world_between(w, 200, 4 * MS);
    if (world_chance(w, 30))
        span = world_between(w, 20 * MS, 400 * MS);
    if (world_now(w) + 4 * SEC < d->sim->story.end && world_chance(w, 2))
        span = world_between(w, SEC, 4 * SEC);
    if (span > 400 * MS)
        d->slow_until = world_now(w) + span;
    d->batch = d->waiting;
    jobs_init(&d->waiting);
    if (d->sim->broken == BREAK_ACK_EARLY)
        tell_early(d);
    world_after(w, world_between(w, 1, span), become_durable, d, life);
    world_after(w, span, end, d, life);
}

static struct job *submit(struct disk *d, enum job_kind kind, void *user)
{
    struct job *j = check_alloc(calloc(1, sizeof *j));
    j->kind = kind;
    j->user = user;
    jobs_put(&d->waiting, j);
    if (!d->busy && !d->dead) {
        d->busy = true;
        world_after(d->sim->world, world_below(d->sim->world, 300), begin, d, d->life);
    }
    return j;
}

void disk_crash(struct disk *d)
{
    d->life++;
    d->dead = true;
    d->busy = false;
    for (struct jobs *q = &d->batch;; q = &d->waiting) {
        struct job *j;
        while ((j = jobs_take(q))) {
            j->result = ERR_STORAGE_FAILED;
            tell(d, j);
            job_free(j);
        }
        if (q == &d->waiting)
            break;
    }
    jobs_init(&d->batch);
    jobs_init(&d->waiting);
    d->dead = false;
}

void disk_fault(struct disk *d, enum err e)
{
    report_say("disk: %s", e == ERR_OK ? "works again" : err_code(e));
    d->fault = e;
}

enum err disk_state(const struct disk *d)
{
    return d->fault;
}

int64_t disk_slow_until(const struct disk *d)
{
    return d->slow_until;
}

// --- the port ------------------------------------------------------------------------------------

static void port_commit(void *ctx, const struct room_change *change,
                        void (*done)(void *user, enum err err), void *user)
{
    struct disk *d = ctx;
    struct disk_room *r = disk_find(d, change->room_id);
    struct job *j = submit(d, JOB_COMMIT, user);
    j->change = *change;
    if (change->event)
        j->change.event = j->event = disk_copy_text(change->event, strlen(change->event));
    j->done.commit = done;
    r->in_flight++;
    if (!d->dead)
        check_submitted(d->sim->check, r, &j->change);
}

static void port_load(void *ctx, enum room_key kind, const char *key,
                      void (*done)(void *user, enum err err, struct room_loaded *loaded),
                      void *user)
{
    struct job *j = submit(ctx, JOB_LOAD, user);
    j->key_kind = kind;
    snprintf(j->key, sizeof j->key, "%s", key);
    j->done.load = done;
}

static void port_tour(void *ctx, const char *tour_id,
                      void (*done)(void *user, enum err err, const char *hash, const char *doc,
                                   size_t len),
                      void *user)
{
    struct job *j = submit(ctx, JOB_TOUR, user);
    snprintf(j->key, sizeof j->key, "%s", tour_id);
    j->done.tour = done;
}

static void port_past(void *ctx, const char *room_id, const struct wire_point *point,
                      void (*done)(void *user, enum err err, struct room_past *past), void *user)
{
    struct job *j = submit(ctx, JOB_PAST, user);
    snprintf(j->key, sizeof j->key, "%s", room_id);
    j->point = *point;
    j->done.past = done;
}

static void port_due(void *ctx, const struct room_due *after,
                     void (*done)(void *user, enum err err, const struct room_due *list, int count),
                     void *user)
{
    struct job *j = submit(ctx, JOB_DUE, user);
    j->has_after = after != NULL;
    if (after)
        j->after = *after;
    j->done.due = done;
}

static int64_t port_wall_us(void *ctx, house_t at)
{
    return box_wall_us(((struct disk *)ctx)->sim->box, at);
}

// Moves as a measured figure does: seldom, and now and then by much.
static int64_t port_p99_us(void *ctx)
{
    struct disk *d = ctx;
    if (world_chance(d->sim->world, 50))
        d->p99_us = world_between(d->sim->world, MS, 2 * SEC);
    return d->p99_us;
}

const struct room_port *disk_port(struct disk *d)
{
    return &d->port;
}

void disk_queue_init(struct disk *d)
{
    d->port = (struct room_port){d,         port_commit, port_load,    port_tour,
                                 port_past, port_due,    port_wall_us, port_p99_us};
    d->p99_us = 5 * MS;
    jobs_init(&d->waiting);
    jobs_init(&d->batch);
}
