// SPDX-License-Identifier: Apache-2.0
#include "server/store/room_store.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/db.h"
#include "server/store/history.h"
#include "server/store/room_rows.h"

#include <string.h>

#define RECORD_COLUMNS "id,name,code,link,guide_link,guide_pin,created_us," ROOM_STATE_COLUMNS
enum { RECORD_STATE = 7 }; // where the state's columns begin
// A deleted group is a row with the house time of that, kept for a while.
#define THERE "gone_us IS NULL AND "

// False when the row cannot be a room: the file is damaged.
static bool read_record(sqlite3_stmt *st, struct room_record *r)
{
    memset(r, 0, sizeof *r);
    db_text(st, 0, r->id, sizeof r->id);
    db_text(st, 1, r->name, sizeof r->name);
    db_text(st, 2, r->code, sizeof r->code);
    db_text(st, 3, r->link, sizeof r->link);
    db_text(st, 4, r->guide_link, sizeof r->guide_link);
    db_text(st, 5, r->guide_pin, sizeof r->guide_pin);
    r->created.us = sqlite3_column_int64(st, 6);
    if (room_rows_read(st, RECORD_STATE, &r->state))
        return true;
    log_error("store", "group %s: its row makes no sense", r->id);
    return false;
}

static enum err write_row(sqlite3 *db, const struct room_change *c)
{
    sqlite3_stmt *st = db_keep(db, "UPDATE room SET (due_us,updated_us,name," ROOM_STATE_COLUMNS
                                   ")=(?,?,coalesce(?,name)," ROOM_STATE_MARKS
                                   ") WHERE id=? AND epoch=? AND rev=?");
    if (c->has_due)
        db_bind_int(st, 1, c->due.us);
    db_bind_int(st, 2, c->now.us);
    if (c->name[0])
        db_bind_text(st, 3, c->name);
    room_rows_bind(st, 4, &c->state);
    db_bind_text(st, 4 + ROOM_STATE_COUNT, c->room_id);
    db_bind_int(st, 5 + ROOM_STATE_COUNT, c->prior_epoch);
    db_bind_int(st, 6 + ROOM_STATE_COUNT, c->prior_rev);
    enum err e = db_run_kept(db, st);
    return e == ERR_OK && sqlite3_changes(db) != 1 ? ERR_CONFLICT : e;
}

struct commit_job {
    struct store_job job;
    struct room_change change;
    char *event;
    void (*done)(void *user, enum err err);
    void *user;
};

static enum err commit_run(sqlite3 *db, struct store_job *job)
{
    const struct room_change *c = &((struct commit_job *)job)->change;
    enum err e = write_row(db, c);
    return e == ERR_OK ? history_write(db, c) : e;
}

static void commit_done(struct store_job *job, enum err err)
{
    struct commit_job *j = (struct commit_job *)job;
    j->done(j->user, err);
    free(j->event);
    free(j);
}

void room_store_commit(void *store, const struct room_change *change,
                       void (*done)(void *user, enum err err), void *user)
{
    struct commit_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = commit_run;
    j->job.in_line = true; // a room has a ceiling of changes in flight (room.c)
    j->job.done = commit_done;
    j->change = *change;
    if (change->event)
        j->change.event = j->event = check_alloc(strdup(change->event));
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}

enum err room_store_read_doc(sqlite3 *db, const char *hash, char **doc, size_t *len)
{
    *doc = NULL;
    sqlite3_stmt *st = db_prepare(db, "SELECT doc FROM tour_doc WHERE hash=?");
    db_bind_text(st, 1, hash);
    if (db_row(st)) {
        *len = (size_t)sqlite3_column_bytes(st, 0);
        *doc = check_alloc(malloc(*len + 1));
        memcpy(*doc, sqlite3_column_text(st, 0), *len);
        (*doc)[*len] = '\0';
    }
    return db_done(db, st);
}

