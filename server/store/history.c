// SPDX-License-Identifier: Apache-2.0
#include "server/store/history.h"

#include "common/base/check.h"
#include "server/store/db.h"
#include "server/store/room_rows.h"
#include "server/store/room_store.h"

#include <string.h>

// Rows are let go once in so many changes of a room: looking for them walks its whole history.
enum { PRUNE_EVERY = 256 };

static enum err prune_beyond(sqlite3 *db, const char *room_id, const char *which, int keep)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "DELETE FROM history WHERE room_id=?1 AND %s (epoch,rev)<(SELECT epoch,rev FROM"
             " history WHERE room_id=?1 ORDER BY epoch DESC,rev DESC LIMIT 1 OFFSET ?2)",
             which);
    sqlite3_stmt *st = db_prepare(db, sql);
    db_bind_text(st, 1, room_id);
    db_bind_int(st, 2, keep - 1);
    return db_run(db, st);
}

// The newest row before the cutoff stays: it is the state of the first days after it.
static enum err prune_older(sqlite3 *db, const char *room_id, house_t cutoff)
{
    sqlite3_stmt *st = db_prepare(
        db, "DELETE FROM history WHERE room_id=?1 AND (epoch,rev)<(SELECT epoch,rev FROM"
            " history WHERE room_id=?1 AND h_us<=?2 ORDER BY epoch DESC,rev DESC LIMIT 1)");
    db_bind_text(st, 1, room_id);
    db_bind_int(st, 2, cutoff.us);
    return db_run(db, st);
}

static enum err prune(sqlite3 *db, const struct room_change *c)
{
    enum err e = prune_older(db, c->room_id, house_add_us(c->now, -ROOM_HISTORY_US));
    if (e == ERR_OK)
        e = prune_beyond(db, c->room_id, "", ROOM_HISTORY_MAX);
    if (e == ERR_OK)
        e = prune_beyond(db, c->room_id, "event IS NULL AND", ROOM_HISTORY_NATURAL_MAX);
    return e;
}

// The row says the rest: of which revision it is, and when it was.
static void bind_seen(sqlite3_stmt *st, int i, const struct room_change *c)
{
    const struct room_seen *s = &c->seen;
    CHECK(s->epoch == c->state.epoch && s->rev == c->state.rev && s->when.us == c->now.us);
    db_bind_text(st, i, s->cmd_id);
    db_bind_int(st, i + 1, (int64_t)s->hash);
    db_bind_int(st, i + 2, s->at.us);
    db_bind_int(st, i + 3, s->fence);
}

enum err history_write(sqlite3 *db, const struct room_change *c)
{
    sqlite3_stmt *st = db_keep(db, "INSERT INTO history(room_id,h_us,wall_us,lead_us,actor,op,"
                                   "event,cmd_id,cmd_hash,cmd_at_us,cmd_fence," ROOM_STATE_COLUMNS
                                   ") VALUES(?,?,?,?,?,?,?,?,?,?,?," ROOM_STATE_MARKS ")");
    db_bind_text(st, 1, c->room_id);
    db_bind_int(st, 2, c->now.us);
    if (c->wall_us)
        db_bind_int(st, 3, c->wall_us);
    db_bind_int(st, 4, c->lead_us);
    db_bind_text(st, 5, c->actor);
    db_bind_text(st, 6, c->op);
    if (c->event)
        db_bind_text(st, 7, c->event);
    if (c->has_seen)
        bind_seen(st, 8, c);
    room_rows_bind(st, 12, &c->state);
    enum err e = db_run_kept(db, st);
    return e == ERR_OK && c->state.rev % PRUNE_EVERY == 0 ? prune(db, c) : e;
}

// --- commands that took effect -----------------------------------------------------------------

static void read_seen(sqlite3_stmt *st, struct room_seen *s)
{
    memset(s, 0, sizeof *s);
    db_text(st, 0, s->cmd_id, sizeof s->cmd_id);
    s->hash = (uint64_t)sqlite3_column_int64(st, 1);
    s->at.us = sqlite3_column_int64(st, 2);
    s->fence = sqlite3_column_int64(st, 3);
    s->epoch = (uint32_t)sqlite3_column_int64(st, 4);
    s->rev = sqlite3_column_int64(st, 5);
    s->when.us = sqlite3_column_int64(st, 6);
}

static void turn_round(struct room_seen *list, int count)
{
    for (int i = 0, k = count - 1; i < k; i++, k--) {
        struct room_seen one = list[i];
        list[i] = list[k];
        list[k] = one;
    }
}

// From the newest back, until there are enough or what comes is too old: no more of a room's
// history is read than a day.
enum err history_seen(sqlite3 *db, const char *room_id, struct room_seen **out, int *count)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT cmd_id,cmd_hash,cmd_at_us,cmd_fence,epoch,rev,h_us"
                                      " FROM history WHERE room_id=? ORDER BY epoch DESC,rev DESC");
    db_bind_text(st, 1, room_id);
    int cap = 0;
    int64_t since = INT64_MIN;
    *out = NULL;
    *count = 0;
    while (*count < ROOM_SEEN_MAX && db_row(st) && sqlite3_column_int64(st, 6) >= since) {
        if (since == INT64_MIN)
            since = sqlite3_column_int64(st, 6) - ROOM_SEEN_US;
        if (sqlite3_column_type(st, 0) == SQLITE_NULL)
            continue;
        if (*count == cap) {
            cap = cap ? 2 * cap : 16;
            *out = check_alloc(realloc(*out, (size_t)cap * sizeof **out));
        }
        read_seen(st, &(*out)[(*count)++]);
    }
    turn_round(*out, *count);
    return db_done(db, st);
}

