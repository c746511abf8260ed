// SPDX-License-Identifier: Apache-2.0
#include "server/access/access.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

// Ceilings: a house has some dozen staff; beyond it the oldest login goes.
enum { USERS_MAX = 100, LOGINS_MAX = 1000, HASH_BYTES = crypto_hash_sha256_BYTES };

struct login {
    unsigned char hash[HASH_BYTES];
    int user; // index
    house_t expires;
};

struct access {
    struct store *store;
    struct access_user users[USERS_MAX];
    char passwords[USERS_MAX][crypto_pwhash_STRBYTES];
    int user_count;
    struct login logins[LOGINS_MAX];
    int login_count;
    bool is_new;
};

// Checked for users there are not, so that an answer takes as long. What it is the hash of was
// random and is gone; made here, it would add 60 ms to every start. Its cost must be
// access_hash()'s.
static const char nobody[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=65536,t=2,p=1$0zR7KgLwiYffuK8vcLHRTA"
    "$j61o4U9g2TR3hFBooD+DfuuD7/EHUb3KSq+06duw2qA";

static int find_user(const struct access *a, const char *name)
{
    for (int i = 0; i < a->user_count; i++) {
        if (strcmp(a->users[i].name, name) == 0)
            return i;
    }
    return -1;
}

static void hash_token(const char *token, unsigned char out[HASH_BYTES])
{
    crypto_hash_sha256(out, (const unsigned char *)token, strlen(token));
}

_Static_assert(ACCESS_HASH_SIZE == crypto_pwhash_STRBYTES, "of libsodium");

void access_hash(const char *password, char out[ACCESS_HASH_SIZE])
{
    // 64 MiB, what libsodium calls interactive; the box is small.
    CHECK(crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

enum { FIRST_PASSWORD_MIN = 8 };

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

int access_rank(const char *role)
{
    static const char *const roles[] = {"viewer", "guide", "curator", "admin"};
    for (int i = 0; i < 4; i++)
        if (strcmp(role, roles[i]) == 0)
            return i + 1;
    return 0;
}

static bool make_admin(sqlite3 *db, const char *path, const char *given, char *error,
                       size_t error_size)
{
    char password[202], hash[crypto_pwhash_STRBYTES];
    if (given ? !read_password(given, password, sizeof password, error, error_size)
              : !make_password(path, password, error, error_size))
        return false;
    access_hash(password, hash);
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO user(name,password,role) VALUES(?,?,?)");
    db_bind_text(st, 1, "admin");
    db_bind_text(st, 2, hash);
    db_bind_text(st, 3, "admin");
    sodium_memzero(password, sizeof password);
    if (db_run(db, st) != ERR_OK) {
        snprintf(error, error_size, "the first user could not be saved");
        return false;
    }
    return true;
}

static void read_users(struct access *a, sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT name,role,password FROM user ORDER BY name LIMIT ?");
    db_bind_int(st, 1, USERS_MAX);
    while (db_row(st)) {
        struct access_user *u = &a->users[a->user_count];
        db_text(st, 0, u->name, sizeof u->name);
        db_text(st, 1, u->role, sizeof u->role);
        db_text(st, 2, a->passwords[a->user_count], crypto_pwhash_STRBYTES);
        a->user_count++;
    }
    sqlite3_finalize(st);
}

static void read_logins(struct access *a, sqlite3 *db, house_t now)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM login WHERE expires_us<=?");
    db_bind_int(st, 1, now.us);
    db_run(db, st);
    st = db_prepare(db, "SELECT token_hash,user,expires_us FROM login ORDER BY expires_us DESC"
                        " LIMIT ?");
    db_bind_int(st, 1, LOGINS_MAX);
    while (db_row(st)) {
        char name[ACCESS_USER_MAX + 1];
        db_text(st, 1, name, sizeof name);
        int user = find_user(a, name);
        if (user < 0 || sqlite3_column_bytes(st, 0) != HASH_BYTES)
            continue;
        struct login *l = &a->logins[a->login_count++];
        memcpy(l->hash, sqlite3_column_blob(st, 0), HASH_BYTES);
        l->user = user;
        l->expires.us = sqlite3_column_int64(st, 2);
    }
    sqlite3_finalize(st);
}

struct access *access_open(sqlite3 *db, const char *first_password_path, const char *given,
                           house_t now, char *error, size_t error_size)
{
    struct access *a = check_alloc(calloc(1, sizeof *a));
    read_users(a, db);
    if (a->user_count == 0) {
        if (!make_admin(db, first_password_path, given, error, error_size)) {
            free(a);
            return NULL;
        }
        a->is_new = !given;
        read_users(a, db);
    }
    read_logins(a, db, now);
    CHECK(crypto_pwhash_str_needs_rehash(nobody, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                         crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
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

void access_use_store(struct access *a, struct store *store)
{
    a->store = store;
}

const char *access_password_hash(const struct access *a, const char *name)
{
    int i = find_user(a, name);
    return i >= 0 ? a->passwords[i] : nobody;
}

bool access_verify(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

struct login_job {
    struct store_job job;
    struct access *access;
    struct login login;
    char name[ACCESS_USER_MAX + 1];
    char token[ACCESS_TOKEN_LEN + 1];
    void (*done)(void *user, enum err err, const char *token);
    void *user;
};

static enum err login_run(sqlite3 *db, struct store_job *job)
{
    struct login_job *j = (struct login_job *)job;
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO login(token_hash,user,expires_us) VALUES(?,?,?)");
    db_bind_blob(st, 1, j->login.hash, HASH_BYTES);
    db_bind_text(st, 2, j->name);
    db_bind_int(st, 3, j->login.expires.us);
    return db_run(db, st);
}

// The oldest makes room; logins all last equally long, so the first to expire is the oldest.
static void keep(struct access *a, const struct login *l)
{
    if (a->login_count == LOGINS_MAX) {
        int oldest = 0;
        for (int i = 1; i < a->login_count; i++) {
            if (a->logins[i].expires.us < a->logins[oldest].expires.us)
                oldest = i;
        }
        a->logins[oldest] = a->logins[--a->login_count];
    }
    a->logins[a->login_count++] = *l;
}

static void login_done(struct store_job *job, enum err e)
{
    struct login_job *j = (struct login_job *)job;
    if (e == ERR_OK)
        keep(j->access, &j->login);
    j->done(j->user, e, e == ERR_OK ? j->token : NULL);
    sodium_memzero(j, sizeof *j);
    free(j);
}

void access_login(struct access *a, const char *name, house_t now,
                  void (*done)(void *user, enum err err, const char *token), void *user)
{
    int i = find_user(a, name);
    if (i < 0) {
        done(user, ERR_WRONG_PASSWORD, NULL);
        return;
    }
    struct login_job *j = check_alloc(calloc(1, sizeof *j));
    unsigned char secret[32];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(j->token, sizeof j->token, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    j->job.run = login_run;
    j->job.done = login_done;
    j->access = a;
    hash_token(j->token, j->login.hash);
    j->login.user = i;
    j->login.expires = house_add_us(now, ACCESS_LOGIN_US);
    memcpy(j->name, a->users[i].name, sizeof j->name);
    j->done = done;
    j->user = user;
    store_submit(a->store, &j->job);
}

static int find_login(const struct access *a, const char *token)
{
    unsigned char hash[HASH_BYTES];
    hash_token(token, hash);
    // By hash: the time it takes says nothing about a token that is close.
    for (int i = 0; i < a->login_count; i++) {
        if (memcmp(a->logins[i].hash, hash, HASH_BYTES) == 0)
            return i;
    }
    return -1;
}

struct logout_job {
    struct store_job job;
    unsigned char hash[HASH_BYTES];
};

static enum err logout_run(sqlite3 *db, struct store_job *job)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM login WHERE token_hash=?");
    db_bind_blob(st, 1, ((struct logout_job *)job)->hash, HASH_BYTES);
    return db_run(db, st);
}

static void logout_done(struct store_job *job, enum err e)
{
    if (e != ERR_OK)
        log_warn("access", "a logout could not be saved: %s", err_code(e));
    free(job);
}

void access_logout(struct access *a, const char *token)
{
    int i = find_login(a, token);
    if (i < 0)
        return;
    struct logout_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = logout_run;
    j->job.done = logout_done;
    memcpy(j->hash, a->logins[i].hash, HASH_BYTES);
    a->logins[i] = a->logins[--a->login_count];
    store_submit(a->store, &j->job);
}

const struct access_user *access_check(const struct access *a, const char *token, house_t now)
{
    int i = token[0] ? find_login(a, token) : -1;
    if (i < 0 || a->logins[i].expires.us <= now.us)
        return NULL;
    return &a->users[a->logins[i].user];
}
