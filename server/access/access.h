// SPDX-License-Identifier: Apache-2.0
// Who may: the staff's users and their sessions. Both are held in memory as well as on disk, so
// that asking costs nothing. A session is a random token, kept as its SHA-256; it is good for
// twelve hours of house time. One that is long enough for a password to be asked again
// (ACCESS_SURE_US) goes on, but may not delete, restore, or change users until it was.
//
//   access.c   opening; who a token stands for
//   logins.c   sessions begin and end      users.c   users are made, changed and removed
//   password.h hashes, bad passwords       delays.h  who waits before the next try
//   audit.h    who did what                receipts.h  requests that are sent again
//
// Thread: the loop's. Completions come later, in order; memory changes when the disk has.
#ifndef SERVER_ACCESS_ACCESS_H
#define SERVER_ACCESS_ACCESS_H

#include "common/time/instant.h"
#include "server/access/audit.h"
#include "server/access/password.h"
#include "server/store/store.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    ACCESS_USER_MAX = 40,
    ACCESS_TOKEN_LEN = 43, // 256 bits, base64url without padding
    ACCESS_ID_LEN = 16,    // of a session: the first 64 bits of the hash, in hex
    ACCESS_CSRF_LEN = 22,  // 128 bits, base64url without padding
    ACCESS_ADDRESS_MAX = 47,
    ACCESS_AGENT_MAX = 23,
    // Ceilings: a house has some dozen staff. Beyond it the oldest session goes.
    ACCESS_USERS_MAX = 100,
    ACCESS_LOGINS_MAX = 1000,
};
#define ACCESS_LOGIN_US (INT64_C(12) * 3600 * 1000000)
#define ACCESS_SURE_US (INT64_C(5) * 60 * 1000000)

// Each with all that those before may do (docs/PROTOCOL.md, "Who may what").
enum access_role { ACCESS_NOBODY, ACCESS_VIEWER, ACCESS_GUIDE, ACCESS_CURATOR, ACCESS_ADMIN };

// "viewer", "guide", "curator" or "admin"; ACCESS_NOBODY for another word.
enum access_role access_role(const char *name);
const char *access_role_name(enum access_role role); // "" for ACCESS_NOBODY

struct access;

struct access_user {
    char name[ACCESS_USER_MAX + 1]; // "": a free place
    enum access_role role;
    bool disabled; // may not sign in, and has no sessions
    bool first;    // still has the password that the box made
    house_t created;
};

struct access_login {
    char id[ACCESS_ID_LEN + 1]; // lets nobody in
    const struct access_user *user;
    house_t began, seen, expires;
    house_t sure; // when the password was given last
    char address[ACCESS_ADDRESS_MAX + 1];
    char agent[ACCESS_AGENT_MAX + 1]; // what signed in: "Firefox", "roomtonectl"
};

struct access_files {
    const char *first; // where a random password goes, mode 0600, until there is another one
    const char *given; // a line of 8 to 200 bytes, the first password in its place; NULL: none
    const char *reset; // is this file there, nobody knows the password any more
};

// Reads users and sessions. On a new box makes the user "admin". Where the file `reset` is, "admin"
// gets a random password once more, may sign in and may everything, and the file goes: whoever can
// write there has the box anyway. NULL with one line in `error`.
struct access *access_open(sqlite3 *db, const struct access_files *files, house_t now, char *error,
                           size_t error_size);
void access_free(struct access *a);
// True when a first password was made just now, for people to find in its file.
bool access_is_new(const struct access *a);
// From here on changes go through the store. `ended` is called when sessions have ended other than
// by themselves, or users may something else than before.
void access_use_store(struct access *a, struct store *store, void (*ended)(void *user),
                      void *ended_user);

// --- who is it? ---------------------------------------------------------------------------------

// The session of a token; NULL when unknown or over. Marks it as seen. Valid until the next change.
const struct access_login *access_check(struct access *a, const char *token, house_t now);
// The same by its id.
const struct access_login *access_find_login(const struct access *a, const char *id, house_t now);
// Was the password given within the last five minutes?
bool access_is_sure(const struct access_login *l, house_t now);
// What a page that holds the token adds to what it changes; it says nothing about the token.
void access_csrf(const char *token, char out[ACCESS_CSRF_LEN + 1]);
bool access_csrf_fits(const char *token, const char *said);

// NULL when there is none.
const struct access_user *access_find_user(const struct access *a, const char *name);
// All users, ACCESS_USERS_MAX places of which some are free; all sessions, in no order.
const struct access_user *access_users(const struct access *a);
int access_logins(const struct access *a, const struct access_login **out, int max, house_t now);

// The stored hash for `name`, or one that no password fits when there is no such user or it is
// disabled: so all take the same time to refuse. Valid until the next change.
const char *access_password_hash(const struct access *a, const char *name);

// --- sessions (logins.c) ------------------------------------------------------------------------

// A new session for a user whose password fits `verified`: ERR_WRONG_PASSWORD when that is no
// longer the user's hash. `audit` is written with it. `done` once it is durable.
struct access_begin {
    const char *name, *verified, *address, *agent;
    const struct audit_entry *audit;
};
void access_login(struct access *a, const struct access_begin *b, house_t now,
                  void (*done)(void *user, enum err err, const char *token), void *user);
// The password was given again.
void access_sure(struct access *a, const char *id, house_t now);
// Ends a session by its id; `done` may be NULL. ERR_NOT_FOUND.
void access_end(struct access *a, const char *id, const struct audit_entry *audit,
                void (*done)(void *user, enum err err), void *user);

// --- users (users.c) ----------------------------------------------------------------------------

// What is to become of one user. A new role or password, and being disabled, end the user's
// sessions; `keep` (an id, "" for none) names the one that stays.
enum access_deed { ACCESS_CREATE, ACCESS_CHANGE, ACCESS_DELETE };
struct access_wish {
    enum access_deed deed;
    char name[ACCESS_USER_MAX + 1];
    bool has_role, has_password, has_disabled;
    enum access_role role;
    char password[PASSWORD_HASH_SIZE]; // its hash
    bool disabled;
    char keep[ACCESS_ID_LEN + 1];
    struct audit_entry audit; // written with it
};
// `done` with ERR_OK, ERR_NOT_FOUND, ERR_EXISTS, ERR_TOO_MANY, ERR_LAST_ADMIN (somebody must stay
// who may everything), or why it could not be saved.
void access_wish(struct access *a, const struct access_wish *w, house_t now,
                 void (*done)(void *user, enum err err), void *user);

// A name that a user may have: 1 to 40 of a-z, 0-9, "." "-" "_", beginning with a letter or digit.
bool access_name_valid(const char *name);

#endif
