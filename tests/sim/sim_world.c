// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_world.h"

#include "common/base/check.h"
#include "tests/sim/sim_report.h"

#include <math.h>
#include <string.h>

struct event {
    int64_t at;
    uint64_t order;
    world_fn fn;
    void *user;
    int64_t arg;
};

struct world {
    uint64_t random;
    int64_t now;
    struct event *heap; // heap[1] is the earliest
    size_t count, cap;
    uint64_t planned;
    int64_t happened;
    uint64_t digest;
};

struct world *world_new(uint64_t seed)
{
    struct world *w = check_alloc(calloc(1, sizeof *w));
    w->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    w->digest = seed;
    return w;
}

void world_free(struct world *w)
{
    free(w->heap);
    free(w);
}

int64_t world_now(const struct world *w)
{
    return w->now;
}

int64_t world_events(const struct world *w)
{
    return w->happened;
}

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void world_at(struct world *w, int64_t at, world_fn fn, void *user, int64_t arg)
{
    if (w->count + 2 > w->cap) {
        w->cap = w->cap ? 2 * w->cap : 256;
        w->heap = check_alloc(realloc(w->heap, w->cap * sizeof *w->heap));
    }
    struct event e = {at < w->now ? w->now : at, w->planned++, fn, user, arg};
    size_t i = ++w->count;
    for (; i > 1 && sooner(&e, &w->heap[i / 2]); i /= 2)
        w->heap[i] = w->heap[i / 2];
    w->heap[i] = e;
}

void world_after(struct world *w, int64_t span_us, world_fn fn, void *user, int64_t arg)
{
    world_at(w, w->now + span_us, fn, user, arg);
}

static struct event take_first(struct world *w)
{
    struct event first = w->heap[1], last = w->heap[w->count--];
    size_t i = 1;
    for (size_t child; (child = 2 * i) <= w->count; i = child) {
        if (child < w->count && sooner(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!sooner(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return first;
}

void world_run(struct world *w, int64_t until)
{
    while (w->count > 0 && w->heap[1].at <= until) {
        struct event e = take_first(w);
        w->now = e.at;
        w->happened++;
        report_time(w->now);
        e.fn(e.user, e.arg);
    }
    w->now = until;
}

// splitmix64 (Steele, Lea, Flood 2014).
uint64_t world_random(struct world *w)
{
    uint64_t z = (w->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t world_below(struct world *w, int64_t n)
{
    return (int64_t)(world_random(w) % (uint64_t)n);
}

int64_t world_between(struct world *w, int64_t low, int64_t high)
{
    return low + world_below(w, high - low + 1);
}

bool world_chance(struct world *w, int per_mille)
{
    return world_below(w, 1000) < per_mille;
}

int64_t world_wait(struct world *w, int64_t mean_us)
{
    double u = ((double)(world_random(w) >> 11) + 0.5) / 9007199254740992.0;
    return (int64_t)(-log(u) * (double)mean_us);
}

// Eight bytes at a time, stirred as splitmix64 does; the length goes in too.
void world_digest(struct world *w, const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t h = w->digest ^ len;
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, len - i < 8 ? len - i : 8);
        h = (h ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
        h ^= h >> 29;
    }
    w->digest = h;
}

uint64_t world_digest_value(const struct world *w)
{
    return w->digest;
}
