// SPDX-License-Identifier: Apache-2.0
// Sessions begin and end.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/access/access_private.h"
#include "server/store/db.h"

#include <string.h>

struct login_job {
    struct store_job job;
    struct access *access;
    struct login login;
    char name[ACCESS_USER_MAX + 1], verified[PASSWORD_HASH_SIZE];
    char token[ACCESS_TOKEN_LEN + 1];
    struct audit_entry audit;
    void (*done)(void *user, enum err err, const char *token);
    void *user;
};

// The user may have been removed, or have another password, since the password was looked at.
static enum err login_run(sqlite3 *db, struct store_job *job)
{
    struct login_job *j = (struct login_job *)job;
    const struct access_login *l = &j->login.shown;
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM login WHERE expires_us<=?");
    db_bind_int(st, 1, l->began.us);
    enum err e = db_run(db, st);
    if (e != ERR_OK)
        return e;
    st = db_prepare(
        db, "INSERT INTO login(token_hash,user,expires_us,began_us,address,agent)"
            " SELECT ?1,name,?3,?4,?5,?6 FROM user WHERE name=?2 AND password=?7 AND NOT disabled");
    db_bind_blob(st, 1, j->login.hash, HASH_BYTES);
    db_bind_text(st, 2, j->name);
    db_bind_int(st, 3, l->expires.us);
    db_bind_int(st, 4, l->began.us);
    db_bind_text(st, 5, l->address);
    db_bind_text(st, 6, l->agent);
    db_bind_text(st, 7, j->verified);
    e = db_run(db, st);
    if (e == ERR_OK && sqlite3_changes(db) == 0)
        e = ERR_WRONG_PASSWORD;
    return e == ERR_OK ? audit_write(db, &j->audit) : e;
}

void access_drop_login(struct access *a, struct login *l)
{
    *l = a->logins[--a->login_count];
    sodium_memzero(&a->logins[a->login_count], sizeof *l);
}

void access_drop_logins(struct access *a, const struct access_user *u, const char *keep)
{
    for (int i = a->login_count - 1; i >= 0; i--) {
        if (a->logins[i].shown.user == u && strcmp(a->logins[i].shown.id, keep) != 0)
            access_drop_login(a, &a->logins[i]);
    }
}

// The oldest makes room; sessions all last equally long, so the first to expire is the oldest.
static void keep(struct access *a, const struct login *l)
{
    if (a->login_count == ACCESS_LOGINS_MAX) {
        int oldest = 0;
        for (int i = 1; i < a->login_count; i++) {
            if (a->logins[i].shown.expires.us < a->logins[oldest].shown.expires.us)
                oldest = i;
        }
        access_drop_login(a, &a->logins[oldest]);
    }
    a->logins[a->login_count++] = *l;
}

static void login_done(struct store_job *job, enum err e)
{
    struct login_job *j = (struct login_job *)job;
    // Completions come in the order of the jobs: a user whose row was there is here.
    j->login.shown.user = access_user_of(j->access, j->name);
    if (e == ERR_OK) {
        CHECK(j->login.shown.user);
        keep(j->access, &j->login);
    }
    j->done(j->user, e, e == ERR_OK ? j->token : NULL);
    sodium_memzero(j, sizeof *j);
    free(j);
}

static void new_token(struct login_job *j)
{
    unsigned char secret[32], hash[HASH_BYTES];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(j->token, sizeof j->token, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    access_hash_token(j->token, hash);
    access_login_set_hash(&j->login, hash);
}

void access_login(struct access *a, const struct access_begin *b, house_t now,
                  void (*done)(void *user, enum err err, const char *token), void *user)
{
    if (strcmp(access_password_hash(a, b->name), b->verified) != 0) {
        done(user, ERR_WRONG_PASSWORD, NULL);
        return;
    }
    struct login_job *j = check_alloc(calloc(1, sizeof *j));
    struct access_login *l = &j->login.shown;
    j->job.run = login_run;
    j->job.done = login_done;
    j->access = a;
    new_token(j);
    l->began = l->seen = l->sure = now;
    l->expires = house_add_us(now, ACCESS_LOGIN_US);
    snprintf(l->address, sizeof l->address, "%s", b->address);
    snprintf(l->agent, sizeof l->agent, "%s", b->agent);
    snprintf(j->name, sizeof j->name, "%s", b->name);
    snprintf(j->verified, sizeof j->verified, "%s", b->verified);
    j->audit = *b->audit;
    j->done = done;
    j->user = user;
    store_submit(a->store, &j->job);
}

void access_sure(struct access *a, const char *id, house_t now)
{
    struct login *l = access_login_of(a, id);
    if (l)
        l->shown.sure = now;
}

// --- ending -------------------------------------------------------------------------------------

struct end_job {
    struct store_job job;
    unsigned char hash[HASH_BYTES];
    struct audit_entry audit;
    void (*done)(void *user, enum err err);
    void *user;
};

static enum err end_run(sqlite3 *db, struct store_job *job)
{
    struct end_job *j = (struct end_job *)job;
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM login WHERE token_hash=?");
    db_bind_blob(st, 1, j->hash, HASH_BYTES);
    enum err e = db_run(db, st);
    return e == ERR_OK ? audit_write(db, &j->audit) : e;
}

static void end_done(struct store_job *job, enum err e)
{
    struct end_job *j = (struct end_job *)job;
    if (e != ERR_OK)
        log_warn("access", "the end of a session could not be saved: %s", err_code(e));
    if (j->done)
        j->done(j->user, e);
    free(j);
}

// In memory at once: whatever becomes of the disk, this token is good for nothing from here on.
void access_end(struct access *a, const char *id, const struct audit_entry *audit,
                void (*done)(void *user, enum err err), void *user)
{
    struct login *l = access_login_of(a, id);
    if (!l) {
        if (done)
            done(user, ERR_NOT_FOUND);
        return;
    }
    struct end_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = end_run;
    j->job.done = end_done;
    memcpy(j->hash, l->hash, HASH_BYTES);
    j->audit = *audit;
    j->done = done;
    j->user = user;
    access_drop_login(a, l);
    access_tell_ended(a);
    store_submit(a->store, &j->job);
}
