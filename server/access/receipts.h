// SPDX-License-Identifier: Apache-2.0
// What was answered to requests that brought an Idempotency-Key, so that one sent again gets the
// same answer and has no second effect. A key is reserved on disk before the request is begun, and
// filled in when it is answered. What the box died over stays reserved: whether it was done is not
// known, and is not tried again.
//
// Kept for a day, 1,000 at most, then the oldest go. Functions run on the store's thread.
#ifndef SERVER_ACCESS_RECEIPTS_H
#define SERVER_ACCESS_RECEIPTS_H

#include "common/time/instant.h"
#include "server/store/store.h"

#include <stdint.h>

enum {
    RECEIPT_KEY_MAX = 64,
    RECEIPT_HASH_SIZE = 32,
    RECEIPT_ANSWER_MAX = 256 * 1024,
    RECEIPTS_KEPT = 1000,
};
#define RECEIPTS_AGE_US (INT64_C(86400) * 1000000)

struct receipt {
    char user[41];
    char key[RECEIPT_KEY_MAX + 1];
    unsigned char hash[RECEIPT_HASH_SIZE]; // of method, path and body
    int64_t run;                           // drawn when the program started
    house_t at;
    int status;   // of the answer; 0: there is none yet
    char *answer; // its body; the caller's to free
};

// Reserves the key. ERR_EXISTS when there is one already, which `found` is then.
enum err receipt_reserve(sqlite3 *db, const struct receipt *r, struct receipt *found);
// The answer is known.
enum err receipt_fill(sqlite3 *db, const struct receipt *r);
// Nothing was done: the same key may be used again.
enum err receipt_drop(sqlite3 *db, const struct receipt *r);

#endif
