// SPDX-License-Identifier: Apache-2.0
// What access.c, logins.c and users.c share. Nobody else includes this.
#ifndef SERVER_ACCESS_ACCESS_PRIVATE_H
#define SERVER_ACCESS_ACCESS_PRIVATE_H

#include "server/access/access.h"

#include <sodium.h>

enum { HASH_BYTES = crypto_hash_sha256_BYTES };

struct login {
    unsigned char hash[HASH_BYTES];
    struct access_login shown;
};

struct access {
    struct store *store;
    void (*ended)(void *user);
    void *ended_user;
    char first_path[600];
    bool is_new;
    struct access_user users[ACCESS_USERS_MAX];
    char passwords[ACCESS_USERS_MAX][PASSWORD_HASH_SIZE];
    struct login logins[ACCESS_LOGINS_MAX];
    int login_count;
};

struct access_user *access_user_of(struct access *a, const char *name);
struct login *access_login_of(struct access *a, const char *id);
void access_hash_token(const char *token, unsigned char out[HASH_BYTES]);
// Makes the hash the session's, and its id of it.
void access_login_set_hash(struct login *l, const unsigned char hash[HASH_BYTES]);
void access_drop_login(struct access *a, struct login *l);
// Of this user, all but the one called `keep`.
void access_drop_logins(struct access *a, const struct access_user *u, const char *keep);
void access_tell_ended(const struct access *a);

#endif
