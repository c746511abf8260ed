// SPDX-License-Identifier: Apache-2.0
#include "player/track/holdover.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tour_cue cues[] = {{.on_end = CUE_NEXT, .dur_us = 1000000},
                                 {.on_end = CUE_LOOP, .dur_us = 2000000},
                                 {.on_end = CUE_NEXT, .dur_us = 3000000}};
static const struct tour tour = {.cue_count = 3, .cues = cues};

static struct timeline pending(int32_t cue)
{
    return (struct timeline){.now = {0, 1000000, {0, {0}, 1}},
                             .has_next = true,
                             .next_at = {1000000},
                             .next = {cue, cues[cue].dur_us, {0, {1000000}, 1}}};
}

static void nothing_happens_before_it_is_due(void **state)
{
    struct timeline tl = pending(1);
    assert_false(holdover_advance(&tl, &tour, (house_t){999999}));
    assert_int_equal(tl.now.cue, 0);
}

static void a_loop_goes_on_for_ever(void **state)
{
    struct timeline tl = pending(1);
    for (int round = 0; round < 5; round++) {
        assert_true(holdover_advance(&tl, &tour, (house_t){1000000 + round * 2000000}));
        assert_int_equal(tl.now.cue, 1);
        assert_true(tl.has_next);
        assert_int_equal(tl.next_at.us, 3000000 + round * 2000000);
    }
}

static void the_last_cue_ends_in_silence(void **state)
{
    struct timeline tl = pending(2);
    assert_true(holdover_advance(&tl, &tour, (house_t){1000000}));
    assert_int_equal(tl.now.cue, 2);
    assert_false(tl.has_next);
    assert_false(holdover_advance(&tl, &tour, (house_t){9000000}));
}

static void without_a_tour_what_is_known_still_comes(void **state)
{
    struct timeline tl = pending(1);
    assert_true(holdover_advance(&tl, NULL, (house_t){1000000}));
    assert_int_equal(tl.now.cue, 1);
    assert_false(tl.has_next);
}

static void a_tour_may_say_that_it_ends_there(void **state)
{
    struct tour ends = tour;
    struct timeline tl = pending(1);
    ends.alone = ALONE_FINISH;
    assert_true(holdover_advance(&tl, &ends, (house_t){1000000}));
    assert_int_equal(tl.now.cue, 1); // what was decided is played
    assert_false(tl.has_next);
}

static void silence_between_cues_is_kept_without_a_server(void **state)
{
    struct tour_cue spaced[] = {cues[0], cues[1], cues[2]};
    struct tour t = {.cue_count = 3, .cues = spaced};
    struct timeline tl = pending(1);
    spaced[1].on_end = CUE_NEXT;
    spaced[1].gap_us = 700000;
    assert_true(holdover_advance(&tl, &t, (house_t){1000000}));
    assert_int_equal(tl.next_at.us, 1000000 + 2000000 + 700000);
    assert_int_equal(tl.next.vec.t0.us, tl.next_at.us);
    assert_int_equal(tl.next.cue, 2);
}

static void a_cue_that_waits_waits_without_a_server(void **state)
{
    struct tour_cue waits[] = {cues[0], cues[1], cues[2]};
    struct tour t = {.cue_count = 3, .cues = waits};
    struct timeline tl = pending(1);
    waits[1].on_end = CUE_WAIT;
    assert_true(holdover_advance(&tl, &t, (house_t){1000000}));
    assert_false(tl.has_next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_happens_before_it_is_due),
        cmocka_unit_test(a_loop_goes_on_for_ever),
        cmocka_unit_test(the_last_cue_ends_in_silence),
        cmocka_unit_test(without_a_tour_what_is_known_still_comes),
        cmocka_unit_test(a_tour_may_say_that_it_ends_there),
        cmocka_unit_test(silence_between_cues_is_kept_without_a_server),
        cmocka_unit_test(a_cue_that_waits_waits_without_a_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
