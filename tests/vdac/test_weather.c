// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"
#include "tests/vdac/line.h"
#include "tests/vdac/weather.h"

static const int64_t MS = 1000000;

static void weather_stays_in_its_range_and_uses_all_of_it(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct weather w;
        weather_init(&w, seed, 0);
        int64_t least = INT64_MAX, most = 0;
        int in_burst = 0;
        for (int64_t t = 0; t < 120000 * MS; t += 5 * MS) {
            int64_t delay = weather_delay_ns(&w, t);
            in_burst += t >= w.burst_from_ns;
            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        assert_true(least >= 0 && least < 1 * MS);
        assert_true(most > 16 * MS && most <= 30 * MS);
        // Bursts of 125 ms every 5 s are a fortieth of the time.
        assert_true(in_burst > 24000 / 40 / 4 && in_burst < 24000 / 40 * 3);
    }
}

static void a_seed_makes_the_same_weather_however_many_packets_there_are(void **state)
{
    struct weather often, seldom;
    weather_init(&often, 7, 0);
    weather_init(&seldom, 7, 0);
    for (int64_t t = 0; t < 30000 * MS; t += MS) {
        weather_delay_ns(&often, t);
        if (t % (70 * MS) != 0)
            continue;
        weather_delay_ns(&seldom, t);
        assert_int_equal(often.walk_ns, seldom.walk_ns);
        assert_int_equal(often.burst_from_ns, seldom.burst_from_ns);
    }
}

static void directions_and_seeds_differ(void **state)
{
    struct weather a, b, c;
    weather_init(&a, 7, 0);
    weather_init(&b, 7, 1);
    weather_init(&c, 8, 0);
    int same_b = 0, same_c = 0;
    for (int64_t t = 0; t < 60000 * MS; t += 100 * MS) {
        weather_delay_ns(&a, t);
        weather_delay_ns(&b, t);
        weather_delay_ns(&c, t);
        same_b += a.walk_ns == b.walk_ns;
        same_c += a.walk_ns == c.walk_ns;
    }
    assert_true(same_b < 200 && same_c < 200);
}

static void loss_is_a_share(void **state)
{
    struct weather w;
    weather_init(&w, 3, 0);
    int lost = 0;
    for (int i = 0; i < 10000; i++)
        lost += weather_lost(&w, 0.1);
    assert_in_range(lost, 850, 1150);
    assert_false(weather_lost(&w, 0));
}

static void line_keeps_the_order_of_a_stream(void **state)
{
    struct line l = {0};
    line_add(&l, "one", 3, 20, true);
    line_add(&l, "two", 3, 10, true);
    line_add(&l, "three", 5, 30, true);
    assert_memory_equal(line_first(&l)->data, "one", 3);
    line_drop_first(&l);
    assert_memory_equal(line_first(&l)->data, "two", 3);
    assert_int_equal(line_first(&l)->due_ns, 20);
    line_clear(&l);
    assert_null(line_first(&l));
}

static void line_lets_datagrams_overtake(void **state)
{
    unit_seed();
    struct line l = {0};
    line_add(&l, "late", 4, 20, false);
    line_add(&l, "soon", 4, 10, false);
    assert_memory_equal(line_first(&l)->data, "soon", 4);
    while (!line_full(&l))
        line_add(&l, "", 0, unit_below(100), false);
    for (int64_t last = 0; line_first(&l); line_drop_first(&l)) {
        assert_true(line_first(&l)->due_ns >= last);
        last = line_first(&l)->due_ns;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weather_stays_in_its_range_and_uses_all_of_it),
        cmocka_unit_test(a_seed_makes_the_same_weather_however_many_packets_there_are),
        cmocka_unit_test(directions_and_seeds_differ),
        cmocka_unit_test(loss_is_a_share),
        cmocka_unit_test(line_keeps_the_order_of_a_stream),
        cmocka_unit_test(line_lets_datagrams_overtake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
