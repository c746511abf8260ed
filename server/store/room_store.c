// SPDX-License-Identifier: Apache-2.0
#include "server/store/room_store.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "server/store/db.h"

#include <string.h>

#define STATE_COLUMNS                                        \
    "epoch,rev,tour_id,tour_hash,mode,cue,p0_us,t0_us,rate," \
    "pending_at_us,pending_mode,pending_cue,pending_p0_us,pending_t0_us,pending_rate"
#define RECORD_COLUMNS "id,name,code,link,created_us," STATE_COLUMNS

// Binds the STATE_COLUMNS from parameter `i` on.
static void bind_state(sqlite3_stmt *st, int i, const struct room_state *s)
{
    db_bind_int(st, i, s->epoch);
    db_bind_int(st, i + 1, s->rev);
    if (s->tour_hash[0]) {
        db_bind_text(st, i + 2, s->tour_id);
        db_bind_text(st, i + 3, s->tour_hash);
    }
    db_bind_int(st, i + 4, s->now.mode);
    db_bind_int(st, i + 5, s->now.cue);
    db_bind_int(st, i + 6, s->now.vec.p0_us);
    db_bind_int(st, i + 7, s->now.vec.t0.us);
    db_bind_int(st, i + 8, s->now.vec.rate);
    if (!s->has_pending)
        return;
    db_bind_int(st, i + 9, s->pending_at.us);
    db_bind_int(st, i + 10, s->pending.mode);
    db_bind_int(st, i + 11, s->pending.cue);
    db_bind_int(st, i + 12, s->pending.vec.p0_us);
    db_bind_int(st, i + 13, s->pending.vec.t0.us);
    db_bind_int(st, i + 14, s->pending.vec.rate);
}

static void read_part(sqlite3_stmt *st, int mode, struct room_part *p)
{
    p->mode = (enum wire_mode)sqlite3_column_int(st, mode);
    p->cue = sqlite3_column_int(st, mode + 1);
    p->vec.p0_us = sqlite3_column_int64(st, mode + 2);
    p->vec.t0.us = sqlite3_column_int64(st, mode + 3);
    p->vec.rate = sqlite3_column_int(st, mode + 4);
}

static void read_record(sqlite3_stmt *st, struct room_record *r)
{
    memset(r, 0, sizeof *r);
    db_text(st, 0, r->id, sizeof r->id);
    db_text(st, 1, r->name, sizeof r->name);
    db_text(st, 2, r->code, sizeof r->code);
    db_text(st, 3, r->link, sizeof r->link);
    r->created.us = sqlite3_column_int64(st, 4);
    struct room_state *s = &r->state;
    s->epoch = (uint32_t)sqlite3_column_int64(st, 5);
    s->rev = sqlite3_column_int64(st, 6);
    db_text(st, 7, s->tour_id, sizeof s->tour_id);
    db_text(st, 8, s->tour_hash, sizeof s->tour_hash);
    read_part(st, 9, &s->now);
    s->has_pending = sqlite3_column_type(st, 14) != SQLITE_NULL;
    if (s->has_pending) {
        s->pending_at.us = sqlite3_column_int64(st, 14);
        read_part(st, 15, &s->pending);
    }
}

static enum err write_row(sqlite3 *db, const struct room_change *c)
{
    sqlite3_stmt *st =
        db_prepare(db, "UPDATE room SET (" STATE_COLUMNS ",due_us,updated_us)="
                       "(?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)"
                       " WHERE id=?1 AND epoch=?2 AND rev=?3");
    db_bind_text(st, 1, c->room_id);
    db_bind_int(st, 2, c->state.epoch);
    db_bind_int(st, 3, c->prior_rev);
    bind_state(st, 4, &c->state);
    if (c->has_due)
        db_bind_int(st, 19, c->due.us);
    db_bind_int(st, 20, c->now.us);
    enum err e = db_run(db, st);
    return e == ERR_OK && sqlite3_changes(db) != 1 ? ERR_CONFLICT : e;
}

static enum err write_seen(sqlite3 *db, const struct room_change *c)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO cmd_seen(room_id,rev,epoch,cmd_id,hash,at_us,"
                                      "h_us) VALUES(?,?,?,?,?,?,?)");
    db_bind_text(st, 1, c->room_id);
    db_bind_int(st, 2, c->seen.rev);
    db_bind_int(st, 3, c->seen.epoch);
    db_bind_text(st, 4, c->seen.cmd_id);
    db_bind_int(st, 5, (int64_t)c->seen.hash);
    db_bind_int(st, 6, c->seen.at.us);
    db_bind_int(st, 7, c->now.us);
    enum err e = db_run(db, st);
    if (e != ERR_OK)
        return e;
    st = db_prepare(db, "DELETE FROM cmd_seen WHERE room_id=? AND epoch=? AND rev<=?");
    db_bind_text(st, 1, c->room_id);
    db_bind_int(st, 2, c->seen.epoch);
    db_bind_int(st, 3, c->seen.rev - ROOM_SEEN_MAX);
    return db_run(db, st);
}

static void describe_part(struct bytes *b, const char *name, const struct room_part *p)
{
    bytes_printf(b, "\"%s\":{\"mode\":\"%s\",\"cue\":%d,\"p0\":%lld,\"t0\":%lld,\"rate\":%d}", name,
                 wire_mode_name(p->mode), p->cue, (long long)p->vec.p0_us, (long long)p->vec.t0.us,
                 p->vec.rate);
}

