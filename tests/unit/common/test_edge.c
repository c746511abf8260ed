// SPDX-License-Identifier: Apache-2.0
// Lines along one-sided noise, with a known truth.
#include "tests/unit/unit.h"

#include "common/clock/edge.h"

#include <math.h>

// Points above (or below) y = 5 + slope x, at x = -length..0, by an exponential distance.
static void rain(struct edge *e, bool upper, double slope, double mean, int n, double length)
{
    edge_begin(e, upper);
    for (int i = 0; i < n; i++) {
        double x = -length * (1 - (double)i / n), noise = -mean * log(1 - unit_uniform());
        edge_add(e, x, 5 + slope * x + (upper ? -noise : noise));
    }
    edge_close(e);
}

static void the_slope_is_found_and_its_sigma_is_honest(void **state)
{
    static struct edge below, above;
    struct edge *one[] = {&below}, *two[] = {&below, &above};
    double z_one = 0, z_two = 0;
    enum { RUNS = 200 };
    unit_seed();
    for (int i = 0; i < RUNS; i++) {
        rain(&below, false, 7, 1, 200, 100);
        rain(&above, true, 7, 1, 200, 100);
        struct edge_slope prior = {0, 50};
        struct edge_slope a = edge_fit(one, 1, &prior, 50, 1e-6);
        struct edge_slope b = edge_fit(two, 2, &prior, 50, 1e-6);
        z_one += pow((a.slope - 7) / a.sigma, 2) / RUNS;
        z_two += pow((b.slope - 7) / b.sigma, 2) / RUNS;
        assert_true(fabs(a.slope - 7) < 0.01 && fabs(b.slope - 7) < 0.01);
        // Independent points do not come in clumps: the margin is that of a third of them.
        assert_true(below.margin > 0.5 / 200 && below.margin < 12.0 / 200);
    }
    printf("errors in sigmas: one edge %.2f, two %.2f\n", sqrt(z_one), sqrt(z_two));
    assert_true(sqrt(z_one) < 1.2 && sqrt(z_two) < 1.2);
}

static void a_wrong_prior_is_refuted(void **state)
{
    static struct edge e;
    struct edge *one[] = {&e};
    unit_seed();
    rain(&e, false, 7, 0.1, 100, 100);
    struct edge_slope prior = {1, 0.1}, s = edge_fit(one, 1, &prior, 50, 1e-6);
    assert_true(fabs(s.slope - 7) < 0.01);
    assert_true(prior.sigma == 50);
}

static void few_points_leave_what_was_believed(void **state)
{
    static struct edge e;
    struct edge *one[] = {&e};
    edge_begin(&e, false);
    edge_add(&e, 0, 100);
    edge_close(&e);
    struct edge_slope prior = {3, 0.5}, s = edge_fit(one, 1, &prior, 50, 1);
    assert_true(fabs(s.slope - 3) < 0.01 && fabs(s.sigma - 0.5) < 0.05);
    assert_true(edge_value(&e, s.slope, 0) == 100);
}

static void points_may_come_in_any_order(void **state)
{
    static struct edge a, b;
    edge_begin(&a, true);
    edge_begin(&b, true);
    double x[] = {-4, -2, -3, 0, -1}, y[] = {1, 4, 2, 3, 5};
    int sorted[] = {0, 2, 1, 4, 3};
    for (int i = 0; i < 5; i++) {
        edge_add(&a, x[i], y[i]);
        edge_add(&b, x[sorted[i]], y[sorted[i]]);
    }
    edge_close(&a);
    edge_close(&b);
    for (double slope = -3; slope <= 3; slope += 0.5)
        assert_true(edge_value(&a, slope, -2) == edge_value(&b, slope, -2));
    assert_true(edge_value(&a, 0, 0) == 5);
}

// Both edges move away from the truth at x = -5, as when a path becomes longer: their pulls cancel.
static void a_longer_path_does_not_turn_the_line(void **state)
{
    static struct edge below, above;
    struct edge *two[] = {&below, &above};
    unit_seed();
    edge_begin(&below, false);
    edge_begin(&above, true);
    for (int i = 0; i < 100; i++) {
        double x = -20 + 0.2 * i, longer = x > -5 ? 1000 : 0;
        edge_add(&below, x, longer + unit_uniform());
        edge_add(&above, x, -longer - unit_uniform());
    }
    edge_close(&below);
    edge_close(&above);
    struct edge_slope prior = {0, 0.3}, s = edge_fit(two, 2, &prior, 50, 0.1);
    assert_true(fabs(s.slope) < 0.6);
}

static void the_window_grows_while_margins_are_wide_and_shrinks_when_they_are_not(void **state)
{
    assert_int_equal(edge_window(20, 100, 10, 1e9, 1), 21);
    assert_int_equal(edge_window(100, 100, 10, 1e9, 1), 100);
    assert_int_equal(edge_window(80, 100, 10, 0.01, 1), 70);
    assert_int_equal(edge_window(16, 100, 10, 0.01, 1), 17);
    assert_int_equal(edge_window(50, 30, 10, 1e9, 1), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slope_is_found_and_its_sigma_is_honest),
        cmocka_unit_test(a_wrong_prior_is_refuted),
        cmocka_unit_test(few_points_leave_what_was_believed),
        cmocka_unit_test(points_may_come_in_any_order),
        cmocka_unit_test(a_longer_path_does_not_turn_the_line),
        cmocka_unit_test(the_window_grows_while_margins_are_wide_and_shrinks_when_they_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