// --- a point in the past -----------------------------------------------------------------------

static const char *point_sql(enum wire_point_kind kind)
{
    switch (kind) {
    case POINT_REV:
        return "SELECT h_us,wall_us," ROOM_STATE_COLUMNS " FROM history WHERE room_id=?1 AND"
               " epoch=?2 AND rev<=?3 AND ?3<=(SELECT max(rev) FROM history WHERE room_id=?1 AND"
               " epoch=?2) ORDER BY rev DESC LIMIT 1";
    case POINT_TIME:
        return "SELECT h_us,wall_us," ROOM_STATE_COLUMNS " FROM history WHERE room_id=?1 AND"
               " h_us<=?3 ORDER BY epoch DESC,rev DESC LIMIT 1";
    case POINT_WALL:
        return "SELECT h_us,wall_us," ROOM_STATE_COLUMNS " FROM history WHERE room_id=?1 AND"
               " wall_us<=?3 ORDER BY epoch DESC,rev DESC LIMIT 1";
    }
    return NULL;
}

static int64_t point_value(const struct wire_point *p)
{
    return p->kind == POINT_REV ? p->rev : p->kind == POINT_TIME ? p->time.us : p->wall_us;
}

static enum err read_past(sqlite3 *db, const char *room_id, const struct wire_point *p,
                          struct room_past *out)
{
    sqlite3_stmt *st = db_prepare(db, point_sql(p->kind));
    db_bind_text(st, 1, room_id);
    if (p->kind == POINT_REV)
        db_bind_int(st, 2, p->epoch);
    db_bind_int(st, 3, point_value(p));
    bool found = db_row(st), sound = false;
    if (found) {
        out->at.us = sqlite3_column_int64(st, 0);
        if (p->kind == POINT_TIME)
            out->at = p->time;
        else if (p->kind == POINT_WALL)
            out->at.us += p->wall_us - sqlite3_column_int64(st, 1);
        sound = room_rows_read(st, 2, &out->state);
    }
    enum err e = db_done(db, st);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_NOT_FOUND;
    return sound ? ERR_OK : ERR_STORAGE_FAILED;
}

struct past_job {
    struct store_job job;
    char room_id[WIRE_ID_MAX + 1];
    struct wire_point point;
    struct room_past past;
    void (*done)(void *user, enum err err, struct room_past *past);
    void *user;
};

static enum err past_run(sqlite3 *db, struct store_job *job)
{
    struct past_job *j = (struct past_job *)job;
    enum err e = read_past(db, j->room_id, &j->point, &j->past);
    if (e == ERR_OK && j->past.state.tour_hash[0])
        e = room_store_read_doc(db, j->past.state.tour_hash, &j->past.tour_doc,
                                &j->past.tour_doc_len);
    return e;
}

static void past_done(struct store_job *job, enum err e)
{
    struct past_job *j = (struct past_job *)job;
    j->done(j->user, e, e == ERR_OK ? &j->past : NULL);
    free(j->past.tour_doc);
    free(j);
}

void history_past(void *store, const char *room_id, const struct wire_point *point,
                  void (*done)(void *user, enum err err, struct room_past *past), void *user)
{
    struct past_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = past_run;
    j->job.done = past_done;
    snprintf(j->room_id, sizeof j->room_id, "%s", room_id);
    j->point = *point;
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}

// --- the list ----------------------------------------------------------------------------------

int history_list(sqlite3 *db, const char *room_id, uint32_t epoch, int64_t rev,
                 struct history_row *out, int max)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT h_us,wall_us,actor,op,event," ROOM_STATE_COLUMNS
                                      " FROM history WHERE room_id=? AND (epoch,rev)<(?,?)"
                                      " ORDER BY epoch DESC,rev DESC LIMIT ?");
    db_bind_text(st, 1, room_id);
    db_bind_int(st, 2, epoch);
    db_bind_int(st, 3, rev);
    db_bind_int(st, 4, max);
    int n = 0;
    while (n < max && db_row(st)) {
        struct history_row *r = &out[n];
        r->at.us = sqlite3_column_int64(st, 0);
        r->wall_us = sqlite3_column_int64(st, 1);
        db_text(st, 2, r->actor, sizeof r->actor);
        db_text(st, 3, r->op, sizeof r->op);
        const unsigned char *event = sqlite3_column_text(st, 4);
        r->event = event ? check_alloc(strdup((const char *)event)) : NULL;
        if (room_rows_read(st, 5, &r->state))
            n++;
        else
            free(r->event);
    }
    db_done(db, st);
    return n;
}

void history_free(struct history_row *rows, int count)
{
    for (int i = 0; i < count; i++)
        free(rows[i].event);
    free(rows);
}
