// SPDX-License-Identifier: Apache-2.0
#include "player/clock/clockmap.h"

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

static void nothing_is_known_at_first_and_after_forgetting(void **state)
{
    struct clockmap c;
    struct clock_map m, in = {.at = {5}, .house_ns = 7, .skew = 1e-6};
    clockmap_init(&c);
    assert_false(clockmap_get(&c, &m));
    clockmap_publish(&c, &in);
    assert_true(clockmap_get(&c, &m));
    assert_true(m.at.ns == 5 && m.house_ns == 7 && m.skew == 1e-6);
    clockmap_forget(&c);
    assert_false(clockmap_get(&c, &m));
}

static _Atomic bool stop;

static void *publish_for_ever(void *user)
{
    for (int64_t i = 1; !atomic_load(&stop); i++) {
        struct clock_map m = {{i}, i, (double)i, (double)i, (double)i, (double)i};
        clockmap_publish(user, &m);
    }
    return NULL;
}

static void a_reader_never_sees_half_of_it(void **state)
{
    struct clockmap c;
    pthread_t writer;
    clockmap_init(&c);
    assert_int_equal(pthread_create(&writer, NULL, publish_for_ever, &c), 0);
    int64_t last = 0;
    for (int i = 0, changes = 0; i < 200000 || changes < 100; i++) {
        struct clock_map m;
        if (!clockmap_get(&c, &m))
            continue;
        assert_true(m.at.ns == m.house_ns && m.skew == (double)m.at.ns && m.skew_sigma == m.skew &&
                    m.sigma_ns == m.skew && m.uncertainty_ns == m.skew);
        assert_true(m.at.ns >= last);
        changes += m.at.ns != last;
        last = m.at.ns;
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first_and_after_forgetting),
        cmocka_unit_test(a_reader_never_sees_half_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
