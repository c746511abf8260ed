// SPDX-License-Identifier: Apache-2.0
#include "player/playout/servo.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct run {
    double end_us, overshoot_us, worst_slew, worst_ppm;
};

// The plant: a position that advances by the ratio where feed-forward would be exact but for bias.
static struct run simulate(double start_us, double bias_ppm, double seconds)
{
    struct servo s;
    struct run r = {0};
    double e = start_us, dt = 0.01, last;
    servo_init(&s);
    last = servo_step(&s, e, 1, dt, true);
    for (double t = 0; t < seconds; t += dt) {
        double ratio = servo_step(&s, e, 1, dt, false);
        r.worst_slew = fmax(r.worst_slew, fabs(ratio - last) / dt * 1e6);
        r.worst_ppm = fmax(r.worst_ppm, fabs(ratio - 1) * 1e6);
        last = ratio;
        e += ((ratio - 1) * 1e6 + bias_ppm) * dt;
        if (start_us * e < 0)
            r.overshoot_us = fmax(r.overshoot_us, fabs(e));
    }
    r.end_us = e;
    return r;
}

static void an_error_is_taken_out_without_overshoot(void **state)
{
    for (double start = 10; start <= 4900; start *= 3) {
        struct run r = simulate(start, 0, 120);
        printf("from %.0f us: end %.3f us, overshoot %.2f us, at most %.0f ppm\n", start, r.end_us,
               r.overshoot_us, r.worst_ppm);
        assert_true(fabs(r.end_us) < 1);
        assert_true(r.overshoot_us < 0.1 * start + 1);
    }
}

static void a_wrong_feed_forward_leaves_no_standing_error(void **state)
{
    assert_true(fabs(simulate(0, 1.5, 300).end_us) < 0.1);
    assert_true(fabs(simulate(0, -1.5, 300).end_us) < 0.1);
}

static void slew_and_limit_hold(void **state)
{
    struct run r = simulate(-4900, 0, 60);
    assert_true(r.worst_slew <= 20.01);
    assert_true(r.worst_ppm <= 300.01);
}

static void the_integral_does_not_wind_up(void **state)
{
    struct servo s;
    servo_init(&s);
    servo_step(&s, 0, 1, 0.01, true);
    for (int i = 0; i < 100000; i++)
        servo_step(&s, 4000, 1, 0.01, false); // the error does not give way
    assert_true(fabs(s.integral) < 0.01);
}

static void unheard_it_may_go_anywhere(void **state)
{
    struct servo s;
    servo_init(&s);
    assert_true(servo_step(&s, 0, 1, 0.01, false) == 1);
    assert_true(servo_step(&s, 0, 1.0005, 0.01, true) == 1.0005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_taken_out_without_overshoot),
        cmocka_unit_test(a_wrong_feed_forward_leaves_no_standing_error),
        cmocka_unit_test(slew_and_limit_hold),
        cmocka_unit_test(the_integral_does_not_wind_up),
        cmocka_unit_test(unheard_it_may_go_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
