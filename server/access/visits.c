// SPDX-License-Identifier: Apache-2.0
#include "server/access/visits.h"

#include "common/base/check.h"
#include "server/store/db.h"

#include <sodium.h>
#include <string.h>

struct visit_job {
    struct store_job job;
    unsigned char hash[VISITS_HASH_SIZE];
    char token[VISITS_TOKEN_SIZE];
    struct visit visit;
    house_t now;
    void (*begun)(void *user, const char *token);
    void (*resumed)(void *user, const struct visit *v);
    void *user;
};

void visits_new_member(char *out, size_t size)
{
    // 32 letters that are told apart in print; 5 bits each.
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz023456789";
    unsigned char random[16];
    CHECK(size > sizeof random + 1);
    randombytes_buf(random, sizeof random);
    out[0] = 'm';
    for (size_t i = 0; i < sizeof random; i++)
        out[i + 1] = letters[random[i] & 31];
    out[sizeof random + 1] = '\0';
}

static struct visit_job *job_new(const char *token, enum err (*run)(sqlite3 *, struct store_job *),
                                 void (*done)(struct store_job *, enum err))
{
    struct visit_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    crypto_hash_sha256(j->hash, (const unsigned char *)token, strlen(token));
    return j;
}

static void job_done(struct store_job *job, enum err e)
{
    (void)e; // what is kept of a visit is a convenience
    free(job);
}

static enum err let_go(sqlite3 *db, const char *which, int64_t bound)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "DELETE FROM visit WHERE n IN (SELECT n FROM visit ORDER BY n LIMIT 8) AND %s<?",
             which);
    sqlite3_stmt *st = db_prepare(db, sql);
    db_bind_int(st, 1, bound);
    return db_run(db, st);
}

static int64_t newest(sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT max(n) FROM visit");
    int64_t n = db_row(st) ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return n;
}

static enum err begin_run(sqlite3 *db, struct store_job *job)
{
    struct visit_job *j = (struct visit_job *)job;
    const struct visit *v = &j->visit;
    // One comes, up to eight go: so neither the expired nor those beyond the ceiling pile up.
    enum err e = let_go(db, "expires_us", j->now.us);
    if (e == ERR_OK)
        e = let_go(db, "n", newest(db) - VISITS_MAX);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO visit(token_hash,room_id,member,role,name,lang,trim_us,"
                       "expires_us) VALUES(?,?,?,?,?,?,?,?)");
    db_bind_blob(st, 1, j->hash, sizeof j->hash);
    db_bind_text(st, 2, v->room);
    db_bind_text(st, 3, v->member);
    db_bind_int(st, 4, v->role);
    db_bind_text(st, 5, v->name);
    db_bind_text(st, 6, v->lang);
    db_bind_int(st, 7, v->trim_us);
    db_bind_int(st, 8, j->now.us + VISITS_VALID_US);
    return db_run(db, st);
}

static void begin_done(struct store_job *job, enum err e)
{
    struct visit_job *j = (struct visit_job *)job;
    j->begun(j->user, e == ERR_OK ? j->token : NULL);
    sodium_memzero(j->token, sizeof j->token);
    free(j);
}

void visits_begin(struct store *s, const struct visit *v, house_t now,
                  void (*done)(void *user, const char *token), void *user)
{
    unsigned char secret[32];
    char token[VISITS_TOKEN_SIZE];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(token, sizeof token, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    struct visit_job *j = job_new(token, begin_run, begin_done);
    memcpy(j->token, token, sizeof j->token);
    j->visit = *v;
    j->now = now;
    j->begun = done;
    j->user = user;
    store_submit(s, &j->job);
}

static enum err extend(sqlite3 *db, const struct visit_job *j)
{
    sqlite3_stmt *st = db_prepare(db, "UPDATE visit SET expires_us=? WHERE token_hash=?");
    db_bind_int(st, 1, j->now.us + VISITS_VALID_US);
    db_bind_blob(st, 2, j->hash, sizeof j->hash);
    return db_run(db, st);
}

static enum err resume_run(sqlite3 *db, struct store_job *job)
{
    struct visit_job *j = (struct visit_job *)job;
    struct visit *v = &j->visit;
    sqlite3_stmt *st = db_prepare(db, "SELECT room_id,member,role,name,lang,trim_us FROM visit"
                                      " WHERE token_hash=? AND expires_us>?");
    db_bind_blob(st, 1, j->hash, sizeof j->hash);
    db_bind_int(st, 2, j->now.us);
    bool found = db_row(st);
    if (found) {
        db_text(st, 0, v->room, sizeof v->room);
        db_text(st, 1, v->member, sizeof v->member);
        v->role = sqlite3_column_int(st, 2);
        db_text(st, 3, v->name, sizeof v->name);
        db_text(st, 4, v->lang, sizeof v->lang);
        v->trim_us = sqlite3_column_int64(st, 5);
    }
    enum err e = db_done(db, st);
    if (e != ERR_OK || !found)
        return e == ERR_OK ? ERR_NOT_FOUND : e;
    // A full disk keeps nobody out: then the twelve hours are those of the last time.
    extend(db, j);
    return ERR_OK;
}

static void resume_done(struct store_job *job, enum err e)
{
    struct visit_job *j = (struct visit_job *)job;
    // When only the commit failed what was read is true all the same.
    bool found = e == ERR_OK || (e != ERR_NOT_FOUND && j->visit.member[0]);
    j->resumed(j->user, found ? &j->visit : NULL);
    free(j);
}

void visits_resume(struct store *s, const char *token, house_t now,
                   void (*done)(void *user, const struct visit *v), void *user)
{
    struct visit_job *j = job_new(token, resume_run, resume_done);
    j->now = now;
    j->resumed = done;
    j->user = user;
    store_submit(s, &j->job);
}

static enum err keep_run(sqlite3 *db, struct store_job *job)
{
    struct visit_job *j = (struct visit_job *)job;
    sqlite3_stmt *st =
        db_prepare(db, "UPDATE visit SET role=?,name=?,lang=?,trim_us=? WHERE token_hash=?");
    db_bind_int(st, 1, j->visit.role);
    db_bind_text(st, 2, j->visit.name);
    db_bind_text(st, 3, j->visit.lang);
    db_bind_int(st, 4, j->visit.trim_us);
    db_bind_blob(st, 5, j->hash, sizeof j->hash);
    return db_run(db, st);
}

void visits_keep(struct store *s, const char *token, const struct visit *v)
{
    struct visit_job *j = job_new(token, keep_run, job_done);
    j->visit = *v;
    store_submit(s, &j->job);
}

static enum err forget_run(sqlite3 *db, struct store_job *job)
{
    struct visit_job *j = (struct visit_job *)job;
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM visit WHERE token_hash=?");
    db_bind_blob(st, 1, j->hash, sizeof j->hash);
    return db_run(db, st);
}

void visits_forget(struct store *s, const char *token)
{
    store_submit(s, &job_new(token, forget_run, job_done)->job);
}
