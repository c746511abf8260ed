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
        assert_null(seen_find(s, one.cmd_id));
        one.rev = i;
        seen_add(s, &one);
    }
    for (int i = 0; i < total; i++) {
        snprintf(one.cmd_id, sizeof one.cmd_id, "%032x", i);
        const struct room_seen *found = seen_find(s, one.cmd_id);
        if (i < 1000)
            assert_null(found);
        else
            assert_int_equal(found->rev, i);
    }
    seen_free(s);
}

static void hash_tells_contents_apart(void **state)
{
    (void)state;
    struct wire_command a = {.op = OP_SEEK, .position_us = 1}, b = a;
    strcpy(b.cmd_id, "other");
    assert_true(seen_hash(&a) == seen_hash(&b));
    b.position_us = 2;
    assert_false(seen_hash(&a) == seen_hash(&b));
    b = a;
    strcpy(b.tour, "x");
    assert_false(seen_hash(&a) == seen_hash(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agenda_gives_the_earliest),
        cmocka_unit_test(names_find_what_was_put),
        cmocka_unit_test(seen_keeps_the_newest),
        cmocka_unit_test(hash_tells_contents_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
