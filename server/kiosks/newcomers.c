// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/newcomers.h"

#include <stdio.h>
#include <string.h>

static struct newcomer *find(struct newcomers *n, const char *id)
{
    for (int i = 0; i < n->count; i++) {
        if (strcmp(n->list[i].id, id) == 0)
            return &n->list[i];
    }
    return NULL;
}

static void drop(struct newcomers *n, struct newcomer *one)
{
    int i = (int)(one - n->list);
    memmove(one, one + 1, (size_t)(--n->count - i) * sizeof *one);
}

// The one that has been away for longest.
static struct newcomer *silent(struct newcomers *n)
{
    struct newcomer *found = NULL;
    for (int i = 0; i < n->count; i++) {
        struct newcomer *one = &n->list[i];
        if (!one->here && (!found || one->heard.us < found->heard.us))
            found = one;
    }
    return found;
}

static bool has_place(const struct newcomers *n, const char *address)
{
    int here = 0;
    for (int i = 0; i < n->count; i++)
        here += n->list[i].here && strcmp(n->list[i].address, address) == 0;
    return here < NEWCOMERS_PER_ADDRESS;
}

static struct newcomer *make(struct newcomers *n)
{
    if (n->count == NEWCOMERS_MAX) {
        struct newcomer *gone = silent(n);
        if (!gone)
            return NULL;
        drop(n, gone);
    }
    return &n->list[n->count++];
}

bool newcomers_met(struct newcomers *n, const char *id, const char *device, const char *said,
                   const char *address, house_t now)
{
    struct newcomer *one = find(n, id);
    if (!one) {
        if (!has_place(n, address) || !(one = make(n)))
            return false;
        *one = (struct newcomer){.first = now};
        snprintf(one->id, sizeof one->id, "%s", id);
        snprintf(one->device, sizeof one->device, "%s", device);
    }
    snprintf(one->said, sizeof one->said, "%s", said);
    snprintf(one->address, sizeof one->address, "%s", address);
    one->heard = now;
    one->here = true;
    return true;
}

void newcomers_left(struct newcomers *n, const char *id, house_t now)
{
    struct newcomer *one = find(n, id);
    if (!one)
        return;
    one->here = false;
    one->heard = now;
}

void newcomers_drop(struct newcomers *n, const char *id)
{
    struct newcomer *one = find(n, id);
    if (one)
        drop(n, one);
}

const struct newcomer *newcomers_find(const struct newcomers *n, const char *id)
{
    return find((struct newcomers *)n, id);
}
