// SPDX-License-Identifier: Apache-2.0
#include "server/room/dropouts.h"

#include <stdio.h>
#include <string.h>

static void take_away(struct dropouts *d, int from, int n)
{
    memmove(&d->list[from], &d->list[from + n], (size_t)(d->count - from - n) * sizeof d->list[0]);
    d->count -= n;
}

int dropouts_count(struct dropouts *d, house_t now)
{
    int old = 0;
    while (old < d->count && house_diff_us(now, d->list[old].at) > DROPOUTS_KEPT_US)
        old++;
    take_away(d, 0, old);
    return d->count;
}

void dropouts_back(struct dropouts *d, const char *member)
{
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->list[i].member, member) == 0) {
            take_away(d, i, 1);
            return;
        }
    }
}

void dropouts_add(struct dropouts *d, const char *member, house_t now)
{
    dropouts_back(d, member);
    if (dropouts_count(d, now) == DROPOUTS_MAX)
        return;
    snprintf(d->list[d->count].member, sizeof d->list[0].member, "%s", member);
    d->list[d->count++].at = now;
}
