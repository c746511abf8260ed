// SPDX-License-Identifier: Apache-2.0
// Passwords of requests. Looking at one takes 0.1 s of a core by design, so it happens on a worker
// thread, one at a time and with few waiting, of one address at most four: guessing is slow, the
// loop never waits, and nobody takes all the places. Wrong ones make the next try wait
// (server/access/delays.h). Thread: the loop's.
#ifndef SERVER_NET_PASSWORDS_H
#define SERVER_NET_PASSWORDS_H

#include "server/access/password.h"
#include "server/net/request.h"

// `then` is called when `password` is the user's, with the hash that it fits; else the request is
// answered: wrong_password, or too_fast with when to try again. `user` is handed on.
void passwords_check(struct request *r, const char *name, const char *password,
                     void (*then)(struct request *r, const char *hash, void *user), void *user);

// The hash of a new password. `then` is called in any case, with NULL when the box is busy.
void passwords_make(struct request *r, const char *password,
                    void (*then)(struct request *r, const char *hash, void *user), void *user);

#endif
