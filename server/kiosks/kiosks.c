// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/kiosks.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/kiosks/kiosk_rows.h"

#include <string.h>

struct kiosks {
    struct store *store;
    void (*on_zone)(void *user, const char *id);
    void *user;
    struct kiosk list[KIOSKS_MAX]; // by id
    int count;
};

struct kiosk_job {
    struct store_job job;
    struct kiosks *kiosks;
    struct kiosk kiosk;
    struct kiosk_patch patch;
    struct kiosk seen; // where patch.seen points to
    char gone[WIRE_KIOSK_LEN + 1];
    void (*done)(void *user, enum err e);
    void *user;
};

struct kiosks *kiosks_open(sqlite3 *db)
{
    struct kiosks *k = check_alloc(calloc(1, sizeof *k));
    k->count = kiosk_rows_list(db, k->list);
    return k;
}

void kiosks_free(struct kiosks *k)
{
    free(k);
}

void kiosks_use_store(struct kiosks *k, struct store *store,
                      void (*on_zone)(void *user, const char *id), void *user)
{
    k->store = store;
    k->on_zone = on_zone;
    k->user = user;
}

// Where an id stands, or would.
static int place(const struct kiosks *k, const char *id)
{
    int i = 0;
    while (i < k->count && strcmp(k->list[i].id, id) < 0)
        i++;
    return i;
}

static bool is_at(const struct kiosks *k, int i, const char *id)
{
    return i < k->count && strcmp(k->list[i].id, id) == 0;
}

static void put(struct kiosks *k, const struct kiosk *one)
{
    int i = place(k, one->id);
    if (!is_at(k, i, one->id)) {
        if (k->count == KIOSKS_MAX)
            return; // more rows than are ever written: they are not looked at
        memmove(&k->list[i + 1], &k->list[i], (size_t)(k->count++ - i) * sizeof k->list[0]);
    }
    k->list[i] = *one;
}

static void drop(struct kiosks *k, const char *id)
{
    int i = place(k, id);
    if (is_at(k, i, id))
        memmove(&k->list[i], &k->list[i + 1], (size_t)(--k->count - i) * sizeof k->list[0]);
}

const struct kiosk *kiosks_find(const struct kiosks *k, const char *id)
{
    int i = place(k, id);
    return is_at(k, i, id) ? &k->list[i] : NULL;
}

const struct kiosk *kiosks_all(const struct kiosks *k, int *count)
{
    *count = k->count;
    return k->list;
}

struct wire_zone kiosks_zone(const struct kiosks *k, const char *id)
{
    const struct kiosk *one = kiosks_find(k, id);
    struct wire_zone zone = one ? one->zone : wire_zone_preset;
    if (one && zone.gain_ddb > one->ceiling_ddb)
        zone.gain_ddb = one->ceiling_ddb;
    return zone;
}

static struct kiosk_job *job_new(struct kiosks *k, const char *id,
                                 enum err (*run)(sqlite3 *, struct store_job *),
                                 void (*done)(struct store_job *, enum err))
{
    struct kiosk_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->kiosks = k;
    snprintf(j->kiosk.id, sizeof j->kiosk.id, "%s", id);
    return j;
}

static enum err met_run(sqlite3 *db, struct store_job *job)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    return kiosk_rows_met(db, &j->kiosk, j->gone);
}

static void met_done(struct store_job *job, enum err e)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    if (e == ERR_OK) {
        drop(j->kiosks, j->gone);
        put(j->kiosks, &j->kiosk);
    } else {
        log_warn("kiosks", "%s (%s) is not kept: %s", j->kiosk.id, j->kiosk.said, err_text(e));
    }
    free(j);
}

void kiosks_met(struct kiosks *k, const char *id, const char *device, const char *said,
                const char *group, const char *address, house_t now)
{
    struct kiosk_job *j = job_new(k, id, met_run, met_done);
    snprintf(j->kiosk.address, sizeof j->kiosk.address, "%s", address);
    snprintf(j->kiosk.device, sizeof j->kiosk.device, "%s", device);
    snprintf(j->kiosk.said, sizeof j->kiosk.said, "%s", said);
    snprintf(j->kiosk.group, sizeof j->kiosk.group, "%s", group);
    j->kiosk.last_seen = now;
    j->kiosk.zone = wire_zone_preset;
    store_submit(k->store, &j->job);
}

static void apply(struct kiosk *k, const struct kiosk_patch *p)
{
    if (p->has_name)
        memcpy(k->name, p->name, sizeof k->name);
    if (p->has_place)
        memcpy(k->place, p->place, sizeof k->place);
    if (p->has_trim)
        k->zone.trim_us = p->trim_us;
    if (p->has_gain)
        k->zone.gain_ddb = p->gain_ddb;
    if (p->has_ceiling)
        k->ceiling_ddb = p->ceiling_ddb;
    if (p->has_mute)
        k->zone.mute = p->mute;
    for (unsigned i = 0; i < WIRE_OUTPUTS; i++) {
        if (p->outputs >> i & 1)
            k->zone.map[i] = p->map[i];
    }
}

