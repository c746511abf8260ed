// SPDX-License-Identifier: Apache-2.0
// The estimator and the exchange against small worlds with a known truth.
#include "tests/unit/unit.h"

#include "common/clock/estimate.h"
#include "common/clock/exchange.h"

#include <math.h>

// A machine whose clock is off by `offset` and runs `ppm` slow, asking over a wire.
struct world {
    double offset_ns, ppm, floor_ns;
    double local_s; // now, on its own clock
};

static int64_t truth(const struct world *w, int64_t local_ns)
{
    return local_ns + (int64_t)(w->offset_ns + (double)local_ns * w->ppm * 1e-6);
}

static struct clock_sample ask(struct world *w, double queue_there, double queue_back)
{
    int64_t t1 = (int64_t)(w->local_s * 1e9);
    int64_t arrive = t1 + (int64_t)(w->floor_ns + queue_there);
    int64_t t4 = arrive + 5000 + (int64_t)(w->floor_ns + queue_back);
    return (struct clock_sample){{t1}, truth(w, arrive), truth(w, arrive + 5000), {t4}};
}

static double error_us(const struct world *w, const struct clock_estimate *e)
{
    int64_t local = (int64_t)(w->local_s * 1e9);
    return (double)(clock_house_ns(&e->map, (mono_t){local}) - truth(w, local)) / 1e3;
}

static void quiet_wire_settles_in_a_second_and_learns_the_rate(void **state)
{
    (void)state;
    unit_seed();
    static struct clock_estimate e;
    struct world w = {.offset_ns = 7.7e15, .ppm = 60, .floor_ns = 40e3, .local_s = 1000};
    clock_init(&e);
    assert_false(clock_valid(&e));
    double worst_first = 0, worst_later = 0;
    for (int i = 0; i < 12 + 60; i++) {
        struct clock_sample s = ask(&w, unit_uniform() * 30e3, unit_uniform() * 30e3);
        assert_true(clock_add(&e, &s));
        w.local_s += i < 12 ? 0.025 : 1.0;
        double err = fabs(error_us(&w, &e));
        if (i == 11)
            worst_first = err;
        if (i > 40)
            worst_later = fmax(worst_later, err);
    }
    printf("after 0.3 s %.1f us; after 30 s worst %.1f us, skew %.2f ppm\n", worst_first,
           worst_later, e.map.skew * 1e6);
    assert_true(worst_first < 60);
    assert_true(worst_later < 20);
    assert_true(fabs(e.map.skew * 1e6 - 60) < 1);
    assert_true(clock_uncertainty_ns(&e.map, e.map.at) >= 30e3);
}

// One step of 0.5 ms, up or down, of a walk that reflects at 0 and 10 ms.
static double walk(double queue_ns)
{
    queue_ns = fabs(queue_ns + (unit_random() & 1 ? 0.5e6 : -0.5e6));
    return queue_ns > 10e6 ? 20e6 - queue_ns : queue_ns;
}

// Queueing walks in 0..10 ms each way, a step every 10 ms, plus fresh jitter of 0..5 ms a packet.
static void jittery_wire_stays_in_step(void **state)
{
    (void)state;
    unit_seed();
    static struct clock_estimate e;
    struct world w = {.offset_ns = -3e12, .ppm = -35, .floor_ns = 200e3, .local_s = 9000};
    double there = 5e6, back = 2e6, worst = 0;
    clock_init(&e);
    for (int i = 0; i < 20 * 90; i++) {
        for (int step = 0; step < 5; step++) {
            there = walk(there);
            back = walk(back);
        }
        struct clock_sample s = ask(&w, there + unit_uniform() * 5e6, back + unit_uniform() * 5e6);
        clock_add(&e, &s);
        w.local_s += 0.05;
        if (i > 20 * 60)
            worst = fmax(worst, fabs(error_us(&w, &e)));
    }
    printf("worst after 60 s: %.0f us\n", worst);
    // The worst moment of 30 s, never met before; over 40 seeds at most 0.72 ms.
    assert_true(worst < 1500);
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static struct clock_estimate e;
    struct world w = {.offset_ns = 1e9, .floor_ns = 50e3, .local_s = 10};
    clock_init(&e);
    struct clock_sample good = ask(&w, 0, 0);
    assert_true(clock_add(&e, &good));
    struct clock_map before = e.map;
    struct clock_sample s = good;
    s.t4.ns = s.t1.ns - 1;
    assert_false(clock_add(&e, &s));
    s = good;
    s.t3_house_ns = s.t2_house_ns - 1;
    assert_false(clock_add(&e, &s));
    s = good;
    s.t4.ns += INT64_C(3000000000);
    assert_false(clock_add(&e, &s));
    s = good;
    s.t3_house_ns = s.t2_house_ns + INT64_C(3000000000); // longer there than we waited
    assert_false(clock_add(&e, &s));
    assert_int_equal(e.map.house_ns, before.house_ns);
    assert_int_equal(e.refused, 4);
}

