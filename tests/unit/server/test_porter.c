// SPDX-License-Identifier: Apache-2.0
// The porter: who is let in by a crowd, or by one machine with tools, and who has to go.
#include "tests/unit/unit.h"

#include "server/net/porter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { GUESTS_MAX = 100000 };

static struct porter *porter;
static house_t now;
static struct guest *here[GUESTS_MAX]; // by their descriptors
static int came;

static void open_with(int64_t per_second, int64_t waiting, int64_t sockets, const char *exempt)
{
    char error[200];
    struct porter_limits l = {per_second, waiting, sockets, {.count = 0}};
    assert_true(subnets_parse(exempt, &l.exempt, error, sizeof error));
    now = (house_t){INT64_C(86400000000)};
    porter = porter_new(&l, now);
}

static void leave(struct guest *g)
{
    here[g->fd] = NULL;
    porter_left(g);
}

static void close_house(void)
{
    for (int i = 0; i < came; i++) {
        if (here[i])
            leave(here[i]);
    }
    came = 0;
    porter_free(porter);
}

static struct guest *come_by(const char *address, bool tls, struct guest **leaves)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } from = {0};
    from.any.sa_family = strchr(address, ':') ? AF_INET6 : AF_INET;
    void *at = strchr(address, ':') ? (void *)&from.v6.sin6_addr : (void *)&from.v4.sin_addr;
    assert_int_equal(inet_pton(from.any.sa_family, address, at), 1);
    struct guest *g = porter_admit(porter, &from.any, tls, now, leaves);
    if (!g)
        return NULL;
    assert_true(came < GUESTS_MAX);
    g->fd = came;
    here[came++] = g;
    return g;
}

static struct guest *come(const char *address, struct guest **leaves)
{
    return come_by(address, false, leaves);
}

static struct guest *come_from(int i)
{
    char address[32];
    struct guest *leaves;
    snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
    struct guest *g = come(address, &leaves);
    if (leaves)
        leave(leaves);
    return g;
}

static void wait_ms(int64_t ms)
{
    now = house_add_us(now, ms * 1000);
}

static void so_many_a_second_come_in(void **state)
{
    (void)state;
    open_with(1000, 256, 1000, "");
    int in = 0;
    for (int ms = 0; ms < 4000; ms++) { // 10,000 a second, each from an address of its own
        for (int i = 0; i < 10; i++) {
            struct guest *g = come_from(ms * 10 + i);
            if (!g)
                continue;
            in++;
            leave(g); // a short visit
        }
        wait_ms(1);
        if (ms % 1000 == 999)
            porter_sweep(porter, now);
    }
    assert_in_range(in, 4990, 5010); // and the burst
    assert_int_equal(porter_counters(porter)->too_fast, 40000 - in);
    assert_int_equal(porter_counters(porter)->waiting, 0);
    close_house();
}

static void staff_come_in_whatever_crowd_is_at_the_door(void **state)
{
    (void)state;
    struct guest *none;
    open_with(1000, 256, 1000, "192.168.7.0/24");
    porter_trust(porter, "192.168.4.9", now);
    for (int i = 0; i < 5000; i++)
        come_from(i);
    assert_null(come_from(6000));
    struct guest *staff = come("192.168.4.9", &none), *kiosk = come("192.168.7.200", &none);
    assert_non_null(staff);
    assert_non_null(kiosk);
    assert_null(come("192.168.8.200", &none));
    for (int i = 0; i < 1000; i++) // not one of them without end either
        come("192.168.4.9", &none);
    assert_null(come("192.168.4.9", &none));
    close_house();
}

static void one_address_does_not_take_the_houses_share(void **state)
{
    (void)state;
    struct guest *none;
    int in = 0, others = 0;
    open_with(1000, 256, 1000, "");
    for (int ms = 0; ms < 10000; ms++) {
        for (int i = 0; i < 20; i++) {
            struct guest *g = come("10.9.9.9", &none);
            in += g != NULL;
            if (g)
                leave(g);
        }
        if (ms % 2 == 0) {
            struct guest *g = come_from(ms % 500);
            others += g != NULL;
            if (g)
                leave(g);
        }
        wait_ms(1);
    }
    assert_in_range(in, 256 + 1200, 256 + 1300);
    assert_int_equal(others, 5000);
    close_house();
}

static void machines_that_come_all_the_time_leave_a_third_to_others(void **state)
{
    (void)state;
    int others = 0;
    open_with(1000, 256, 1000, "");
    for (int ms = 0; ms < 10000; ms++) {
        for (int i = 0; i < 60; i++) { // sixty machines, a thousand a second each
            struct guest *g = come_from(i);
            if (g)
                leave(g);
        }
        if (ms % 10 == 0) { // and a hundred phones a second
            struct guest *g = come_from(1000 + ms % 5000);
            others += g != NULL;
            if (g)
                leave(g);
        }
        wait_ms(1);
    }
    assert_in_range(others, 950, 1000); // all but some of the first moment
    close_house();
}

