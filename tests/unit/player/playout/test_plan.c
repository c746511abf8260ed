// SPDX-License-Identifier: Apache-2.0
#include "player/playout/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int track_is_cue(void *user, int32_t cue, struct plan_fades *fades)
{
    return user && *(int *)user == cue ? PLAN_NO_TRACK : cue;
}

static struct tl_part part(int32_t cue, int64_t dur_ms, int64_t p0_ms, int64_t t0_ms, int rate)
{
    return (struct tl_part){cue, dur_ms * 1000, {p0_ms * 1000, {t0_ms * 1000}, rate}};
}

static void a_track_from_its_start_to_its_end_has_no_fades(void **state)
{
    struct timeline tl = {.now = part(2, 5000, 0, 1000, 1)};
    struct plan p;
    plan_build(&p, &tl, track_is_cue, NULL);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.segments[0].from, 48000);
    assert_int_equal(p.segments[0].to, 48000 * 6);
    assert_int_equal(p.segments[0].shift, -48000);
    assert_false(p.segments[0].fade_in || p.segments[0].fade_out);
    assert_true(plan_gain(&p.segments[0], 48000) == 1);
}

static void a_pause_fades_out_and_a_resume_fades_in(void **state)
{
    struct timeline tl = {.now = part(0, 60000, 3000, 1000, 1),
                          .has_next = true,
                          .next_at = {2000000},
                          .next = part(0, 60000, 4000, 2000, 0)};
    struct plan p;
    plan_build(&p, &tl, track_is_cue, NULL);
    assert_int_equal(p.count, 1);
    const struct plan_segment *s = &p.segments[0];
    assert_true(s->fade_in && s->fade_out);
    assert_int_equal(s->to, 96000);
    assert_true(plan_gain(s, s->from) < 0.01f && plan_gain(s, s->from + PLAN_FADE) == 1);
    assert_true(plan_gain(s, s->to - 1) < 0.01f && plan_gain(s, s->to - PLAN_FADE - 1) == 1);
    for (int64_t f = s->from; f < s->from + PLAN_FADE; f++)
        assert_true(plan_gain(s, f + 1) - plan_gain(s, f) >= 0);
}

static void the_next_cue_follows_without_a_gap(void **state)
{
    struct timeline tl = {.now = part(0, 2000, 0, 1000, 1),
                          .has_next = true,
                          .next_at = {3000000},
                          .next = part(1, 2000, 0, 3000, 1)};
    struct plan p;
    plan_build(&p, &tl, track_is_cue, NULL);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.segments[0].to, p.segments[1].from);
    assert_false(p.segments[0].fade_out || p.segments[1].fade_in);
}

static void a_change_that_changes_nothing_is_one_segment(void **state)
{
    struct timeline tl = {.now = part(0, 9000, 0, 1000, 1),
                          .has_next = true,
                          .next_at = {3000000},
                          .next = part(0, 9000, 2000, 3000, 1)};
    struct plan p;
    plan_build(&p, &tl, track_is_cue, NULL);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.segments[0].to, 48000 * 10);
    assert_false(p.segments[0].fade_out);
}

static void a_late_change_fades_the_old_out_and_the_new_in(void **state)
{
    struct timeline a = {.now = part(0, 60000, 0, 1000, 1)};
    struct timeline b = {.now = part(0, 60000, 30000, 1500, 1)}; // a seek, known at 2 s
    struct plan pa, pb, p;
    plan_build(&pa, &a, track_is_cue, NULL);
    plan_build(&pb, &b, track_is_cue, NULL);
    int64_t at = 96000;
    plan_splice(&p, &pa, &pb, at);
    assert_int_equal(p.count, 2);
    assert_true(p.segments[0].fade_out && p.segments[1].fade_in);
    assert_int_equal(p.segments[0].to, at + PLAN_FADE);
    assert_int_equal(p.segments[1].from, at + PLAN_FADE);
    assert_int_equal(p.segments[1].shift, pb.segments[0].shift);
    assert_int_equal(plan_difference(&pa, &p, at), at);
}

static void a_track_that_arrives_late_fades_in(void **state)
{
    struct timeline tl = {.now = part(0, 60000, 0, 1000, 1)};
    int missing = 0;
    struct plan before, now, p;
    plan_build(&before, &tl, track_is_cue, &missing);
    assert_int_equal(before.count, 0);
    plan_build(&now, &tl, track_is_cue, NULL);
    plan_splice(&p, &before, &now, 96000);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.segments[0].from, 96000);
    assert_true(p.segments[0].fade_in);
    // Said again, it stays as it is.
    struct plan again;
    plan_splice(&again, &p, &now, 96100);
    assert_int_equal(plan_difference(&p, &again, 96100), INT64_MAX);
}

