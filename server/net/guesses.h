// SPDX-License-Identifier: Apache-2.0
// How many wrong join codes the house accepts: a token bucket for the whole box, not per address
// (a school class shares one). Right codes cost nothing. While it is empty codes are not looked at
// at all, or guessing would go on; QR links still work. Pure.
#ifndef SERVER_NET_GUESSES_H
#define SERVER_NET_GUESSES_H

#include "server/net/bucket.h"

#include <stdbool.h>

struct guesses {
    int64_t per_minute; // also the burst
    struct bucket bucket;
};

void guesses_init(struct guesses *g, int64_t per_minute, house_t now);
// Another ceiling from now on.
void guesses_limit(struct guesses *g, int64_t per_minute);
// True when a code may be looked at; it is charged at once, so that a burst over many sockets does
// not get more.
bool guesses_take(struct guesses *g, house_t now);
// The code was right: it costs nothing.
void guesses_give_back(struct guesses *g);

#endif
