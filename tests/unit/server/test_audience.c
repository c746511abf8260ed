// SPDX-License-Identifier: Apache-2.0
// Hands, reactions and readiness: bounded, in order, and gone with those who left.
#include "tests/unit/unit.h"

#include "server/room/audience.h"

#include <string.h>

#define S INT64_C(1000000)

static void signs_are_rationed(void **state)
{
    (void)state;
    struct audience_part p = {0};
    for (int i = 0; i < AUDIENCE_BURST; i++)
        assert_true(audience_admit(&p, (house_t){S}));
    assert_false(audience_admit(&p, (house_t){S}));
    assert_false(audience_admit(&p, (house_t){2 * S - 1000}));
    assert_true(audience_admit(&p, (house_t){2 * S + 1000}));
    assert_false(audience_admit(&p, (house_t){2 * S + 2000}));
    int taken = 0;
    for (int64_t now = 1000 * S; now < 1060 * S; now += S / 20)
        taken += audience_admit(&p, (house_t){now});
    assert_in_range(taken, 60, 60 + AUDIENCE_BURST);
}

// Any order of raising and lowering: numbers are unique, the lowest free one is given.
static void hands_have_the_lowest_free_number(void **state)
{
    (void)state;
    unit_seed();
    enum { N = AUDIENCE_NUMBERS + 20 };
    struct audience a = {0};
    struct audience_part parts[N] = {{0}};
    for (int round = 0; round < 20000; round++) {
        struct audience_part *p = &parts[unit_below(N)];
        bool used[N + 1] = {false};
        for (int i = 0; i < N; i++)
            used[parts[i].number] = true;
        if (unit_below(5) < 3) {
            int32_t lowest = 1;
            while (lowest <= AUDIENCE_NUMBERS && used[lowest])
                lowest++;
            bool before = p->hand;
            int32_t number = p->number;
            audience_raise(&a, p);
            assert_true(p->hand);
            if (before)
                assert_int_equal(p->number, number);
            else
                assert_int_equal(p->number, lowest <= AUDIENCE_NUMBERS ? lowest : 0);
        } else {
            audience_lower(&a, p);
            assert_true(!p->hand && p->number == 0);
        }
    }
    for (int i = 0; i < N; i++)
        audience_lower(&a, &parts[i]);
    for (int i = 0; i < AUDIENCE_NUMBERS / 64; i++)
        assert_int_equal(a.numbers[i], 0);
}

static void the_longest_raised_are_listed_first(void **state)
{
    (void)state;
    unit_seed();
    enum { N = 3 * WIRE_HANDS_MAX };
    struct audience a = {0};
    struct audience_part parts[N] = {{0}};
    for (int i = 0; i < N; i++)
        audience_raise(&a, &parts[i]);
    for (int round = 0; round < 100; round++) {
        int at[N];
        struct wire_audience out = {0};
        uint64_t order[WIRE_HANDS_MAX];
        for (int i = 0; i < N; i++)
            at[i] = i;
        for (int i = N - 1; i > 0; i--) { // in any order they are met
            int j = (int)unit_below(i + 1), swap = at[i];
            at[i] = at[j];
            at[j] = swap;
        }
        for (int i = 0; i < N; i++)
            audience_list_hand(&out, order, &parts[at[i]], "m", "Zoë");
        assert_int_equal(out.hands_up, N);
        assert_int_equal(out.hand_count, WIRE_HANDS_MAX);
        for (int i = 0; i < WIRE_HANDS_MAX; i++)
            assert_int_equal(out.hands[i].number, i + 1);
    }
}

static void phones_are_counted_by_what_they_report(void **state)
{
    (void)state;
    struct wire_audience out = {0};
    struct wire_report silent = {.playing = PLAYING_SILENT};
    struct wire_report held = {.playing = PLAYING_SILENT, .ready = true};
    struct wire_report loading = {.playing = PLAYING_FETCHING, .ready = true};
    struct wire_report off = {.playing = PLAYING_SOUND, .error_us = -AUDIENCE_ASTRAY_US - 1};
    audience_count(&out, NULL, 0);
    audience_count(&out, &silent, S);
    audience_count(&out, &held, S);
    audience_count(&out, &loading, S);
    audience_count(&out, &off, S);
    audience_count(&out, &off, AUDIENCE_ASLEEP_US + 1);
    assert_int_equal(out.visitors, 6);
    assert_int_equal(out.waiting, 2);
    assert_int_equal(out.ready, 2);
    assert_int_equal(out.loading, 1);
    assert_int_equal(out.astray, 1);
    assert_int_equal(out.asleep, 1);
}

static void asking_again_at_once_is_asked_already(void **state)
{
    (void)state;
    struct audience a = {0};
    assert_true(audience_ask(&a, (house_t){S}));
    assert_false(audience_ask(&a, (house_t){S + AUDIENCE_ASK_US - 1}));
    assert_true(audience_ask(&a, (house_t){S + AUDIENCE_ASK_US}));
    a.reactions[REACT_HEART] = INT32_MAX;
    audience_react(&a, REACT_HEART);
    assert_int_equal(a.reactions[REACT_HEART], INT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_are_rationed),
        cmocka_unit_test(hands_have_the_lowest_free_number),
        cmocka_unit_test(the_longest_raised_are_listed_first),
        cmocka_unit_test(phones_are_counted_by_what_they_report),
        cmocka_unit_test(asking_again_at_once_is_asked_already),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
