// SPDX-License-Identifier: Apache-2.0
// The rules of the way the time is asked, with a clock made here.
#include "tests/unit/unit.h"

#include "player/link/path.h"

#define MS INT64_C(1000000)

static mono_t now;

static struct path_turn turn_after(struct path *p, int64_t ms)
{
    now = mono_add_ns(now, ms * MS);
    return path_ask(p, now);
}

static void joined(struct path *p)
{
    now = (mono_t){INT64_C(5000000000000)};
    path_open(p);
    assert_true(turn_after(p, 0).ws);
    path_offer(p);
}

static void without_an_offer_it_is_the_websocket(void **state)
{
    (void)state;
    struct path p;
    path_close(&p);
    assert_int_equal(p.via, WIRE_VIA_NONE);
    path_open(&p);
    for (int i = 0; i < 100; i++) {
        struct path_turn t = turn_after(&p, 25);
        assert_true(t.ws && !t.udp && !t.changed && !t.gave_up);
    }
    assert_int_equal(p.via, WIRE_VIA_WS);
    assert_false(path_answered(&p)); // an answer to nothing
    assert_int_equal(p.via, WIRE_VIA_WS);
    assert_int_equal(path_interval_ns(&p, 1000 * MS), 1000 * MS);
}

static void the_first_answer_decides_for_udp(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    struct path_turn t = turn_after(&p, 25);
    assert_true(t.ws && t.udp); // until it answers, both
    assert_true(path_answered(&p));
    assert_int_equal(p.via, WIRE_VIA_UDP);
    assert_false(path_answered(&p));
    t = turn_after(&p, 25);
    assert_true(t.udp && !t.ws);
}

static void the_websocket_is_asked_for_its_own_life(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    turn_after(&p, 25);
    path_answered(&p);
    int asked = 0;
    for (int i = 0; i < 60; i++) {
        struct path_turn t = turn_after(&p, 1000);
        path_answered(&p);
        asked += t.ws;
    }
    assert_in_range(asked, 29, 30);
}

static void a_udp_that_never_answers_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    // A burst is no longer than an answer may take.
    mono_t first = mono_add_ns(now, 25 * MS);
    struct path_turn t;
    while (!(t = turn_after(&p, 25)).gave_up) {
        assert_true(t.ws && t.udp);
        assert_true(path_interval_ns(&p, 1000 * MS) == PATH_QUICK_MS * MS);
        assert_true(path_interval_ns(&p, 25 * MS) == 25 * MS);
    }
    assert_true(t.ws && !t.udp && !t.changed);
    assert_true(mono_diff_ns(now, first) == PATH_SILENT_MS * MS);
    mono_t rested = mono_add_ns(now, PATH_REST_MS * MS);
    assert_int_equal(path_interval_ns(&p, 1000 * MS), 1000 * MS);
    while (!turn_after(&p, 1000).udp)
        assert_true(now.ns < rested.ns);
    assert_true(now.ns >= rested.ns);
    // A small burst, and quiet again.
    int asked = 1;
    while (!(t = turn_after(&p, 125)).gave_up)
        asked += t.udp;
    assert_int_equal(asked, PATH_MISSES_MAX);
}

static void a_udp_that_falls_silent_is_given_up_soon(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    turn_after(&p, 25);
    path_answered(&p);
    assert_int_equal(path_interval_ns(&p, 1000 * MS), 1000 * MS);
    mono_t begin = now;
    struct path_turn t;
    do
        t = turn_after(&p, path_interval_ns(&p, 1000 * MS) / MS);
    while (!t.gave_up);
    assert_true(t.changed && t.ws && !t.udp);
    assert_int_equal(p.via, WIRE_VIA_WS);
    assert_in_range(mono_diff_ns(now, begin) / MS, 1000, 4000);
    // Back by itself.
    while (!turn_after(&p, 1000).udp)
        ;
    assert_true(path_answered(&p));
    assert_int_equal(p.via, WIRE_VIA_UDP);
}

static void single_losses_change_nothing(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    turn_after(&p, 25);
    path_answered(&p);
    for (int i = 0; i < 10000; i++) {
        struct path_turn t = turn_after(&p, 1000);
        assert_true(t.udp && !t.gave_up);
        if (i % PATH_MISSES_MAX == 0)
            path_answered(&p);
    }
}

static void a_new_socket_begins_anew(void **state)
{
    (void)state;
    struct path p;
    joined(&p);
    turn_after(&p, 25);
    path_answered(&p);
    path_close(&p);
    assert_int_equal(p.via, WIRE_VIA_NONE);
    path_open(&p);
    struct path_turn t = turn_after(&p, 1);
    assert_true(t.ws && !t.udp);
    path_offer(&p);
    assert_true(turn_after(&p, 1).udp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_offer_it_is_the_websocket),
        cmocka_unit_test(the_first_answer_decides_for_udp),
        cmocka_unit_test(the_websocket_is_asked_for_its_own_life),
        cmocka_unit_test(a_udp_that_never_answers_is_left_alone_for_a_while),
        cmocka_unit_test(a_udp_that_falls_silent_is_given_up_soon),
        cmocka_unit_test(single_losses_change_nothing),
        cmocka_unit_test(a_new_socket_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
