// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "player/clock/pace.h"

enum { MS = 1000000 };

static struct exchange x;
static struct clock_estimate e;
static struct pace p;

static void begin(void)
{
    exchange_init(&x);
    clock_init(&e);
    pace_init(&p);
}

// An exchange whose ways took so long, at `s` seconds.
static void exchange_of(double s, double out_ms, double back_ms)
{
    mono_t t1 = {(int64_t)(s * 1e9)}, t4 = {t1.ns + (int64_t)((out_ms + back_ms) * MS)};
    int64_t t2 = t1.ns + INT64_C(1000000000000) + (int64_t)(out_ms * MS);
    struct clock_sample sample;
    assert_true(exchange_answer(&x, exchange_ask(&x, t1), t1, t2, t2, t4, &sample));
    assert_true(clock_add(&e, &sample));
    pace_note(&p, &e, &sample);
}

static void a_quiet_wire_is_asked_often_at_first_and_then_eight_times_a_second(void **state)
{
    begin();
    assert_false(pace_settled(&p, &e, (mono_t){0}));
    assert_int_equal(pace_interval_ns(&p, &x, &e), 10 * MS);
    double s = 1;
    for (int i = 0; i < 16; i++, s += 0.01)
        exchange_of(s, 0.05, 0.05);
    assert_true(pace_settled(&p, &e, (mono_t){(int64_t)(s * 1e9)}));
    assert_int_equal(pace_interval_ns(&p, &x, &e), 100 * MS);
    for (int i = 0; i < 64; i++, s += 0.1)
        exchange_of(s, 0.05, 0.05);
    assert_int_equal(pace_interval_ns(&p, &x, &e), 125 * MS);
}

static void a_bad_one_is_asked_while_a_queue_is_empty(void **state)
{
    begin();
    unit_seed();
    double s = 1;
    for (int i = 0; i < 100; i++, s += 0.02)
        exchange_of(s, 3 + 10 * unit_uniform(), 3 + 10 * unit_uniform());
    assert_false(e.map.sigma_ns < 25000);
    s += 1; // what the queues were like is forgotten
    exchange_of(s, 20, 20);
    assert_in_range(pace_interval_ns(&p, &x, &e), 10 * MS, 40 * MS);
    exchange_of(s += 0.05, 3.1, 9); // there, the edge was met
    assert_in_range(pace_interval_ns(&p, &x, &e), MS, 2 * MS);
    exchange_of(s += 0.005, 6, 12); // bad luck: the queue has not filled within 5 ms
    assert_in_range(pace_interval_ns(&p, &x, &e), MS, 2 * MS);
    for (int i = 0; i < 10; i++)
        exchange_of(s += 0.05, 13, 13);
    assert_in_range(pace_interval_ns(&p, &x, &e), 10 * MS, 40 * MS);
}

static void patience_ends(void **state)
{
    begin();
    exchange_of(1, 40, 40);
    assert_false(pace_settled(&p, &e, (mono_t){INT64_C(2000000000)}));
    assert_true(pace_settled(&p, &e, (mono_t){INT64_C(2000000000) + PACE_PATIENCE_NS}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_wire_is_asked_often_at_first_and_then_eight_times_a_second),
        cmocka_unit_test(a_bad_one_is_asked_while_a_queue_is_empty),
        cmocka_unit_test(patience_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
