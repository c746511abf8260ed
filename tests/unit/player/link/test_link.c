// SPDX-License-Identifier: Apache-2.0
#include "player/link/link.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_first_try_is_soon_and_spread_from_zero(void **state)
{
    assert_int_equal(link_delay_ms(0, 0), 0);
    assert_in_range(link_delay_ms(0, 0.999), 200, 250);
}

static void later_tries_grow_to_five_seconds(void **state)
{
    int64_t last = 0;
    for (unsigned attempt = 1; attempt < 100; attempt++) {
        int64_t least = link_delay_ms(attempt, 0), most = link_delay_ms(attempt, 1);
        assert_true(least >= last);
        assert_true(most <= 5000 && most <= 2 * least + 1);
        last = least;
    }
    assert_int_equal(link_delay_ms(99, 1), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_try_is_soon_and_spread_from_zero),
        cmocka_unit_test(later_tries_grow_to_five_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