enum err room_store_read(sqlite3 *db, enum room_key kind, const char *key, struct room_loaded *out)
{
    static const char *const sql[] = {
        [ROOM_BY_ID] = "SELECT " RECORD_COLUMNS ",due_us FROM room WHERE " THERE "id=?",
        [ROOM_BY_CODE] = "SELECT " RECORD_COLUMNS ",due_us FROM room WHERE " THERE "code=?",
        [ROOM_BY_LINK] = "SELECT " RECORD_COLUMNS ",due_us FROM room WHERE " THERE "link=?",
        [ROOM_BY_GUIDE_LINK] =
            "SELECT " RECORD_COLUMNS ",due_us FROM room WHERE " THERE "guide_link=?",
    };
    enum { DUE = RECORD_STATE + ROOM_STATE_COUNT };
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = db_prepare(db, sql[kind]);
    db_bind_text(st, 1, key);
    bool found = db_row(st), sound = true;
    if (found) {
        sound = read_record(st, &out->record);
        out->has_due = sqlite3_column_type(st, DUE) != SQLITE_NULL;
        out->due.us = sqlite3_column_int64(st, DUE);
    }
    enum err e = db_done(db, st);
    if (e == ERR_OK && !found)
        return ERR_UNKNOWN_GROUP;
    if (e == ERR_OK && !sound)
        e = ERR_STORAGE_FAILED;
    if (e == ERR_OK && out->record.state.tour_hash[0])
        e = room_store_read_doc(db, out->record.state.tour_hash, &out->tour_doc,
                                &out->tour_doc_len);
    if (e == ERR_OK)
        e = history_seen(db, out->record.id, &out->seen, &out->seen_count);
    if (e != ERR_OK)
        room_loaded_free(out);
    return e;
}

void room_loaded_free(struct room_loaded *l)
{
    free(l->tour_doc);
    free(l->seen);
    l->tour_doc = NULL;
    l->seen = NULL;
    l->seen_count = 0;
}

struct load_job {
    struct store_job job;
    enum room_key kind;
    char key[WIRE_TOKEN_MAX + 1];
    struct room_loaded loaded;
    void (*done)(void *user, enum err err, struct room_loaded *loaded);
    void *user;
};

static enum err load_run(sqlite3 *db, struct store_job *job)
{
    struct load_job *j = (struct load_job *)job;
    return room_store_read(db, j->kind, j->key, &j->loaded);
}

static void load_done(struct store_job *job, enum err err)
{
    struct load_job *j = (struct load_job *)job;
    j->done(j->user, err, err == ERR_OK ? &j->loaded : NULL);
    room_loaded_free(&j->loaded);
    free(j);
}

void room_store_load(void *store, enum room_key kind, const char *key,
                     void (*done)(void *user, enum err err, struct room_loaded *loaded), void *user)
{
    struct load_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = load_run;
    j->job.done = load_done;
    j->kind = kind;
    snprintf(j->key, sizeof j->key, "%s", key);
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}

int64_t room_store_commit_p99_us(void *store)
{
    return store_stats(store).p99_us;
}

struct due_job {
    struct store_job job;
    bool has_after;
    struct room_due after;
    struct room_due list[ROOM_DUE_PAGE];
    int count;
    void (*done)(void *user, enum err err, const struct room_due *list, int count);
    void *user;
};

static enum err due_run(sqlite3 *db, struct store_job *job)
{
    struct due_job *j = (struct due_job *)job;
    sqlite3_stmt *st =
        db_prepare(db, "SELECT due_us,id FROM room WHERE " THERE
                       "due_us IS NOT NULL AND (due_us,id)>(?,?) ORDER BY due_us,id LIMIT ?");
    db_bind_int(st, 1, j->has_after ? j->after.due.us : INT64_MIN);
    db_bind_text(st, 2, j->after.id);
    db_bind_int(st, 3, ROOM_DUE_PAGE);
    for (j->count = 0; j->count < ROOM_DUE_PAGE && db_row(st); j->count++) {
        j->list[j->count].due.us = sqlite3_column_int64(st, 0);
        db_text(st, 1, j->list[j->count].id, sizeof j->list[0].id);
    }
    return db_done(db, st);
}

static void due_done(struct store_job *job, enum err err)
{
    struct due_job *j = (struct due_job *)job;
    j->done(j->user, err, j->list, j->count);
    free(j);
}

void room_store_due(void *store, const struct room_due *after,
                    void (*done)(void *user, enum err err, const struct room_due *list, int count),
                    void *user)
{
    struct due_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = due_run;
    j->job.done = due_done;
    j->has_after = after != NULL;
    if (after)
        j->after = *after;
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}

enum err room_store_insert(sqlite3 *db, const struct room_record *r, const house_t *due,
                           const char *actor, int64_t wall_us)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO room(due_us,updated_us," RECORD_COLUMNS
                                      ") VALUES(?,?,?,?,?,?,?,?,?," ROOM_STATE_MARKS ")");
    if (due)
        db_bind_int(st, 1, due->us);
    db_bind_int(st, 2, r->created.us);
    db_bind_text(st, 3, r->id);
    db_bind_text(st, 4, r->name);
    db_bind_text(st, 5, r->code);
    db_bind_text(st, 6, r->link);
    db_bind_text(st, 7, r->guide_link);
    db_bind_text(st, 8, r->guide_pin);
    db_bind_int(st, 9, r->created.us);
    room_rows_bind(st, 10, &r->state);
    enum err e = db_run(db, st);
    if (e != ERR_OK)
        return e;
    struct room_change c = {
        .state = r->state, .now = r->created, .wall_us = wall_us, .op = "create", .event = "{}"};
    memcpy(c.room_id, r->id, sizeof c.room_id);
    snprintf(c.actor, sizeof c.actor, "%s", actor);
    return history_write(db, &c);
}

