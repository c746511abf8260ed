// SPDX-License-Identifier: Apache-2.0
#include "server/access/access_private.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_PASSWORD_MIN = 8 };

static const char *const roles[] = {"", "viewer", "guide", "curator", "admin"};

enum access_role access_role(const char *name)
{
    for (int i = ACCESS_VIEWER; i <= ACCESS_ADMIN; i++) {
        if (strcmp(name, roles[i]) == 0)
            return (enum access_role)i;
    }
    return ACCESS_NOBODY;
}

const char *access_role_name(enum access_role role)
{
    return roles[role];
}

// --- opening ------------------------------------------------------------------------------------

static bool write_secret(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    size_t len = strlen(text);
    bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

// A random password, also in a file for whoever sets the box up.
static bool make_password(const char *path, char *password, char *error, size_t error_size)
{
    // Four groups of five letters and digits without look-alikes: 99 bits, and fit to be typed.
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    char line[25];
    memset(password, '-', 23);
    for (int i = 0; i < 23; i++) {
        if (i % 6 != 5)
            password[i] = letters[randombytes_uniform(sizeof letters - 1)];
    }
    password[23] = '\0';
    memcpy(line, password, 23);
    memcpy(line + 23, "\n", 2);
    bool ok = write_secret(path, line);
    sodium_memzero(line, sizeof line);
    if (!ok)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    return ok;
}

// The first line of a file. What is too long for `password` is refused, not cut.
static bool read_password(const char *path, char *password, size_t size, char *error,
                          size_t error_size)
{
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(password, 1, size - 1, f) : 0;
    int why = f ? 0 : errno;
    if (f)
        fclose(f);
    password[len] = '\0';
    bool whole = len < size - 1 || strchr(password, '\n');
    password[strcspn(password, "\r\n")] = '\0';
    if (why)
        snprintf(error, error_size, "%s: %s", path, strerror(why));
    else if (!whole || strlen(password) < FIRST_PASSWORD_MIN)
        snprintf(error, error_size, "%s: the first password is a line of %d to %zu bytes", path,
                 FIRST_PASSWORD_MIN, size - 2);
    return !why && whole && strlen(password) >= FIRST_PASSWORD_MIN;
}

static bool make_admin(sqlite3 *db, const char *path, const char *given, house_t now, char *error,
                       size_t error_size)
{
    char password[PASSWORD_MAX + 2], hash[PASSWORD_HASH_SIZE];
    if (given ? !read_password(given, password, sizeof password, error, error_size)
              : !make_password(path, password, error, error_size))
        return false;
    password_hash(password, hash);
    sodium_memzero(password, sizeof password);
    sqlite3_stmt *st = db_prepare(
        db, "INSERT INTO user(name,password,role,first,created_us) VALUES('admin',?,'admin',?,?)");
    db_bind_text(st, 1, hash);
    db_bind_int(st, 2, !given);
    db_bind_int(st, 3, now.us);
    if (db_run(db, st) != ERR_OK) {
        snprintf(error, error_size, "the first user could not be saved");
        return false;
    }
    return true;
}

// How many there are.
static int read_users(struct access *a, sqlite3 *db)
{
    int n = 0;
    sqlite3_stmt *st =
        db_prepare(db, "SELECT name,role,password,disabled,first,created_us FROM user"
                       " ORDER BY name LIMIT ?");
    db_bind_int(st, 1, ACCESS_USERS_MAX);
    while (db_row(st)) {
        struct access_user *u = &a->users[n];
        char role[16];
        db_text(st, 0, u->name, sizeof u->name);
        db_text(st, 1, role, sizeof role);
        db_text(st, 2, a->passwords[n], PASSWORD_HASH_SIZE);
        u->role = access_role(role);
        u->disabled = sqlite3_column_int(st, 3) != 0;
        u->first = sqlite3_column_int(st, 4) != 0;
        u->created.us = sqlite3_column_int64(st, 5);
        n++;
    }
    sqlite3_finalize(st);
    return n;
}

static void read_logins(struct access *a, sqlite3 *db, house_t now)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM login WHERE expires_us<=?");
    db_bind_int(st, 1, now.us);
    db_run(db, st);
    st = db_prepare(db, "SELECT token_hash,user,expires_us,began_us,address,agent FROM login"
                        " ORDER BY expires_us DESC LIMIT ?");
    db_bind_int(st, 1, ACCESS_LOGINS_MAX);
    while (db_row(st)) {
        char name[ACCESS_USER_MAX + 1];
        db_text(st, 1, name, sizeof name);
        struct access_user *u = access_user_of(a, name);
        if (!u || u->disabled || sqlite3_column_bytes(st, 0) != HASH_BYTES)
            continue;
        struct login *l = &a->logins[a->login_count++];
        access_login_set_hash(l, sqlite3_column_blob(st, 0));
        l->shown.user = u;
        l->shown.expires.us = sqlite3_column_int64(st, 2);
        l->shown.began.us = l->shown.seen.us = l->shown.sure.us = sqlite3_column_int64(st, 3);
        db_text(st, 4, l->shown.address, sizeof l->shown.address);
        db_text(st, 5, l->shown.agent, sizeof l->shown.agent);
    }
    sqlite3_finalize(st);
}

