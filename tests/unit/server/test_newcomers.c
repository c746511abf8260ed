// SPDX-License-Identifier: Apache-2.0
// Who waits to be adopted, and whose key two machines hold.
#include "tests/unit/unit.h"

#include "server/kiosks/doubles.h"

#include <string.h>

static struct newcomers list;

static bool come(int i, const char *address, int64_t at)
{
    char id[WIRE_KIOSK_LEN + 1];
    snprintf(id, sizeof id, "%016d", i);
    return newcomers_met(&list, id, "key", "kiosk", address, (house_t){at});
}

static bool come_from_afar(int i, int64_t at)
{
    char address[20];
    snprintf(address, sizeof address, "10.0.0.%d", i);
    return come(i, address, at);
}

static int empty(void **state)
{
    memset(&list, 0, sizeof list);
    return 0;
}

static void who_comes_again_is_the_same(void **state)
{
    assert_true(come(1, "a", 10));
    newcomers_left(&list, "0000000000000001", (house_t){20});
    assert_false(list.list[0].here);
    assert_true(come(1, "b", 30));
    assert_int_equal(list.count, 1);
    assert_true(list.list[0].here && list.list[0].first.us == 10 && list.list[0].heard.us == 30);
    assert_string_equal(list.list[0].address, "b");
    newcomers_drop(&list, "0000000000000001");
    assert_null(newcomers_find(&list, "0000000000000001"));
    newcomers_left(&list, "0000000000000001", (house_t){40}); // it is gone
}

static void who_has_been_away_for_longest_makes_room(void **state)
{
    for (int i = 0; i < NEWCOMERS_MAX; i++)
        assert_true(come_from_afar(i, i));
    assert_false(come_from_afar(99, 100));
    newcomers_left(&list, "0000000000000007", (house_t){200});
    newcomers_left(&list, "0000000000000003", (house_t){300});
    assert_true(come_from_afar(99, 400));
    assert_null(newcomers_find(&list, "0000000000000007"));
    assert_non_null(newcomers_find(&list, "0000000000000003"));
    assert_non_null(newcomers_find(&list, "0000000000000099"));
    assert_int_equal(list.count, NEWCOMERS_MAX);
}

static void one_address_has_few_places(void **state)
{
    for (int i = 0; i < NEWCOMERS_PER_ADDRESS; i++)
        assert_true(come(i, "a", i));
    assert_false(come(50, "a", 60));
    assert_true(come(51, "b", 60));
    newcomers_left(&list, "0000000000000000", (house_t){70});
    assert_true(come(50, "a", 80));
}

static void a_double_is_news_once_and_over_after_a_while(void **state)
{
    static struct doubles d;
    assert_true(doubles_note(&d, "k", "a", "b", (house_t){1}));
    assert_false(doubles_note(&d, "k", "a", "c", (house_t){2}));
    assert_string_equal(doubles_find(&d, "k", (house_t){3})->other, "c");
    assert_null(doubles_find(&d, "l", (house_t){3}));
    assert_non_null(doubles_find(&d, "k", (house_t){2 + DOUBLES_US}));
    assert_null(doubles_find(&d, "k", (house_t){3 + DOUBLES_US}));
    assert_true(doubles_note(&d, "k", "a", "b", (house_t){4 + DOUBLES_US}));
    for (int i = 0; i < 2 * DOUBLES_MAX; i++) {
        char id[20];
        snprintf(id, sizeof id, "%d", i);
        doubles_note(&d, id, "a", "b", (house_t){5 + DOUBLES_US + i});
    }
    assert_int_equal(d.count, DOUBLES_MAX);
    assert_null(doubles_find(&d, "k", (house_t){50 + DOUBLES_US}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_comes_again_is_the_same, empty),
        cmocka_unit_test_setup(who_has_been_away_for_longest_makes_room, empty),
        cmocka_unit_test_setup(one_address_has_few_places, empty),
        cmocka_unit_test(a_double_is_news_once_and_over_after_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
