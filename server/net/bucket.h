// SPDX-License-Identifier: Apache-2.0
// A token bucket: so much a second, and so much at once. Pure.
#ifndef SERVER_NET_BUCKET_H
#define SERVER_NET_BUCKET_H

#include "common/time/instant.h"

#include <stdbool.h>

struct bucket {
    double tokens;
    house_t at;
};

// What is in it now, `burst` at most.
static inline double bucket_fill(struct bucket *b, double per_s, double burst, house_t now)
{
    b->tokens += (double)house_diff_us(now, b->at) / 1e6 * per_s;
    if (b->tokens > burst)
        b->tokens = burst;
    b->at = now;
    return b->tokens;
}

// True when there was one to take.
static inline bool bucket_take(struct bucket *b, double per_s, double burst, house_t now)
{
    if (bucket_fill(b, per_s, burst, now) < 1)
        return false;
    b->tokens -= 1;
    return true;
}

#endif
