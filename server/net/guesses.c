// SPDX-License-Identifier: Apache-2.0
#include "server/net/guesses.h"

void guesses_init(struct guesses *g, int64_t per_minute, house_t now)
{
    *g = (struct guesses){.per_minute = per_minute, .bucket = {(double)per_minute, now}};
}

void guesses_limit(struct guesses *g, int64_t per_minute)
{
    g->per_minute = per_minute;
}

bool guesses_take(struct guesses *g, house_t now)
{
    double full = (double)g->per_minute;
    return bucket_take(&g->bucket, full / 60, full, now);
}

void guesses_give_back(struct guesses *g)
{
    g->bucket.tokens += 1;
}
