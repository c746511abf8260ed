// SPDX-License-Identifier: Apache-2.0
#include "server/net/guesses.h"

void guesses_init(struct guesses *g, int64_t per_minute, house_t now)
{
    *g = (struct guesses){.per_minute = per_minute, .tokens = (double)per_minute, .at = now};
}

void guesses_limit(struct guesses *g, int64_t per_minute)
{
    g->per_minute = per_minute;
}

bool guesses_take(struct guesses *g, house_t now)
{
    double full = (double)g->per_minute;
    g->tokens += (double)house_diff_us(now, g->at) / 60e6 * full;
    if (g->tokens > full)
        g->tokens = full;
    g->at = now;
    if (g->tokens < 1)
        return false;
    g->tokens -= 1;
    return true;
}

void guesses_give_back(struct guesses *g)
{
    g->tokens += 1;
}