static void a_pending_pause_changes_only_from_its_fade_on(void **state)
{
    struct timeline a = {.now = part(0, 60000, 0, 1000, 1)};
    struct timeline b = a;
    b.has_next = true;
    b.next_at.us = 5000000;
    b.next = part(0, 60000, 4000, 5000, 0);
    struct plan pa, pb, p;
    plan_build(&pa, &a, track_is_cue, NULL);
    plan_build(&pb, &b, track_is_cue, NULL);
    plan_splice(&p, &pa, &pb, 96000);
    assert_int_equal(plan_difference(&pa, &p, 96000), 48000 * 5 - PLAN_FADE);
}

static void odd_times_round_alike_and_hit_the_start(void **state)
{
    for (int64_t t0 = 1000001; t0 < 1000201; t0 += 7) {
        struct timeline tl = {.now = {0, 5000000, {0, {t0}, 1}}};
        struct plan p;
        plan_build(&p, &tl, track_is_cue, NULL);
        assert_false(p.segments[0].fade_in);
        int64_t first = p.segments[0].from + p.segments[0].shift;
        assert_true(first == 0 || first == 1);
    }
}

// Each cue with a second of fade at both ends of its five.
static int faded(void *user, int32_t cue, struct plan_fades *fades)
{
    *fades = (struct plan_fades){48000, 48000, 5 * 48000};
    return user ? PLAN_NO_TRACK : cue;
}

static void a_cues_own_fades_are_a_matter_of_its_frames(void **state)
{
    struct timeline tl = {.now = part(0, 5000, 0, 1000, 1)};
    struct plan p;
    plan_build(&p, &tl, faded, NULL);
    const struct plan_segment *s = &p.segments[0];
    assert_true(fabsf(plan_gain(s, 48000 + 24000) - 0.5f) < 1e-4f); // in the middle of each
    assert_true(fabsf(plan_gain(s, 48000 + 5 * 48000 - 24000) - 0.5f) < 1e-4f);
    assert_true(plan_gain(s, 48000) < 1e-8f && plan_gain(s, 6 * 48000 - 1) < 1e-8f);
    assert_true(plan_gain(s, 2 * 48000) == 1 && plan_gain(s, 5 * 48000 - 1) == 1);
    // Entered in mid-fade it is where the fade is, whoever comes when.
    struct timeline late = {.now = part(0, 5000, 500, 9000, 1)};
    struct plan q;
    plan_build(&q, &late, faded, NULL);
    const struct plan_segment *e = &q.segments[0];
    for (int64_t f = PLAN_FADE; f < 24000; f += 99)
        assert_true(plan_gain(e, 9 * 48000 + f) == plan_gain(s, 48000 + 24000 + f));
    // The same in two plans is no difference; without its fades it is another sound.
    assert_int_equal(plan_difference(&p, &p, 48000), INT64_MAX);
    plan_build(&q, &tl, track_is_cue, NULL);
    assert_int_equal(plan_difference(&p, &q, 3 * 48000), 3 * 48000);
}

static void silence_between_cues_is_silence(void **state)
{
    struct timeline tl = {.now = part(0, 2000, 0, 1000, 1),
                          .has_next = true,
                          .next_at = {3500000},
                          .next = part(1, 2000, 0, 3500, 1)};
    struct plan p;
    plan_build(&p, &tl, track_is_cue, NULL);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.segments[0].to, 3 * 48000);
    assert_int_equal(p.segments[1].from, 3 * 48000 + 24000);
    assert_false(p.segments[0].fade_out || p.segments[1].fade_in);
    assert_null(plan_at(&p, 3 * 48000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_track_from_its_start_to_its_end_has_no_fades),
        cmocka_unit_test(a_pause_fades_out_and_a_resume_fades_in),
        cmocka_unit_test(the_next_cue_follows_without_a_gap),
        cmocka_unit_test(a_change_that_changes_nothing_is_one_segment),
        cmocka_unit_test(a_late_change_fades_the_old_out_and_the_new_in),
        cmocka_unit_test(a_track_that_arrives_late_fades_in),
        cmocka_unit_test(a_pending_pause_changes_only_from_its_fade_on),
        cmocka_unit_test(odd_times_round_alike_and_hit_the_start),
        cmocka_unit_test(a_cues_own_fades_are_a_matter_of_its_frames),
        cmocka_unit_test(silence_between_cues_is_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