static enum err write_log(sqlite3 *db, const struct room_change *c)
{
    struct bytes state;
    bytes_init(&state, 4096);
    bytes_printf(&state, "{\"tour\":\"%s\",\"hash\":\"%s\",", c->state.tour_id, c->state.tour_hash);
    describe_part(&state, "now", &c->state.now);
    if (c->state.has_pending) {
        bytes_printf(&state, ",\"at\":%lld,", (long long)c->state.pending_at.us);
        describe_part(&state, "pending", &c->state.pending);
    }
    bytes_printf(&state, "}");
    sqlite3_stmt *st = db_prepare(
        db, "INSERT INTO log(room_id,epoch,rev,h_us,actor,op,state) VALUES(?,?,?,?,?,?,?)");
    db_bind_text(st, 1, c->room_id);
    db_bind_int(st, 2, c->state.epoch);
    db_bind_int(st, 3, c->state.rev);
    db_bind_int(st, 4, c->now.us);
    db_bind_text(st, 5, c->actor);
    db_bind_text(st, 6, c->op);
    db_bind_text(st, 7, state.data);
    bytes_free(&state);
    return db_run(db, st);
}

struct commit_job {
    struct store_job job;
    struct room_change change;
    void (*done)(void *user, enum err err);
    void *user;
};

static enum err commit_run(sqlite3 *db, struct store_job *job)
{
    const struct room_change *c = &((struct commit_job *)job)->change;
    enum err e = write_row(db, c);
    if (e == ERR_OK && c->has_seen)
        e = write_seen(db, c);
    return e == ERR_OK ? write_log(db, c) : e;
}

static void commit_done(struct store_job *job, enum err err)
{
    struct commit_job *j = (struct commit_job *)job;
    j->done(j->user, err);
    free(j);
}

void room_store_commit(void *store, const struct room_change *change,
                       void (*done)(void *user, enum err err), void *user)
{
    struct commit_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = commit_run;
    j->job.done = commit_done;
    j->change = *change;
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}

static enum err read_doc(sqlite3 *db, struct room_loaded *out)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT doc FROM tour_doc WHERE hash=?");
    db_bind_text(st, 1, out->record.state.tour_hash);
    if (db_row(st)) {
        out->tour_doc_len = (size_t)sqlite3_column_bytes(st, 0);
        out->tour_doc = check_alloc(malloc(out->tour_doc_len + 1));
        memcpy(out->tour_doc, sqlite3_column_text(st, 0), out->tour_doc_len);
        out->tour_doc[out->tour_doc_len] = '\0';
    }
    return db_done(db, st);
}

static enum err read_seen(sqlite3 *db, struct room_loaded *out)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT cmd_id,hash,epoch,rev,at_us FROM cmd_seen WHERE room_id=?1 AND"
                       " h_us>(SELECT max(h_us) FROM cmd_seen WHERE room_id=?1)-?2"
                       " ORDER BY epoch,rev LIMIT ?3");
    db_bind_text(st, 1, out->record.id);
    db_bind_int(st, 2, ROOM_SEEN_US);
    db_bind_int(st, 3, ROOM_SEEN_MAX);
    int cap = 0;
    while (db_row(st)) {
        if (out->seen_count == cap) {
            cap = cap ? 2 * cap : 16;
            out->seen = check_alloc(realloc(out->seen, (size_t)cap * sizeof *out->seen));
        }
        struct room_seen *s = &out->seen[out->seen_count++];
        db_text(st, 0, s->cmd_id, sizeof s->cmd_id);
        s->hash = (uint64_t)sqlite3_column_int64(st, 1);
        s->epoch = (uint32_t)sqlite3_column_int64(st, 2);
        s->rev = sqlite3_column_int64(st, 3);
        s->at.us = sqlite3_column_int64(st, 4);
    }
    return db_done(db, st);
}

enum err room_store_read(sqlite3 *db, enum room_key kind, const char *key, struct room_loaded *out)
{
    static const char *const sql[] = {
        [ROOM_BY_ID] = "SELECT " RECORD_COLUMNS " FROM room WHERE id=?",
        [ROOM_BY_CODE] = "SELECT " RECORD_COLUMNS " FROM room WHERE code=?",
        [ROOM_BY_LINK] = "SELECT " RECORD_COLUMNS " FROM room WHERE link=?",
    };
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = db_prepare(db, sql[kind]);
    db_bind_text(st, 1, key);
    bool found = db_row(st);
    if (found)
        read_record(st, &out->record);
    enum err e = db_done(db, st);
    if (e == ERR_OK && !found)
        return ERR_UNKNOWN_GROUP;
    if (e == ERR_OK && out->record.state.tour_hash[0])
        e = read_doc(db, out);
    if (e == ERR_OK)
        e = read_seen(db, out);
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

enum err room_store_insert(sqlite3 *db, const struct room_record *r, house_t now)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO room(" RECORD_COLUMNS
                                      ",updated_us) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,"
                                      "?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)");
    db_bind_text(st, 1, r->id);
    db_bind_text(st, 2, r->name);
    db_bind_text(st, 3, r->code);
    db_bind_text(st, 4, r->link);
    db_bind_int(st, 5, r->created.us);
    bind_state(st, 6, &r->state);
    db_bind_int(st, 21, now.us);
    return db_run(db, st);
}

int room_store_due_ids(sqlite3 *db, char (*ids)[WIRE_ID_MAX + 1], int max)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT id FROM room WHERE due_us IS NOT NULL ORDER BY due_us LIMIT ?");
    db_bind_int(st, 1, max);
    int n = 0;
    while (n < max && db_row(st))
        db_text(st, 0, ids[n++], WIRE_ID_MAX + 1);
    db_done(db, st);
    return n;
}

int room_store_list(sqlite3 *db, struct room_record *out, int max)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT " RECORD_COLUMNS " FROM room ORDER BY name,id LIMIT ?");
    db_bind_int(st, 1, max);
    int n = 0;
    while (n < max && db_row(st))
        read_record(st, &out[n++]);
    db_done(db, st);
    return n;
}
