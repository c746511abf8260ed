// SPDX-License-Identifier: Apache-2.0
#include "player/playout/program.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

static void put(struct program *p, int64_t number, float value)
{
    struct program_block *b = program_take(p);
    assert_non_null(b);
    b->number = number;
    b->sounding = value != 0;
    for (int i = 0; i < PROGRAM_BLOCK; i++) {
        b->pcm[0][i] = value;
        b->pcm[1][i] = -value;
    }
    program_put(p, b);
}

static void what_was_put_is_read_and_the_rest_is_missing(void **state)
{
    struct program *p = program_create();
    float l[1000], r[1000];
    put(p, -1, 1);
    put(p, 0, 2);
    struct program_reading got = program_read(p, -10, 1000, l, r);
    assert_int_equal(got.missing, 1000 - 10 - PROGRAM_BLOCK);
    assert_true(got.sounding);
    assert_true(l[9] == 1 && r[9] == -1 && l[10] == 2 && l[489] == 2 && l[490] == 0);
    program_destroy(p);
}

static void a_stale_block_is_not_rendered(void **state)
{
    struct program *p = program_create();
    float l[10], r[10];
    put(p, 5, 1);
    int64_t same_slot = (5 + PROGRAM_SLOTS) * (int64_t)PROGRAM_BLOCK;
    assert_int_equal(program_read(p, same_slot, 10, l, r).missing, 10);
    assert_false(program_read(p, same_slot, 10, l, r).sounding);
    program_destroy(p);
}

static void blocks_are_used_again_for_ever(void **state)
{
    struct program *p = program_create();
    float l[10], r[10];
    for (int64_t i = 0; i < 5 * PROGRAM_SLOTS; i++) {
        put(p, i / 3, (float)i); // each number three times: replaced, then gone by
        program_read(p, i / 3 * PROGRAM_BLOCK, 10, l, r);
        assert_true(l[0] == (float)i);
    }
    program_destroy(p);
}

// Two threads: every block is filled with one value; the writer replaces them as fast as it can.
// A reader that ever sees two values in one block has read a block under reuse.
static _Atomic bool stop;

static void *write_for_ever(void *user)
{
    struct program *p = user;
    float value = 1;
    while (!atomic_load(&stop)) {
        for (int64_t number = 0; number < 4; number++) {
            struct program_block *b = program_take(p);
            if (!b)
                continue;
            b->number = number;
            for (int i = 0; i < PROGRAM_BLOCK; i++)
                b->pcm[0][i] = b->pcm[1][i] = value;
            program_put(p, b);
            value = value > 1e6f ? 1 : value + 1;
        }
    }
    return NULL;
}

static void a_block_is_never_changed_under_the_reader(void **state)
{
    struct program *p = program_create();
    pthread_t writer;
    float l[4 * PROGRAM_BLOCK], r[4 * PROGRAM_BLOCK];
    float last = 0;
    int changes = 0;
    assert_int_equal(pthread_create(&writer, NULL, write_for_ever, p), 0);
    for (int turn = 0; turn < 20000 || changes < 100; turn++) {
        program_read(p, 0, 4 * PROGRAM_BLOCK, l, r);
        for (int b = 0; b < 4; b++) {
            const float *block = l + (ptrdiff_t)b * PROGRAM_BLOCK;
            for (int i = 1; i < PROGRAM_BLOCK; i++)
                assert_true(block[i] == block[0]);
        }
        changes += l[0] != last;
        last = l[0];
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
    program_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_read_and_the_rest_is_missing),
        cmocka_unit_test(a_stale_block_is_not_rendered),
        cmocka_unit_test(blocks_are_used_again_for_ever),
        cmocka_unit_test(a_block_is_never_changed_under_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
