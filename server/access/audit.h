// SPDX-License-Identifier: Apache-2.0
// Who did what: a row for each change that staff asked for, and for each sign-in. Rows are added
// and never changed; the oldest go beyond a number and an age. Commands to groups are not here:
// each group's own history has them, with who gave them.
//
// What an attacker can make rows of (wrong passwords, refusals) has a ceiling of its own, so that
// noise does not drive out what happened.
// Functions with a database run on the store's thread, inside a job.
#ifndef SERVER_ACCESS_AUDIT_H
#define SERVER_ACCESS_AUDIT_H

#include "common/time/instant.h"
#include "server/store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    AUDIT_WHAT_MAX = 127,
    AUDIT_OBJECT_MAX = 79,
    AUDIT_DETAIL_MAX = 400,
    AUDIT_KEPT = 20000,        // some 3 MB: three years of twenty changes a day
    AUDIT_REFUSED_KEPT = 4000, // of those that came to nothing
};
// Longer than anybody asks.
#define AUDIT_AGE_US (INT64_C(3) * 366 * 86400 * 1000000)

struct audit_entry {
    int64_t n; // rises with time; of rows read
    house_t at;
    int64_t wall_us; // 0: the wall clock could not be trusted
    char user[41];   // "" for nobody that is known
    char role[16];
    char address[48];
    char what[AUDIT_WHAT_MAX + 1];     // "PUT /api/v1/venue"
    char object[AUDIT_OBJECT_MAX + 1]; // "groups/demo", "users/anna", "venue"
    int status;                        // of the answer
    char code[32];                     // of a refusal; "" when it was done
    char detail[AUDIT_DETAIL_MAX + 1]; // what was asked, without secrets; what was before
};

// In the transaction of the change itself.
enum err audit_write(sqlite3 *db, const struct audit_entry *e);
// By itself: for a change that is committed already, or came to nothing. `e` is copied.
void audit_submit(struct store *s, const struct audit_entry *e);

// Rows before `before` (0: from the newest), the newest first; `user` and `object` as they are
// written, "" for all; an object ending in "/" means all that begin so. Returns how many.
int audit_list(sqlite3 *db, int64_t before, const char *user, const char *object,
               struct audit_entry *out, int max);

#endif
