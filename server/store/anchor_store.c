// SPDX-License-Identifier: Apache-2.0
#include "server/store/anchor_store.h"

#include "common/base/check.h"
#include "server/store/db.h"

#include <string.h>

#define COLUMNS                                                                                   \
    "boot_id,base_ns,house_us,realtime_us,realtime_trusted,reserved_us,clock_epoch,suspended_ns," \
    "guessed_epoch,known_until_us,told_us"
#define VALUES "?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11"

enum { DISCIPLINED = 2 }; // realtime_trusted, and why; 1: by a battery, or by somebody's word

bool anchor_store_known(sqlite3 *db)
{
    return db_exec(db, "SELECT " COLUMNS " FROM clock_anchor");
}

enum err anchor_store_read(sqlite3 *db, struct house_anchor *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = db_prepare(db, "SELECT " COLUMNS " FROM clock_anchor");
    if (db_row(st)) {
        out->present = true;
        db_text(st, 0, out->boot_id, sizeof out->boot_id);
        out->base_ns = sqlite3_column_int64(st, 1);
        out->house.us = sqlite3_column_int64(st, 2);
        out->realtime_us = sqlite3_column_int64(st, 3);
        out->realtime_trusted = sqlite3_column_int(st, 4) != 0;
        out->disciplined = sqlite3_column_int(st, 4) == DISCIPLINED;
        out->reserved.us = sqlite3_column_int64(st, 5);
        out->clock_epoch = (uint32_t)sqlite3_column_int64(st, 6);
        out->suspended_ns = sqlite3_column_int64(st, 7);
        out->guessed_epoch = (uint32_t)sqlite3_column_int64(st, 8);
        out->known_until.us = sqlite3_column_int64(st, 9);
        out->told_us = sqlite3_column_int64(st, 10);
    }
    return db_done(db, st);
}

// What else is in the row stays.
enum err anchor_store_write(sqlite3 *db, const struct house_anchor *a)
{
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO clock_anchor(id," COLUMNS ") VALUES(1," VALUES ")"
                       " ON CONFLICT(id) DO UPDATE SET (" COLUMNS ")=(" VALUES ")");
    db_bind_text(st, 1, a->boot_id);
    db_bind_int(st, 2, a->base_ns);
    db_bind_int(st, 3, a->house.us);
    db_bind_int(st, 4, a->realtime_us);
    db_bind_int(st, 5, a->disciplined ? DISCIPLINED : a->realtime_trusted);
    db_bind_int(st, 6, a->reserved.us);
    db_bind_int(st, 7, a->clock_epoch);
    db_bind_int(st, 8, a->suspended_ns);
    db_bind_int(st, 9, a->guessed_epoch);
    db_bind_int(st, 10, a->known_until.us);
    db_bind_int(st, 11, a->told_us);
    return db_run(db, st);
}

struct anchor_job {
    struct store_job job;
    struct house_anchor anchor;
    void (*done)(void *user, enum err err);
    void *user;
};

static enum err anchor_run(sqlite3 *db, struct store_job *job)
{
    return anchor_store_write(db, &((struct anchor_job *)job)->anchor);
}

static void anchor_done(struct store_job *job, enum err e)
{
    struct anchor_job *j = (struct anchor_job *)job;
    j->done(j->user, e);
    free(j);
}

void anchor_store_submit(struct store *s, const struct house_anchor *a,
                         void (*done)(void *user, enum err err), void *user)
{
    struct anchor_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = anchor_run;
    j->job.in_line = j->job.vital = true; // one a minute, and house time hangs on it
    j->job.done = anchor_done;
    j->anchor = *a;
    j->done = done;
    j->user = user;
    store_submit(s, &j->job);
}

enum err anchor_store_zone(sqlite3 *db, char *out, size_t size)
{
    out[0] = '\0';
    sqlite3_stmt *st = db_prepare(db, "SELECT zone FROM clock_anchor");
    if (db_row(st))
        db_text(st, 0, out, size);
    return db_done(db, st);
}

static enum err write_zone(sqlite3 *db, const char *zone)
{
    sqlite3_stmt *st = db_prepare(db, "UPDATE clock_anchor SET zone=?");
    db_bind_text(st, 1, zone);
    return db_run(db, st);
}

// Zero: before anything else that is due; house time begins later.
static enum err make_due(sqlite3 *db)
{
    return db_run(db, db_prepare(db, "UPDATE room SET due_us=0 WHERE schedule IS NOT NULL"));
}

enum err anchor_store_replan(sqlite3 *db, const struct house_anchor *a, const char *zone)
{
    enum err e = db_run(db, db_prepare(db, "BEGIN IMMEDIATE"));
    if (e != ERR_OK)
        return e;
    if ((e = anchor_store_write(db, a)) == ERR_OK && (e = write_zone(db, zone)) == ERR_OK &&
        (e = make_due(db)) == ERR_OK)
        e = db_run(db, db_prepare(db, "COMMIT"));
    if (e != ERR_OK)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); // the error may have done it already
    return e;
}