enum err room_store_set_pin(sqlite3 *db, const char *id, const char *hash)
{
    sqlite3_stmt *st = db_prepare(db, "UPDATE room SET guide_pin=? WHERE " THERE "id=?");
    db_bind_text(st, 1, hash);
    db_bind_text(st, 2, id);
    enum err e = db_run(db, st);
    return e == ERR_OK && sqlite3_changes(db) != 1 ? ERR_UNKNOWN_GROUP : e;
}

// What has been gone for too long goes for good, with its history.
static enum err forget_gone(sqlite3 *db, house_t now)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM room WHERE gone_us<?");
    db_bind_int(st, 1, now.us - ROOM_HISTORY_US);
    return db_run(db, st);
}

enum err room_store_remove(sqlite3 *db, const struct room_change *last)
{
    enum err e = write_row(db, last);
    if (e == ERR_OK)
        e = history_write(db, last);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *st = db_prepare(db, "UPDATE room SET gone_us=?,due_us=NULL WHERE id=?");
    db_bind_int(st, 1, last->now.us);
    db_bind_text(st, 2, last->room_id);
    e = db_run(db, st);
    return e == ERR_OK ? forget_gone(db, last->now) : e;
}

enum err room_store_read_gone(sqlite3 *db, const char *id, struct room_record *out)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT " RECORD_COLUMNS " FROM room WHERE gone_us IS NOT NULL AND id=?");
    db_bind_text(st, 1, id);
    bool found = db_row(st), sound = found && read_record(st, out);
    enum err e = db_done(db, st);
    if (e != ERR_OK)
        return e;
    return sound ? ERR_OK : found ? ERR_STORAGE_FAILED : ERR_UNKNOWN_GROUP;
}

enum err room_store_bring_back(sqlite3 *db, const struct room_change *c)
{
    enum err e = write_row(db, c);
    if (e == ERR_OK)
        e = history_write(db, c);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *st = db_prepare(db, "UPDATE room SET gone_us=NULL WHERE id=?");
    db_bind_text(st, 1, c->room_id);
    return db_run(db, st);
}

int room_store_list_gone(sqlite3 *db, struct room_gone *out, int max)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT id,name,gone_us FROM room WHERE gone_us IS NOT NULL"
                                      " ORDER BY gone_us DESC,id LIMIT ?");
    db_bind_int(st, 1, max);
    int n = 0;
    for (; n < max && db_row(st); n++) {
        db_text(st, 0, out[n].id, sizeof out[n].id);
        db_text(st, 1, out[n].name, sizeof out[n].name);
        out[n].at.us = sqlite3_column_int64(st, 2);
    }
    db_done(db, st);
    return n;
}

static int read_records(sqlite3 *db, sqlite3_stmt *st, struct room_record *out, int max)
{
    int n = 0;
    while (n < max && db_row(st))
        n += read_record(st, &out[n]);
    db_done(db, st);
    return n;
}

int room_store_ids(sqlite3 *db, unsigned modes, bool or_about_to_play, char (*out)[WIRE_ID_MAX + 1],
                   int max)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT id FROM room WHERE " THERE "((?1>>mode)&1"
                                      " OR (?2 AND pending_mode=?3)) ORDER BY id LIMIT ?4");
    db_bind_int(st, 1, modes);
    db_bind_int(st, 2, or_about_to_play);
    db_bind_int(st, 3, MODE_RUNNING);
    db_bind_int(st, 4, max);
    int n = 0;
    while (n < max && db_row(st))
        db_text(st, 0, out[n++], sizeof *out);
    db_done(db, st);
    return n;
}

int room_store_list(sqlite3 *db, struct room_record *out, int max)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT " RECORD_COLUMNS " FROM room WHERE gone_us IS NULL ORDER BY name,id"
                       " LIMIT ?");
    db_bind_int(st, 1, max);
    return read_records(db, st, out, max);
}

int room_store_list_after(sqlite3 *db, const char *after, struct room_record *out, int max)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT " RECORD_COLUMNS " FROM room WHERE " THERE "id>? ORDER BY id"
                       " LIMIT ?");
    db_bind_text(st, 1, after);
    db_bind_int(st, 2, max);
    return read_records(db, st, out, max);
}