static void who_holds_places_without_a_word_makes_room(void **state)
{
    (void)state;
    struct guest *leaves, *first = NULL, *g;
    open_with(1000, 16, 1000, "");
    for (int i = 0; i < 16; i++) {
        g = come("10.0.0.1", &leaves);
        assert_non_null(g);
        assert_null(leaves);
        first = first ? first : g;
    }
    assert_null(come("10.0.0.1", &leaves)); // all have just come
    assert_int_equal(porter_counters(porter)->too_many, 1);
    wait_ms(1500);
    guest_is(first, GUEST_BUSY, now); // it asked for something
    g = come("10.0.0.1", &leaves);
    assert_non_null(g);
    assert_non_null(leaves);
    assert_ptr_not_equal(leaves, first);
    assert_true(leaves->sent_away);
    assert_int_equal(porter_counters(porter)->waiting, 16);
    leave(leaves);
    assert_int_equal(porter_counters(porter)->waiting, 16);
    guest_is(first, GUEST_IDLE, now); // answered: now it goes before those who were promised time
    assert_non_null(come("10.0.0.1", &leaves));
    close_house();
}

static void a_full_hall_sends_away_from_where_most_are(void **state)
{
    (void)state;
    struct guest *leaves;
    open_with(100000, 256, 1000, "");
    for (int i = 0; i < 12 * 256; i++) { // twelve machines with tools
        assert_non_null(come_from(i % 12));
        wait_ms(1);
    }
    int phones = 0;
    for (int i = 0; i < 2000; i++) {
        phones += come_from(100000 + i) != NULL;
        wait_ms(2);
    }
    assert_int_equal(phones, 2000);
    assert_true(porter_counters(porter)->waiting <= PORTER_WAITING_MAX - PORTER_KEPT_BACK);
    // Places are kept for those that are trusted, and for nobody else.
    porter_trust(porter, "192.168.4.9", now);
    int64_t sent_away = porter_counters(porter)->sent_away;
    struct guest *staff = come("192.168.4.9", &leaves);
    assert_non_null(staff);
    assert_null(leaves);
    assert_int_equal(porter_counters(porter)->sent_away, sent_away);
    close_house();
}

static void visitors_of_one_address_are_counted_and_staff_are_not(void **state)
{
    (void)state;
    struct guest *none;
    open_with(1000, 256, 3, "");
    struct guest *in[3];
    for (int i = 0; i < 3; i++) {
        in[i] = come("10.0.0.1", &none);
        guest_is(in[i], GUEST_SOCKET, now);
        assert_true(guest_may_enter(in[i]));
        guest_is(in[i], GUEST_IN, now);
    }
    struct guest *fourth = come("10.0.0.1", &none), *staff = come("10.0.0.1", &none);
    assert_false(guest_may_enter(fourth));
    guest_is(staff, GUEST_SOCKET, now);
    guest_trusted(staff, now);
    assert_int_equal(staff->stage, GUEST_TRUSTED);
    leave(in[1]);
    assert_true(guest_may_enter(fourth));
    close_house();
}

static void a_silent_socket_goes_a_visitor_does_not(void **state)
{
    (void)state;
    struct guest *none;
    open_with(1000, 256, 1000, "");
    struct guest *silent = come("10.0.0.1", &none), *visitor = come("10.0.0.2", &none);
    guest_is(silent, GUEST_SOCKET, now);
    guest_is(visitor, GUEST_SOCKET, now);
    guest_is(visitor, GUEST_IN, now);
    wait_ms(61000);
    struct guest *late = come("10.0.0.3", &none);
    guest_is(late, GUEST_SOCKET, now);
    assert_ptr_equal(porter_silent(porter, house_add_us(now, -60000000)), silent);
    assert_null(porter_silent(porter, house_add_us(now, -60000000)));
    close_house();
}

static void addresses_are_forgotten_and_never_too_many(void **state)
{
    (void)state;
    open_with(100000, 256, 1000, "");
    for (int i = 0; i < 3 * PORTER_ADDRESSES; i++) {
        struct guest *g = come_from(i);
        if (g)
            leave(g);
        if (i % 100 == 0)
            wait_ms(1);
    }
    assert_true(porter_counters(porter)->too_fast >= PORTER_ADDRESSES);
    wait_ms(5000);
    porter_sweep(porter, now);
    struct guest *g = come_from(4 * PORTER_ADDRESSES);
    assert_non_null(g);
    leave(g);
    // One machine has all addresses of a /64.
    struct guest *leaves;
    int in = 0;
    for (int i = 0; i < 1000; i++) {
        char address[64];
        snprintf(address, sizeof address, "fd00:1:2:3:%x::%x", i, i + 1);
        in += come(address, &leaves) != NULL;
    }
    assert_int_equal(in, 256);
    close_house();
}

