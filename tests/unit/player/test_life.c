// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "player/life.h"

#include <string.h>

static struct settings settings = {.device = (char *)"hw:0", .server = (char *)"http://box:8080"};

static const char *words(struct playout_stats p, struct link_stats l)
{
    static char out[200];
    life_words(&settings, &p, &l, out, sizeof out);
    return out;
}

static void what_is_missing_is_named_the_card_first(void **state)
{
    (void)state;
    struct playout_stats p = {.gone = true, .running = true};
    struct link_stats l = {.joined = true, .connections = 1};
    assert_string_equal(words(p, l), "waits for the card hw:0");
    p.gone = false;
    assert_string_equal(words(p, l), "in step on hw:0");
    p.running = false;
    assert_string_equal(words(p, l), "waits for the time on hw:0");
    l.joined = false;
    assert_string_equal(words(p, l), "the box is away; plays on by itself on hw:0");
    l.connections = 0;
    assert_string_equal(words(p, l), "waits for the box at http://box:8080");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_missing_is_named_the_card_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