// One stamp that is wrong must not be the edge of the next two minutes; a clock that jumped must be
// followed.
static void one_impossible_sample_is_held_back_and_four_are_believed(void **state)
{
    static struct clock_estimate e;
    struct world w = {.offset_ns = 1e12, .ppm = 10, .floor_ns = 50e3, .local_s = 10};
    clock_init(&e);
    for (int i = 0; i < 50; i++, w.local_s += 0.1) {
        struct clock_sample s = ask(&w, 0, 0);
        assert_true(clock_add(&e, &s));
    }
    struct clock_map before = e.map;
    struct clock_sample wrong = ask(&w, 0, 0);
    wrong.t2_house_ns += 5000000;
    wrong.t3_house_ns += 5000000;
    assert_false(clock_add(&e, &wrong));
    assert_memory_equal(&e.map, &before, sizeof before);
    struct clock_sample good = ask(&w, 0, 0);
    assert_true(clock_add(&e, &good));
    w.offset_ns += 5e6;
    for (int i = 0; i < CLOCK_SUSPECTS; i++, w.local_s += 0.1) {
        struct clock_sample s = ask(&w, 0, 0);
        assert_int_equal(clock_add(&e, &s), i == CLOCK_SUSPECTS - 1);
    }
    w.local_s -= 0.1;
    assert_true(fabs(error_us(&w, &e)) < 60);
    assert_true(fabs(e.map.skew * 1e6 - 10) < 5); // the rate is still known
}

static void another_path_keeps_the_rate_and_the_map_until_the_next_sample(void **state)
{
    static struct clock_estimate e;
    struct world w = {.offset_ns = 1e12, .ppm = 30, .floor_ns = 50e3, .local_s = 10};
    clock_init(&e);
    for (int i = 0; i < 400; i++, w.local_s += 0.1) {
        struct clock_sample s = ask(&w, 1000 * (i % 7), 1000 * (i % 5));
        clock_add(&e, &s);
    }
    struct clock_map before = e.map;
    clock_repath(&e);
    assert_true(clock_valid(&e));
    assert_memory_equal(&e.map, &before, sizeof before);
    w.floor_ns = 2e6;
    struct clock_sample s = ask(&w, 0, 0);
    assert_true(clock_add(&e, &s));
    assert_true(fabs(e.map.skew * 1e6 - 30) < 0.5);
    assert_true(e.map.uncertainty_ns >= 2e6);
    assert_true(fabs(error_us(&w, &e)) < 20);
}

static void what_was_recalled_is_believed_until_it_is_refuted(void **state)
{
    for (int wrong = 0; wrong <= 1; wrong++) {
        static struct clock_estimate e;
        struct world w = {.offset_ns = 1e12, .ppm = 30, .floor_ns = 50e3, .local_s = 10};
        clock_init(&e);
        clock_recall(&e, wrong ? -40e-6 : 30.5e-6, 1e-6);
        struct clock_sample first = ask(&w, 0, 0);
        assert_true(clock_add(&e, &first));
        assert_true(fabs(e.map.skew * 1e6 - (wrong ? -40 : 30.5)) < 0.1);
        for (int i = 0; i < 200; i++, w.local_s += 0.1) {
            struct clock_sample s = ask(&w, 1000 * (i % 7), 1000 * (i % 5));
            clock_add(&e, &s);
        }
        assert_true(fabs(e.map.skew * 1e6 - 30) < 1);
        assert_true(fabs(error_us(&w, &e)) < 20);
    }
}