static void networks_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *list, *address;
        bool good, has;
    } cases[] = {
        {"", "10.0.0.1", true, false},
        {"10.0.0.5", "10.0.0.5", true, true},
        {"10.0.0.5", "10.0.0.4", true, false},
        {"192.168.7.0/24, 10.0.0.0/9", "192.168.7.255", true, true},
        {"192.168.7.0/24, 10.0.0.0/9", "192.168.8.0", true, false},
        {"192.168.7.0/24,10.0.0.0/9", "10.127.1.1", true, true},
        {"192.168.7.0/24,10.0.0.0/9", "10.128.1.1", true, false},
        {"192.168.7.0/24", "::ffff:192.168.7.9", true, true},
        {"0.0.0.0/0", "203.0.113.7", true, true},
        {"0.0.0.0/0", "fd00::1", true, false},
        {"fd00:7::/64", "fd00:7::1:2:3:4", true, true},
        {"fd00:7::/64", "fd00:7:0:1::1", true, false},
        {"10.0.0.0/33", "10.0.0.0", false, false},
        {"10.0.0.0/", "10.0.0.0", false, false},
        {"10.0.0.0/8x", "10.0.0.0", false, false},
        {"kiosks", "10.0.0.0", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[200];
        struct subnets s;
        struct subnets_ip ip;
        if (subnets_parse(cases[i].list, &s, error, sizeof error) != cases[i].good)
            fail_msg("%s", cases[i].list);
        assert_true(subnets_ip_parse(cases[i].address, &ip));
        if (cases[i].good && subnets_have(&s, &ip) != cases[i].has)
            fail_msg("%s in %s", cases[i].address, cases[i].list);
    }
}

// A crowd of phones over TLS, each from an address of its own.
static int crowd_over_tls(int n)
{
    struct guest *leaves;
    char address[32];
    int in = 0;
    for (int i = 0; i < n; i++) {
        snprintf(address, sizeof address, "10.1.%d.%d", i / 250, 1 + i % 250);
        in += come_by(address, true, &leaves) != NULL;
    }
    return in;
}

static void no_more_handshakes_than_can_be_served(void **state)
{
    (void)state;
    struct guest *leaves;
    open_with(1000, 256, 1000, "");
    porter_trust(porter, "10.9.9.9", now);
    assert_int_equal(crowd_over_tls(400), PORTER_SHAKING_MAX);
    assert_non_null(come("10.2.0.1", &leaves));          // it costs no handshake
    assert_non_null(come_by("10.9.9.9", true, &leaves)); // staff
    guest_is(here[0], GUEST_BUSY, now);                  // one is done
    leave(here[1]);                                      // one has gone
    assert_int_equal(crowd_over_tls(400), 1);            // staff's counts as well
    now.us += 1000000;
    porter_sweep(porter, now);
    assert_int_equal(crowd_over_tls(10), 10); // those that hold one open keep nobody out
    close_house();
}

static void one_address_leaves_a_third_of_the_handshakes(void **state)
{
    (void)state;
    struct guest *leaves;
    int in = 0;
    open_with(1000, 256, 1000, "");
    for (int i = 0; i < 200; i++)
        in += come_by("10.3.0.1", true, &leaves) != NULL;
    assert_int_equal(in, PORTER_SHAKING_MAX * 2 / 3);
    assert_non_null(come_by("10.3.0.2", true, &leaves));
    close_house();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_a_second_come_in),
        cmocka_unit_test(staff_come_in_whatever_crowd_is_at_the_door),
        cmocka_unit_test(one_address_does_not_take_the_houses_share),
        cmocka_unit_test(machines_that_come_all_the_time_leave_a_third_to_others),
        cmocka_unit_test(who_holds_places_without_a_word_makes_room),
        cmocka_unit_test(a_full_hall_sends_away_from_where_most_are),
        cmocka_unit_test(visitors_of_one_address_are_counted_and_staff_are_not),
        cmocka_unit_test(a_silent_socket_goes_a_visitor_does_not),
        cmocka_unit_test(addresses_are_forgotten_and_never_too_many),
        cmocka_unit_test(no_more_handshakes_than_can_be_served),
        cmocka_unit_test(one_address_leaves_a_third_of_the_handshakes),
        cmocka_unit_test(networks_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
