// SPDX-License-Identifier: Apache-2.0
#include "server/room/seen.h"

#include "common/base/check.h"

#include <string.h>

enum { BUCKETS = 1024, NONE = -1 };

struct slot {
    struct room_seen seen;
    int16_t next; // in the bucket's chain
};

struct seen {
    struct slot *slots; // a ring; grows by doubling up to ROOM_SEEN_MAX
    int cap, count, first;
    int16_t bucket[BUCKETS];
};

struct seen *seen_new(void)
{
    struct seen *s = check_alloc(calloc(1, sizeof *s));
    for (int i = 0; i < BUCKETS; i++)
        s->bucket[i] = NONE;
    return s;
}

void seen_free(struct seen *s)
{
    if (!s)
        return;
    free(s->slots);
    free(s);
}

static uint64_t fnv(uint64_t h, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

#define FNV_START UINT64_C(14695981039346656037)

static int bucket_of(const char *cmd_id)
{
    return (int)(fnv(FNV_START, cmd_id, strlen(cmd_id)) % BUCKETS);
}

static void unlink_slot(struct seen *s, int i)
{
    int16_t *at = &s->bucket[bucket_of(s->slots[i].seen.cmd_id)];
    while (*at != i) {
        CHECK(*at != NONE);
        at = &s->slots[*at].next;
    }
    *at = s->slots[i].next;
}

static void link_slot(struct seen *s, int i)
{
    int b = bucket_of(s->slots[i].seen.cmd_id);
    s->slots[i].next = s->bucket[b];
    s->bucket[b] = (int16_t)i;
}

// While it grows the ring has not wrapped (first is 0), so growing moves nothing.
static void grow(struct seen *s)
{
    s->cap = s->cap ? 2 * s->cap : 16;
    s->slots = check_alloc(realloc(s->slots, (size_t)s->cap * sizeof *s->slots));
}

static struct slot *find(const struct seen *s, const char *cmd_id)
{
    for (int i = s->bucket[bucket_of(cmd_id)]; i != NONE; i = s->slots[i].next) {
        if (strcmp(s->slots[i].seen.cmd_id, cmd_id) == 0)
            return &s->slots[i];
    }
    return NULL;
}

void seen_add(struct seen *s, const struct room_seen *one)
{
    struct slot *old = find(s, one->cmd_id);
    if (old) {
        old->seen = *one;
        return;
    }
    int i;
    if (s->count < ROOM_SEEN_MAX) {
        if (s->count == s->cap)
            grow(s);
        i = s->count++;
    } else {
        i = s->first;
        s->first = (s->first + 1) % ROOM_SEEN_MAX;
        unlink_slot(s, i);
    }
    s->slots[i].seen = *one;
    link_slot(s, i);
}

const struct room_seen *seen_find(const struct seen *s, const char *cmd_id, house_t now)
{
    const struct slot *slot = find(s, cmd_id);
    return slot && house_diff_us(now, slot->seen.when) <= ROOM_SEEN_US ? &slot->seen : NULL;
}

uint64_t seen_hash(const char *text, size_t len)
{
    return fnv(FNV_START, text, len);
}