static void map_goes_both_ways(void **state)
{
    (void)state;
    struct clock_map m = {.at = {1000}, .house_ns = INT64_C(5000000000000), .skew = 50e-6};
    house_t h = clock_house(&m, (mono_t){INT64_C(2000000000)});
    assert_in_range(clock_local(&m, h).ns, INT64_C(2000000000) - 1001, INT64_C(2000000000) + 1);
    m.skew_sigma = 1e-6;
    assert_true(clock_uncertainty_ns(&m, (mono_t){1000 + INT64_C(600000000000)}) > 599e3);
}

static void answers_are_paired_once_and_forgeries_dropped(void **state)
{
    (void)state;
    struct exchange x;
    struct clock_sample s;
    exchange_init(&x);
    uint32_t a = exchange_ask(&x, (mono_t){100}), b = exchange_ask(&x, (mono_t){200});
    assert_false(exchange_answer(&x, a, (mono_t){101}, 1, 2, (mono_t){300}, &s));
    assert_false(exchange_answer(&x, 77, (mono_t){100}, 1, 2, (mono_t){300}, &s));
    assert_false(exchange_answer(&x, 0, (mono_t){0}, 1, 2, (mono_t){300}, &s));
    assert_true(exchange_answer(&x, b, (mono_t){200}, 1, 2, (mono_t){300}, &s));
    assert_int_equal(s.t1.ns, 200);
    assert_false(exchange_answer(&x, b, (mono_t){200}, 1, 2, (mono_t){300}, &s));
    assert_true(exchange_answer(&x, a, (mono_t){100}, 1, 2, (mono_t){300}, &s));
    for (int i = 0; i < EXCHANGE_PENDING; i++)
        exchange_ask(&x, (mono_t){1000 + i});
    assert_false(exchange_answer(&x, a, (mono_t){100}, 1, 2, (mono_t){300}, &s));
    assert_int_equal(exchange_interval_ns(&x), 25000000);
    x.answered = 100;
    assert_int_equal(exchange_interval_ns(&x), 1000000000);
}

// Better knowledge of when question and answer left tightens a sample, once, and can only tighten.
static void what_left_later_than_it_said(void **state)
{
    (void)state;
    struct exchange x;
    struct clock_sample s;
    exchange_init(&x);
    uint32_t a = exchange_ask(&x, (mono_t){100});
    exchange_left(&x, (mono_t){90});
    exchange_left(&x, (mono_t){107});
    assert_false(exchange_answer_left(&x, (mono_t){100}, 2005, &s)); // not answered yet
    assert_true(exchange_waits(&x));
    assert_true(exchange_answer(&x, a, (mono_t){100}, 1000, 2000, (mono_t){3000}, &s));
    assert_false(exchange_waits(&x));
    assert_int_equal(s.t1.ns, 107);
    assert_false(exchange_answer_left(&x, (mono_t){107}, 2005, &s)); // its name is what it said
    assert_true(exchange_answer_left(&x, (mono_t){100}, 2005, &s));
    assert_int_equal(s.t1.ns, 107);
    assert_int_equal(s.t2_house_ns, 1000);
    assert_int_equal(s.t3_house_ns, 2005);
    assert_int_equal(s.t4.ns, 3000);
    assert_false(exchange_answer_left(&x, (mono_t){100}, 2006, &s));
    a = exchange_ask(&x, (mono_t){200});
    assert_true(exchange_answer(&x, a, (mono_t){200}, 1000, 2000, (mono_t){3000}, &s));
    assert_false(exchange_answer_left(&x, (mono_t){200}, 1999, &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_left_later_than_it_said),
        cmocka_unit_test(quiet_wire_settles_in_a_second_and_learns_the_rate),
        cmocka_unit_test(jittery_wire_stays_in_step),
        cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
        cmocka_unit_test(one_impossible_sample_is_held_back_and_four_are_believed),
        cmocka_unit_test(another_path_keeps_the_rate_and_the_map_until_the_next_sample),
        cmocka_unit_test(what_was_recalled_is_believed_until_it_is_refuted),
        cmocka_unit_test(map_goes_both_ways),
        cmocka_unit_test(answers_are_paired_once_and_forgeries_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
