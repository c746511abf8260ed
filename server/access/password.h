// SPDX-License-Identifier: Apache-2.0
// Passwords and PINs: kept as argon2id hashes, and what makes a password too bad to be kept. Pure.
#ifndef SERVER_ACCESS_PASSWORD_H
#define SERVER_ACCESS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PASSWORD_HASH_SIZE = 128,
    // Bytes. Ten, because length is what counts; 200, because hashing more is work for nothing.
    PASSWORD_MIN = 10,
    PASSWORD_MAX = 200,
};

// Takes some 0.1 s and 64 MiB: for a worker thread, not the loop. True when the password fits.
bool password_fits(const char *hash, const char *password);
// The hash of a password or PIN. Takes as long.
void password_hash(const char *password, char out[PASSWORD_HASH_SIZE]);
// A hash that no password fits: checked for users there are not, so that a refusal takes as long.
const char *password_of_nobody(void);

// Why this password is not to be kept, as words for people: its length, or that it is what anybody
// would try first. NULL when it is good enough.
const char *password_refusal(const char *password, const char *user);

#endif
