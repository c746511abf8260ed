// SPDX-License-Identifier: Apache-2.0
#include "player/find/choose.h"

#include <string.h>

static bool same_way(const struct find_way *a, const struct find_way *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port;
}

// Adds a way that is not among them.
static int add(const struct find_way **ways, int n, const struct find_way *way)
{
    for (int i = 0; i < n; i++) {
        if (same_way(ways[i], way))
            return n;
    }
    ways[n] = way;
    return n + 1;
}

enum choice choose(const struct find_way *seen, int count, const struct find_way *own,
                   unsigned attempt, struct find_way *out)
{
    const struct find_way *ways[FIND_MAX + 1];
    int n = 0;
    const char *id = own->id[0] ? own->id : count > 0 ? seen[0].id : "";
    for (int i = 0; i < count && i < FIND_MAX; i++) {
        if (strcmp(seen[i].id, id) == 0)
            n = add(ways, n, &seen[i]);
        else if (!own->id[0])
            return CHOOSE_SEVERAL;
    }
    if (own->id[0] && own->host[0])
        n = add(ways, n, own);
    if (n == 0)
        return CHOOSE_NONE;
    *out = *ways[attempt / 2 % (unsigned)n];
    return CHOOSE_THIS;
}
