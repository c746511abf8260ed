// SPDX-License-Identifier: Apache-2.0
// Users are made, changed and removed. What may be is decided on the store's thread, where wishes
// come one after the other: so two admins cannot take each other's role at once.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/access/access_private.h"
#include "server/store/db.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct wish_job {
    struct store_job job;
    struct access *access;
    struct access_wish wish;
    house_t now;
    void (*done)(void *user, enum err err);
    void *user;
};

bool access_name_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    size_t len = strlen(name);
    return len >= 1 && len <= ACCESS_USER_MAX && strspn(name, allowed) == len &&
           strspn(name, ".-_") == 0;
}

static int64_t count(sqlite3 *db, const char *sql, const char *name)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    db_bind_text(st, 1, name);
    int64_t n = db_row(st) ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return n;
}

static enum err create(sqlite3 *db, const struct wish_job *j)
{
    const struct access_wish *w = &j->wish;
    if (count(db, "SELECT count(*) FROM user WHERE name<>?", w->name) >= ACCESS_USERS_MAX)
        return ERR_TOO_MANY;
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO user(name,password,role,created_us) VALUES(?,?,?,?)");
    db_bind_text(st, 1, w->name);
    db_bind_text(st, 2, w->password);
    db_bind_text(st, 3, access_role_name(w->role));
    db_bind_int(st, 4, j->now.us);
    return db_run(db, st);
}

// Somebody else may everything.
static bool others_are_admins(sqlite3 *db, const char *name)
{
    return count(db, "SELECT count(*) FROM user WHERE role='admin' AND NOT disabled AND name<>?",
                 name) > 0;
}

static bool is_admin(sqlite3 *db, const char *name)
{
    return count(db, "SELECT count(*) FROM user WHERE role='admin' AND NOT disabled AND name=?",
                 name) > 0;
}

static bool ends_sessions(const struct access_wish *w)
{
    return w->has_role || w->has_password || w->disabled;
}

static enum err end_sessions(sqlite3 *db, const struct access_wish *w)
{
    // The id is the beginning of the hash.
    sqlite3_stmt *st =
        db_prepare(db, "DELETE FROM login WHERE user=? AND lower(hex(substr(token_hash,1,8)))<>?");
    db_bind_text(st, 1, w->name);
    db_bind_text(st, 2, w->keep);
    return db_run(db, st);
}

static enum err change(sqlite3 *db, const struct access_wish *w)
{
    if (!db_has(db, "SELECT 1 FROM user WHERE name=?", w->name))
        return ERR_NOT_FOUND;
    bool steps_down = (w->has_role && w->role != ACCESS_ADMIN) || (w->has_disabled && w->disabled);
    if (steps_down && is_admin(db, w->name) && !others_are_admins(db, w->name))
        return ERR_LAST_ADMIN;
    sqlite3_stmt *st = db_prepare(
        db, "UPDATE user SET role=ifnull(nullif(?2,''),role),password=ifnull(nullif(?3,''),"
            "password),first=first AND ?3='',disabled=ifnull(?4,disabled) WHERE name=?1");
    db_bind_text(st, 1, w->name);
    db_bind_text(st, 2, w->has_role ? access_role_name(w->role) : "");
    db_bind_text(st, 3, w->has_password ? w->password : "");
    if (w->has_disabled)
        db_bind_int(st, 4, w->disabled);
    enum err e = db_run(db, st);
    return e == ERR_OK && ends_sessions(w) ? end_sessions(db, w) : e;
}

// The user's sessions go with the row.
static enum err delete (sqlite3 *db, const struct access_wish *w) {
    if (!db_has(db, "SELECT 1 FROM user WHERE name=?", w->name)) return ERR_NOT_FOUND;
    if (is_admin(db, w->name) && !others_are_admins(db, w->name)) return ERR_LAST_ADMIN;
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM user WHERE name=?");
    db_bind_text(st, 1, w->name);
    return db_run(db, st);
}

static enum err wish_run(sqlite3 *db, struct store_job *job)
{
    struct wish_job *j = (struct wish_job *)job;
    enum err e = ERR_OK;
    switch (j->wish.deed) {
    case ACCESS_CREATE:
        e = create(db, j);
        break;
    case ACCESS_CHANGE:
        e = change(db, &j->wish);
        break;
    case ACCESS_DELETE:
        e = delete (db, &j->wish);
        break;
    }
    return e == ERR_OK ? audit_write(db, &j->wish.audit) : e;
}

// The password that the box made is nobody's any more: its file would mislead.
static void remove_first(const struct access *a)
{
    if (unlink(a->first_path) != 0 && errno != ENOENT)
        log_warn("access", "%s: %s", a->first_path, strerror(errno));
}

static void apply_change(struct access *a, struct access_user *u, const struct access_wish *w)
{
    if (w->has_role)
        u->role = w->role;
    if (w->has_disabled)
        u->disabled = w->disabled;
    if (w->has_password) {
        memcpy(a->passwords[u - a->users], w->password, PASSWORD_HASH_SIZE);
        if (u->first)
            remove_first(a);
        u->first = false;
    }
    if (ends_sessions(w))
        access_drop_logins(a, u, w->keep);
}

static void apply_create(struct access *a, const struct wish_job *j)
{
    struct access_user *u = a->users;
    while (u->name[0])
        u++;
    CHECK(u < a->users + ACCESS_USERS_MAX); // the rows were counted
    *u = (struct access_user){.role = j->wish.role, .created = j->now};
    memcpy(u->name, j->wish.name, sizeof u->name);
    memcpy(a->passwords[u - a->users], j->wish.password, PASSWORD_HASH_SIZE);
}

// In memory as on disk: completions come in the order in which the rows were written.
static void apply(struct access *a, const struct wish_job *j)
{
    struct access_user *u = access_user_of(a, j->wish.name);
    switch (j->wish.deed) {
    case ACCESS_CREATE:
        apply_create(a, j);
        break;
    case ACCESS_CHANGE:
        CHECK(u);
        apply_change(a, u, &j->wish);
        break;
    case ACCESS_DELETE:
        CHECK(u);
        if (u->first)
            remove_first(a);
        access_drop_logins(a, u, "");
        sodium_memzero(a->passwords[u - a->users], PASSWORD_HASH_SIZE);
        sodium_memzero(u, sizeof *u);
        break;
    }
    access_tell_ended(a);
}

static void wish_done(struct store_job *job, enum err e)
{
    struct wish_job *j = (struct wish_job *)job;
    if (e == ERR_OK)
        apply(j->access, j);
    j->done(j->user, e);
    sodium_memzero(j, sizeof *j);
    free(j);
}

void access_wish(struct access *a, const struct access_wish *w, house_t now,
                 void (*done)(void *user, enum err err), void *user)
{
    struct wish_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = wish_run;
    j->job.done = wish_done;
    j->access = a;
    j->wish = *w;
    j->now = now;
    j->done = done;
    j->user = user;
    store_submit(a->store, &j->job);
}
