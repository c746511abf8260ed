// SPDX-License-Identifier: Apache-2.0
// Who a phone was. A visitor or guide who joins gets a token; with it they come back as the same
// member, with their language and trim, after sleep, another access point or a killed server. The
// database holds its SHA-256 only: the file alone brings nobody back.
// Thread: the loop's. Completions come later, in order.
#ifndef SERVER_ACCESS_VISITS_H
#define SERVER_ACCESS_VISITS_H

#include "common/base/err.h"
#include "common/time/instant.h"
#include "server/store/store.h"

#include <stddef.h>

// Twelve hours from the last time they came: a day at the museum, and no diary.
#define VISITS_VALID_US (INT64_C(12) * 3600 * 1000000)
enum {
    VISITS_TOKEN_SIZE = 44, // 256 random bits, base64url, and the end
    VISITS_HASH_SIZE = 32,
    // Kept at once; the oldest go first. Ten full houses a day.
    VISITS_MAX = 100000,
};

struct visit {
    char room[65]; // a group's id
    char member[24];
    int role; // enum wire_role
    char name[81];
    char lang[17];
    int64_t trim_us;
};

// A new member's id: "m" and 80 random bits.
void visits_new_member(char *out, size_t size);

// Begins a visit. `done` gets the token, or NULL when it could not be saved.
void visits_begin(struct store *s, const struct visit *v, house_t now,
                  void (*done)(void *user, const char *token), void *user);

// The visit of a token, which is then good for another twelve hours. `done` gets NULL for one that
// is not known or has expired. Tokens are compared as hashes, by the database's index: what the
// time of an answer tells is about the hash.
void visits_resume(struct store *s, const char *token, house_t now,
                   void (*done)(void *user, const struct visit *v), void *user);

// Replaces what is kept of a visit (room and member stay).
void visits_keep(struct store *s, const char *token, const struct visit *v);
// Forgets it, with everything that is kept of it.
void visits_forget(struct store *s, const char *token);

#endif