// What staff set: not where it was last seen.
static bool same_settings(const struct kiosk *a, const struct kiosk *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->place, b->place) == 0 &&
           a->ceiling_ddb == b->ceiling_ddb && wire_zone_same(&a->zone, &b->zone);
}

static enum err change_run(sqlite3 *db, struct store_job *job)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    if (j->patch.has_place && !kiosk_rows_group(db, j->patch.place))
        return ERR_UNKNOWN_GROUP;
    enum err e = kiosk_rows_read(db, j->kiosk.id, &j->kiosk);
    if (e == ERR_NOT_FOUND && j->kiosk.device[0])
        e = kiosk_rows_met(db, &j->kiosk, j->gone);
    if (e != ERR_OK)
        return e;
    if (j->patch.seen && !same_settings(&j->kiosk, j->patch.seen))
        return ERR_PRECONDITION_FAILED;
    apply(&j->kiosk, &j->patch);
    j->kiosk.kept = true;
    return kiosk_rows_keep(db, &j->kiosk);
}

static void change_done(struct store_job *job, enum err e)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    if (e == ERR_OK) {
        drop(j->kiosks, j->gone);
        put(j->kiosks, &j->kiosk);
        j->kiosks->on_zone(j->kiosks->user, j->kiosk.id);
    }
    j->done(j->user, e);
    free(j);
}

void kiosks_adopt(struct kiosks *k, const char *id, const char *device, const char *said,
                  const struct kiosk_patch *patch, house_t now,
                  void (*done)(void *user, enum err e), void *user)
{
    struct kiosk_job *j = job_new(k, id, change_run, change_done);
    snprintf(j->kiosk.device, sizeof j->kiosk.device, "%s", device);
    snprintf(j->kiosk.said, sizeof j->kiosk.said, "%s", said);
    snprintf(j->kiosk.group, sizeof j->kiosk.group, "%s", patch->place); // as it will be
    j->kiosk.last_seen = now;
    j->kiosk.zone = wire_zone_preset;
    j->patch = *patch;
    j->done = done;
    j->user = user;
    store_submit(k->store, &j->job);
}

static enum err may(const struct kiosks *k, const char *id, bool allowed)
{
    return !kiosks_find(k, id) ? ERR_NOT_FOUND : allowed ? ERR_OK : ERR_FORBIDDEN;
}

void kiosks_change(struct kiosks *k, const char *id, const struct kiosk_patch *patch, bool admin,
                   void (*done)(void *user, enum err e), void *user)
{
    enum err e = may(k, id, admin || !patch->has_ceiling);
    if (e != ERR_OK) {
        done(user, e);
        return;
    }
    struct kiosk_job *j = job_new(k, id, change_run, change_done);
    j->patch = *patch;
    if (patch->seen) {
        j->seen = *patch->seen;
        j->patch.seen = &j->seen;
    }
    j->done = done;
    j->user = user;
    store_submit(k->store, &j->job);
}

static enum err forget_run(sqlite3 *db, struct store_job *job)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    enum err e = kiosk_rows_read(db, j->kiosk.id, &j->kiosk);
    return e == ERR_OK ? kiosk_rows_forget(db, j->kiosk.id) : e;
}

static void forget_done(struct store_job *job, enum err e)
{
    struct kiosk_job *j = (struct kiosk_job *)job;
    if (e == ERR_OK) {
        drop(j->kiosks, j->kiosk.id);
        j->kiosks->on_zone(j->kiosks->user, j->kiosk.id);
    }
    j->done(j->user, e);
    free(j);
}

void kiosks_forget(struct kiosks *k, const char *id, bool admin,
                   void (*done)(void *user, enum err e), void *user)
{
    enum err e = may(k, id, admin);
    if (e != ERR_OK) {
        done(user, e);
        return;
    }
    struct kiosk_job *j = job_new(k, id, forget_run, forget_done);
    j->done = done;
    j->user = user;
    store_submit(k->store, &j->job);
}

struct reread_job {
    struct store_job job;
    struct kiosks *kiosks;
    struct kiosk list[KIOSKS_MAX];
    int count;
};

static enum err reread_run(sqlite3 *db, struct store_job *job)
{
    struct reread_job *j = (struct reread_job *)job;
    j->count = kiosk_rows_list(db, j->list);
    return ERR_OK;
}

static void reread_done(struct store_job *job, enum err e)
{
    struct reread_job *j = (struct reread_job *)job;
    struct kiosks *k = j->kiosks;
    if (e == ERR_OK) {
        memcpy(k->list, j->list, sizeof k->list);
        k->count = j->count;
        for (int i = 0; i < k->count; i++)
            k->on_zone(k->user, k->list[i].id);
    }
    free(j);
}

void kiosks_reread(struct kiosks *k)
{
    struct reread_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = reread_run;
    j->job.done = reread_done;
    j->kiosks = k;
    store_submit(k->store, &j->job);
}
