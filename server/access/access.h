// SPDX-License-Identifier: Apache-2.0
// Who may: users, passwords (argon2id) and logins (random tokens, kept as SHA-256).
// Logins are held in memory as well as on disk, so that asking costs nothing; a login is good for
// twelve hours of house time.
#ifndef SERVER_ACCESS_ACCESS_H
#define SERVER_ACCESS_ACCESS_H

#include "common/time/instant.h"
#include "server/store/store.h"

#include <stdbool.h>
#include <stddef.h>

#define ACCESS_USER_MAX 40
#define ACCESS_TOKEN_LEN 43 // 256 bits, base64url without padding
#define ACCESS_HASH_SIZE 128
#define ACCESS_LOGIN_US (INT64_C(12) * 3600 * 1000000)

struct access;

struct access_user {
    char name[ACCESS_USER_MAX + 1];
    char role[16]; // "viewer", "guide", "curator" or "admin"
};

// 1 to 4 in that order, each with all that those before may do; 0 for another word.
int access_rank(const char *role);

// Reads users and logins. On a new box makes the user "admin": with the password in the file
// `given`, a line of 8 to 200 bytes, or when that is NULL with a random one, written to
// `first_password_path` (mode 0600) and nowhere else. NULL with one line in `error`.
struct access *access_open(sqlite3 *db, const char *first_password_path, const char *given,
                           house_t now, char *error, size_t error_size);
void access_free(struct access *a);
// True when a first password was made just now, for people to find in its file.
bool access_is_new(const struct access *a);
// From here on changes go through the store.
void access_use_store(struct access *a, struct store *store);

// The stored hash for `name`, or a hash no password fits when there is no such user: so both take
// the same time to refuse. Valid until the user changes.
const char *access_password_hash(const struct access *a, const char *name);
// True when the password fits. Takes some 0.1 s and 64 MiB: for a worker thread, not the loop.
bool access_verify(const char *hash, const char *password);
// The hash of a password or PIN, argon2id. Takes as long.
void access_hash(const char *password, char out[ACCESS_HASH_SIZE]);

// A new login for a user whose password was verified; `done` once it is durable.
void access_login(struct access *a, const char *name, house_t now,
                  void (*done)(void *user, enum err err, const char *token), void *user);
void access_logout(struct access *a, const char *token);
// The user a token stands for; NULL when unknown or over.
const struct access_user *access_check(const struct access *a, const char *token, house_t now);

#endif
