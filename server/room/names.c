// SPDX-License-Identifier: Apache-2.0
#include "server/room/names.h"

#include "common/base/check.h"

#include <string.h>

void names_init(struct names *n, uint64_t seed)
{
    *n = (struct names){.seed = seed};
}

void names_free(struct names *n)
{
    free(n->slots);
    n->slots = NULL;
    n->cap = n->count = 0;
}

// FNV-1a from a secret start, stirred at the end.
static size_t slot_of(const struct names *n, const char *key)
{
    uint64_t h = n->seed;
    for (const char *p = key; *p; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    h ^= h >> 32;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(h >> 32) & (n->cap - 1);
}

static size_t find(const struct names *n, const char *key)
{
    size_t i = slot_of(n, key);
    while (n->slots[i].key && strcmp(n->slots[i].key, key) != 0)
        i = (i + 1) & (n->cap - 1);
    return i;
}

static void grow(struct names *n)
{
    struct names bigger = {.cap = n->cap ? 2 * n->cap : 64, .seed = n->seed};
    bigger.slots = check_alloc(calloc(bigger.cap, sizeof *bigger.slots));
    for (size_t i = 0; i < n->cap; i++) {
        if (n->slots[i].key)
            names_put(&bigger, n->slots[i].key, n->slots[i].value);
    }
    free(n->slots);
    *n = bigger;
}

void names_put(struct names *n, const char *key, void *value)
{
    if (2 * (n->count + 1) > n->cap)
        grow(n);
    size_t i = find(n, key);
    CHECK(!n->slots[i].key);
    n->slots[i].key = key;
    n->slots[i].value = value;
    n->count++;
}

void *names_get(const struct names *n, const char *key)
{
    return n->count ? n->slots[find(n, key)].value : NULL;
}

void names_remove(struct names *n, const char *key)
{
    if (!n->count)
        return;
    size_t i = find(n, key);
    if (!n->slots[i].key)
        return;
    n->slots[i].key = NULL;
    n->slots[i].value = NULL;
    n->count--;
    // Whatever stood behind it in the same run moves up, so that no search ends too early.
    for (size_t j = (i + 1) & (n->cap - 1); n->slots[j].key; j = (j + 1) & (n->cap - 1)) {
        const char *moved = n->slots[j].key;
        void *value = n->slots[j].value;
        n->slots[j].key = NULL;
        n->slots[j].value = NULL;
        n->count--;
        names_put(n, moved, value);
    }
}
