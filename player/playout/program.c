// SPDX-License-Identifier: Apache-2.0
#include "player/playout/program.h"

#include "common/base/check.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCKS = PROGRAM_SLOTS + PROGRAM_SPARES };

struct retired {
    struct program_block *block;
    uint64_t reading; // the reader's count when the block left its slot
};

struct program {
    _Atomic(struct program_block *) slots[PROGRAM_SLOTS];
    _Atomic uint64_t reading;

    // The writer's own.
    struct program_block *free[BLOCKS];
    int free_count;
    struct retired retired[BLOCKS]; // a ring, oldest first
    int retired_first, retired_count;

    struct program_block blocks[BLOCKS];
};

struct program *program_create(void)
{
    struct program *p = check_alloc(calloc(1, sizeof *p));
    mlock(p, sizeof *p); // without the right to lock, the pages were at least touched
    for (int i = 0; i < PROGRAM_SLOTS; i++)
        atomic_init(&p->slots[i], NULL);
    atomic_init(&p->reading, 0);
    memset(p->blocks, 0, sizeof p->blocks);
    for (int i = 0; i < BLOCKS; i++)
        p->free[i] = &p->blocks[i];
    p->free_count = BLOCKS;
    return p;
}

void program_destroy(struct program *p)
{
    if (!p)
        return;
    munlock(p, sizeof *p);
    free(p);
}

static int slot_of(int64_t number)
{
    return (int)((uint64_t)number % PROGRAM_SLOTS);
}

static void reclaim(struct program *p)
{
    uint64_t now = atomic_load(&p->reading);
    while (p->retired_count > 0) {
        struct retired *r = &p->retired[p->retired_first];
        if (r->reading % 2 != 0 && r->reading == now)
            return; // the reader is still inside the read that may hold it
        CHECK(p->free_count < BLOCKS);
        p->free[p->free_count++] = r->block;
        p->retired_first = (p->retired_first + 1) % BLOCKS;
        p->retired_count--;
    }
}

struct program_block *program_take(struct program *p)
{
    reclaim(p);
    return p->free_count > 0 ? p->free[--p->free_count] : NULL;
}

void program_put(struct program *p, struct program_block *block)
{
    struct program_block *old = atomic_exchange(&p->slots[slot_of(block->number)], block);
    if (!old)
        return;
    CHECK(p->retired_count < BLOCKS);
    int last = (p->retired_first + p->retired_count) % BLOCKS;
    p->retired[last] = (struct retired){old, atomic_load(&p->reading)};
    p->retired_count++;
}

struct program_reading program_read(struct program *p, int64_t first, int n, float *left,
                                    float *right)
{
    struct program_reading result = {0, false};
    atomic_fetch_add(&p->reading, 1);
    for (int done = 0; done < n;) {
        int64_t number = program_block_of(first + done);
        int at = (int)(first + done - number * PROGRAM_BLOCK);
        int take = PROGRAM_BLOCK - at < n - done ? PROGRAM_BLOCK - at : n - done;
        const struct program_block *b = atomic_load(&p->slots[slot_of(number)]);
        if (b && b->number == number) {
            memcpy(left + done, b->pcm[0] + at, (size_t)take * sizeof *left);
            memcpy(right + done, b->pcm[1] + at, (size_t)take * sizeof *right);
            result.sounding |= b->sounding;
        } else {
            memset(left + done, 0, (size_t)take * sizeof *left);
            memset(right + done, 0, (size_t)take * sizeof *right);
            result.missing += take;
        }
        done += take;
    }
    atomic_fetch_add(&p->reading, 1);
    return result;
}
