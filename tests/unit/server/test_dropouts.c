// SPDX-License-Identifier: Apache-2.0
// Who dropped out is counted for a minute, once, until they are back; no more than there is room
// for.
#include "server/room/dropouts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { S = 1000000 };

static house_t at(int64_t us)
{
    return (house_t){us};
}

static void for_a_minute(void **state)
{
    struct dropouts *d = calloc(1, sizeof *d);
    dropouts_add(d, "m1", at(0));
    dropouts_add(d, "m2", at(10 * S));
    assert_int_equal(dropouts_count(d, at(60 * S)), 2);
    assert_int_equal(dropouts_count(d, at(60 * S + 1)), 1);
    // Once more is once, and its minute begins anew, behind the others.
    dropouts_add(d, "m3", at(61 * S));
    dropouts_add(d, "m2", at(62 * S));
    assert_int_equal(d->count, 2);
    assert_string_equal(d->list[0].member, "m3");
    assert_int_equal(dropouts_count(d, at(122 * S)), 1);
    assert_int_equal(dropouts_count(d, at(200 * S)), 0);
    free(d);
}

static void until_they_are_back(void **state)
{
    struct dropouts *d = calloc(1, sizeof *d);
    dropouts_back(d, "m1");
    dropouts_add(d, "m1", at(0));
    dropouts_add(d, "m2", at(0));
    dropouts_add(d, "m3", at(0));
    dropouts_back(d, "m2");
    dropouts_back(d, "m4");
    assert_int_equal(dropouts_count(d, at(S)), 2);
    dropouts_back(d, "m3");
    dropouts_back(d, "m1");
    assert_int_equal(dropouts_count(d, at(S)), 0);
    free(d);
}

static void no_more_than_there_is_room_for(void **state)
{
    struct dropouts *d = calloc(1, sizeof *d);
    char member[WIRE_MEMBER_MAX + 1];
    for (int i = 0; i < 2 * DROPOUTS_MAX; i++) {
        snprintf(member, sizeof member, "m%d", i);
        dropouts_add(d, member, at(i));
    }
    assert_int_equal(dropouts_count(d, at(S)), DROPOUTS_MAX);
    assert_string_equal(d->list[DROPOUTS_MAX - 1].member, "m127");
    dropouts_add(d, "m5", at(S)); // one of them again has its place
    assert_int_equal(dropouts_count(d, at(S)), DROPOUTS_MAX);
    assert_string_equal(d->list[DROPOUTS_MAX - 1].member, "m5");
    dropouts_add(d, "late", at(100 * S)); // the old ones are gone
    assert_int_equal(dropouts_count(d, at(100 * S)), 1);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_a_minute),
        cmocka_unit_test(until_they_are_back),
        cmocka_unit_test(no_more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
