// SPDX-License-Identifier: Apache-2.0
// Agenda, names and seen commands, each against a plain oracle.
#include "tests/unit/unit.h"

#include "server/room/agenda.h"
#include "server/room/names.h"
#include "server/room/seen.h"

#include <string.h>

static void agenda_gives_the_earliest(void **state)
{
    (void)state;
    unit_seed();
    enum { N = 300 };
    struct agenda_entry entries[N] = {{{0}, 0}};
    struct agenda a;
    agenda_init(&a);
    for (int round = 0; round < 20000; round++) {
        struct agenda_entry *e = &entries[unit_below(N)];
        if (unit_below(3))
            agenda_set(&a, e, (house_t){unit_below(1000)});
        else
            agenda_remove(&a, e);
        int64_t least = INT64_MAX;
        for (int i = 0; i < N; i++) {
            if (entries[i].place && entries[i].due.us < least)
                least = entries[i].due.us;
        }
        struct agenda_entry *first = agenda_first(&a);
        assert_int_equal(first ? first->due.us : INT64_MAX, least);
    }
    agenda_free(&a);
}

static void names_find_what_was_put(void **state)
{
    (void)state;
    unit_seed();
    enum { N = 500 };
    static char keys[N][16];
    bool there[N] = {false};
    struct names n;
    names_init(&n, unit_random());
    for (int i = 0; i < N; i++)
        snprintf(keys[i], sizeof keys[i], "room-%d", i);
    for (int round = 0; round < 20000; round++) {
        int64_t i = unit_below(N);
        if (there[i])
            names_remove(&n, keys[i]);
        else
            names_put(&n, keys[i], keys[i]);
        there[i] = !there[i];
        int64_t k = unit_below(N);
        assert_ptr_equal(names_get(&n, keys[k]), there[k] ? keys[k] : NULL);
    }
    assert_null(names_get(&n, "somebody else"));
    names_remove(&n, "somebody else");
    names_free(&n);
}

static void seen_keeps_the_newest(void **state)
{
    (void)state;
    struct seen *s = seen_new();
    struct room_seen one = {.epoch = 1};
    const int total = ROOM_SEEN_MAX + 1000;
    for (int i = 0; i < total; i++) {
        snprintf(one.cmd_id, sizeof one.cmd_id, "%032x", i);
        assert_null(seen_find(s, one.cmd_id, (house_t){0}));
        one.rev = i;
        seen_add(s, &one);
    }
    for (int i = 0; i < total; i++) {
        snprintf(one.cmd_id, sizeof one.cmd_id, "%032x", i);
        const struct room_seen *found = seen_find(s, one.cmd_id, (house_t){0});
        if (i < 1000)
            assert_null(found);
        else
            assert_int_equal(found->rev, i);
    }
    seen_free(s);
}

static void seen_forgets_after_a_day(void **state)
{
    (void)state;
    struct seen *s = seen_new();
    struct room_seen one = {.cmd_id = "a", .rev = 1, .when = {1000}};
    seen_add(s, &one);
    assert_non_null(seen_find(s, "a", (house_t){1000 + ROOM_SEEN_US}));
    assert_null(seen_find(s, "a", (house_t){1001 + ROOM_SEEN_US}));
    one.rev = 2; // the id may then be used again
    one.when.us += 2 * ROOM_SEEN_US;
    seen_add(s, &one);
    assert_int_equal(seen_find(s, "a", one.when)->rev, 2);
    seen_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agenda_gives_the_earliest),
        cmocka_unit_test(names_find_what_was_put),
        cmocka_unit_test(seen_keeps_the_newest),
        cmocka_unit_test(seen_forgets_after_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
