// SPDX-License-Identifier: Apache-2.0
#include "player/clock/clockmap.h"

#include <string.h>
#include <time.h>

struct packed {
    struct clock_map map;
    uint64_t valid;
};
_Static_assert(sizeof(struct packed) == CLOCKMAP_WORDS * sizeof(uint64_t), "words hold the map");

static void put(struct clockmap *c, const struct packed *p)
{
    uint64_t words[CLOCKMAP_WORDS];
    memcpy(words, p, sizeof words);
    uint32_t count = atomic_load_explicit(&c->count, memory_order_relaxed);
    atomic_store_explicit(&c->count, count + 1, memory_order_relaxed);
    // Each word is released, so that a reader who sees any of them sees the odd count too.
    for (int i = 0; i < CLOCKMAP_WORDS; i++)
        atomic_store_explicit(&c->words[i], words[i], memory_order_release);
    atomic_store_explicit(&c->count, count + 2, memory_order_release);
}

void clockmap_init(struct clockmap *c)
{
    atomic_init(&c->count, 0);
    for (int i = 0; i < CLOCKMAP_WORDS; i++)
        atomic_init(&c->words[i], 0);
}

void clockmap_publish(struct clockmap *c, const struct clock_map *map)
{
    put(c, &(struct packed){*map, 1});
}

void clockmap_forget(struct clockmap *c)
{
    put(c, &(struct packed){.valid = 0});
}

bool clockmap_get(const struct clockmap *c, struct clock_map *out)
{
    uint64_t words[CLOCKMAP_WORDS];
    uint32_t before, after;
    do {
        before = atomic_load_explicit(&c->count, memory_order_acquire);
        for (int i = 0; i < CLOCKMAP_WORDS; i++)
            words[i] = atomic_load_explicit(&c->words[i], memory_order_acquire);
        after = atomic_load_explicit(&c->count, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    struct packed p;
    memcpy(&p, words, sizeof p);
    *out = p.map;
    return p.valid != 0;
}

mono_t mono_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec};
}