// In one transaction, with a row in the trail. A power cut before the file is gone does it again.
static bool reset_admin(sqlite3 *db, const struct access_files *f, house_t now, char *error,
                        size_t error_size)
{
    char password[PASSWORD_MAX + 2], hash[PASSWORD_HASH_SIZE];
    struct audit_entry e = {
        .at = now, .what = "reset-admin", .object = "users/admin", .status = 200};
    if (!make_password(f->first, password, error, error_size))
        return false;
    password_hash(password, hash);
    sodium_memzero(password, sizeof password);
    bool ok = db_exec(db, "BEGIN IMMEDIATE");
    sqlite3_stmt *st = db_prepare(
        db, "INSERT INTO user(name,password,role,first,created_us) VALUES('admin',?1,'admin',1,?2)"
            " ON CONFLICT(name) DO UPDATE SET password=?1,role='admin',first=1,disabled=0");
    db_bind_text(st, 1, hash);
    db_bind_int(st, 2, now.us);
    ok = db_run(db, st) == ERR_OK && ok && db_exec(db, "DELETE FROM login WHERE user='admin'") &&
         audit_write(db, &e) == ERR_OK && db_exec(db, "COMMIT");
    if (!ok) {
        db_exec(db, "ROLLBACK");
        snprintf(error, error_size, "another password for admin could not be saved");
        return false;
    }
    log_warn("access", "admin has another password, as %s asked for: it is in %s", f->reset,
             f->first);
    if (unlink(f->reset) != 0)
        log_warn("access", "%s: %s", f->reset, strerror(errno));
    return true;
}

struct access *access_open(sqlite3 *db, const struct access_files *f, house_t now, char *error,
                           size_t error_size)
{
    struct access *a = check_alloc(calloc(1, sizeof *a));
    snprintf(a->first_path, sizeof a->first_path, "%s", f->first);
    bool none = read_users(a, db) == 0, reset = access(f->reset, F_OK) == 0;
    if (none || reset) {
        if (reset ? !reset_admin(db, f, now, error, error_size)
                  : !make_admin(db, f->first, f->given, now, error, error_size)) {
            free(a);
            return NULL;
        }
        a->is_new = none && !f->given;
        memset(a->users, 0, sizeof a->users);
        read_users(a, db);
    }
    read_logins(a, db, now);
    password_of_nobody(); // is as dear as the others
    return a;
}

bool access_is_new(const struct access *a)
{
    return a->is_new;
}

void access_free(struct access *a)
{
    sodium_memzero(a, sizeof *a);
    free(a);
}

void access_use_store(struct access *a, struct store *store, void (*ended)(void *user),
                      void *ended_user)
{
    a->store = store;
    a->ended = ended;
    a->ended_user = ended_user;
}

void access_tell_ended(const struct access *a)
{
    a->ended(a->ended_user);
}

// --- who is it? ---------------------------------------------------------------------------------

struct access_user *access_user_of(struct access *a, const char *name)
{
    for (int i = 0; name[0] && i < ACCESS_USERS_MAX; i++) {
        if (strcmp(a->users[i].name, name) == 0)
            return &a->users[i];
    }
    return NULL;
}

const struct access_user *access_find_user(const struct access *a, const char *name)
{
    return access_user_of((struct access *)a, name);
}

const struct access_user *access_users(const struct access *a)
{
    return a->users;
}

const char *access_password_hash(const struct access *a, const char *name)
{
    const struct access_user *u = access_find_user(a, name);
    return u && !u->disabled ? a->passwords[u - a->users] : password_of_nobody();
}

void access_hash_token(const char *token, unsigned char out[HASH_BYTES])
{
    crypto_hash_sha256(out, (const unsigned char *)token, strlen(token));
}

void access_login_set_hash(struct login *l, const unsigned char hash[HASH_BYTES])
{
    memcpy(l->hash, hash, HASH_BYTES);
    sodium_bin2hex(l->shown.id, sizeof l->shown.id, hash, ACCESS_ID_LEN / 2);
}

const struct access_login *access_check(struct access *a, const char *token, house_t now)
{
    unsigned char hash[HASH_BYTES];
    if (!token[0])
        return NULL;
    // By hash: the time it takes says nothing about a token that is close.
    access_hash_token(token, hash);
    for (int i = 0; i < a->login_count; i++) {
        struct access_login *l = &a->logins[i].shown;
        if (sodium_memcmp(a->logins[i].hash, hash, HASH_BYTES) == 0 && l->expires.us > now.us) {
            l->seen = now;
            return l;
        }
    }
    return NULL;
}

struct login *access_login_of(struct access *a, const char *id)
{
    for (int i = 0; i < a->login_count; i++) {
        if (strcmp(a->logins[i].shown.id, id) == 0)
            return &a->logins[i];
    }
    return NULL;
}

const struct access_login *access_find_login(const struct access *a, const char *id, house_t now)
{
    const struct login *l = access_login_of((struct access *)a, id);
    return l && l->shown.expires.us > now.us ? &l->shown : NULL;
}

int access_logins(const struct access *a, const struct access_login **out, int max, house_t now)
{
    int n = 0;
    for (int i = 0; i < a->login_count && n < max; i++) {
        if (a->logins[i].shown.expires.us > now.us)
            out[n++] = &a->logins[i].shown;
    }
    return n;
}

bool access_is_sure(const struct access_login *l, house_t now)
{
    return l->sure.us && house_diff_us(now, l->sure) <= ACCESS_SURE_US;
}

// Of the token, by a hash of another kind than the one that is kept.
void access_csrf(const char *token, char out[ACCESS_CSRF_LEN + 1])
{
    static const unsigned char key[] = "roomtone csrf 01";
    unsigned char mac[16];
    crypto_generichash(mac, sizeof mac, (const unsigned char *)token, strlen(token), key,
                       sizeof key - 1);
    sodium_bin2base64(out, ACCESS_CSRF_LEN + 1, mac, sizeof mac,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool access_csrf_fits(const char *token, const char *said)
{
    char wanted[ACCESS_CSRF_LEN + 1];
    access_csrf(token, wanted);
    return strlen(said) == ACCESS_CSRF_LEN && sodium_memcmp(said, wanted, ACCESS_CSRF_LEN) == 0;
}
