// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "player/find/choose.h"

#include <string.h>

#define OURS "aaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbb"

static const struct find_way none = {.id = ""}, own = {OURS, "10.0.0.1", 8080};
static struct find_way out;

static void who_belongs_to_none_takes_the_only_one(void **state)
{
    const struct find_way one[] = {{OTHER, "10.0.0.2", 80}, {OTHER, "10.1.0.2", 80}};
    assert_int_equal(choose(one, 0, &none, 0, &out), CHOOSE_NONE);
    assert_int_equal(choose(one, 2, &none, 0, &out), CHOOSE_THIS);
    assert_string_equal(out.host, "10.0.0.2");
    assert_int_equal(choose(one, 2, &none, 2, &out), CHOOSE_THIS); // its other interface
    assert_string_equal(out.host, "10.1.0.2");
    const struct find_way two[] = {one[0], {OURS, "10.0.0.1", 80}};
    assert_int_equal(choose(two, 2, &none, 0, &out), CHOOSE_SEVERAL);
}

static void its_own_house_is_found_among_others(void **state)
{
    const struct find_way seen[] = {{OTHER, "10.0.0.2", 80}, {OURS, "10.0.0.7", 81}};
    assert_int_equal(choose(seen, 2, &own, 0, &out), CHOOSE_THIS);
    assert_true(strcmp(out.host, "10.0.0.7") == 0 && out.port == 81);
    // It is not there: another one is not it.
    assert_int_equal(choose(seen, 1, &own, 0, &out), CHOOSE_THIS);
    assert_string_equal(out.host, "10.0.0.1");
}

static void whoever_pretends_to_be_it_does_not_keep_it_from_it(void **state)
{
    const struct find_way seen[] = {{OURS, "10.0.0.66", 80}, {OURS, "10.0.0.7", 81}};
    static const char *const hosts[] = {"10.0.0.66", "10.0.0.7", "10.0.0.1"};
    for (unsigned attempt = 0; attempt < 12; attempt++) {
        assert_int_equal(choose(seen, 2, &own, attempt, &out), CHOOSE_THIS);
        assert_string_equal(out.host, hosts[attempt / 2 % 3]);
    }
}

static void a_way_counts_once(void **state)
{
    struct find_way seen[FIND_MAX];
    for (int i = 0; i < FIND_MAX; i++)
        seen[i] = own;
    for (unsigned attempt = 0; attempt < 9; attempt++) {
        assert_int_equal(choose(seen, FIND_MAX, &own, attempt, &out), CHOOSE_THIS);
        assert_string_equal(out.host, own.host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_belongs_to_none_takes_the_only_one),
        cmocka_unit_test(its_own_house_is_found_among_others),
        cmocka_unit_test(whoever_pretends_to_be_it_does_not_keep_it_from_it),
        cmocka_unit_test(a_way_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
