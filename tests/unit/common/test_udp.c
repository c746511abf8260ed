// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/net/udp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static mono_t raw_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

static void a_stamp_is_carried_over_by_its_age(void **state)
{
    (void)state;
    const mono_t now = {5000000000};
    const int64_t wall = INT64_C(1795600800000000000);
    assert_int_equal(udp_carry(wall, wall, now).ns, now.ns);
    assert_int_equal(udp_carry(wall - 70000, wall, now).ns, now.ns - 70000);
    assert_int_equal(udp_carry(wall - UDP_STAMP_AGE_MAX_NS, wall, now).ns,
                     now.ns - UDP_STAMP_AGE_MAX_NS);
}

static void a_stamp_that_cannot_be_means_now(void **state)
{
    (void)state;
    const mono_t now = {5000000000};
    const int64_t wall = INT64_C(1795600800000000000);
    assert_int_equal(udp_carry(wall + 1, wall, now).ns, now.ns);
    assert_int_equal(udp_carry(wall - UDP_STAMP_AGE_MAX_NS - 1, wall, now).ns, now.ns);
    assert_int_equal(udp_carry(0, wall, now).ns, now.ns);
}

static void addresses_of_both_families(void **state)
{
    (void)state;
    struct udp_peer p;
    assert_true(udp_address("192.0.2.7", 8080, &p));
    assert_int_equal(p.address.ss_family, AF_INET);
    assert_int_equal(udp_port(&p), 8080);
    assert_true(udp_address("2001:db8::7", 65535, &p));
    assert_int_equal(p.address.ss_family, AF_INET6);
    assert_int_equal(udp_port(&p), 65535);
    assert_false(udp_address("eth0", 1, &p));
    assert_false(udp_address("", 1, &p));
}

static void wait_for(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 10000), 1);
}

// How long before it was picked up a datagram arrived, when the program comes 30 ms late.
static int64_t age_ns(int by, int to, const struct udp_peer *here)
{
    struct udp_peer from;
    char data[8];
    mono_t at, before = raw_now(), left;
    assert_true(udp_send(by, "ping", 4, here, &left));
    assert_true(mono_diff_ns(left, before) >= 0 && mono_diff_ns(raw_now(), left) >= 0);
    usleep(30000);
    wait_for(to);
    mono_t woken = raw_now();
    assert_int_equal(udp_receive(to, data, sizeof data, &from, &at), 4);
    assert_memory_equal(data, "ping", 4);
    assert_int_equal(from.address.ss_family, AF_INET);
    assert_true(mono_diff_ns(raw_now(), at) >= 0);
    return mono_diff_ns(woken, at);
}

static void the_kernel_knows_when_it_arrived(void **state)
{
    (void)state;
    struct udp_peer here, from;
    char data[8];
    mono_t at, left;
    assert_true(udp_address("127.0.0.1", 0, &here));
    int to = udp_open(&here, true), by = udp_open(&here, false);
    assert_true(to >= 0 && by >= 0);
    assert_int_equal(getsockname(to, (struct sockaddr *)&here.address, &here.len), 0);
    assert_int_equal(udp_receive(to, data, sizeof data, &from, &at), -1);
    assert_int_equal(errno, EAGAIN);

    // The kernel begins to stamp some moments after the first socket has asked for it; until then
    // the stamp is that of the reading. A machine that stands still makes one too old.
    int tries = 0;
    while (age_ns(by, to, &here) < 15000000)
        assert_true(tries++ < 200);

    assert_true(udp_send(by, "longer than that", 16, &here, &left));
    wait_for(to);
    assert_int_equal(udp_receive(to, data, sizeof data, &from, &at), 16);
    close(to);
    close(by);
}

// On the loopback its stamp is there at once, and close before that of the arrival: what lies
// between the call and the wire is not in it.
static void the_kernel_knows_when_it_left(void **state)
{
    (void)state;
    struct udp_peer here, from;
    char data[8];
    mono_t at, left;
    assert_true(udp_address("127.0.0.1", 0, &here));
    int to = udp_open(&here, true), by = udp_open(&here, false);
    assert_int_equal(getsockname(to, (struct sockaddr *)&here.address, &here.len), 0);
    int64_t least_call = INT64_MAX, least_wire = INT64_MAX;
    for (int i = 0; i < 2000; i++) {
        mono_t called = raw_now();
        assert_true(udp_send(by, "ping", 4, &here, &left));
        wait_for(to);
        assert_int_equal(udp_receive(to, data, sizeof data, &from, &at), 4);
        int64_t call = mono_diff_ns(left, called), wire = mono_diff_ns(at, left);
        least_call = call < least_call ? call : least_call;
        least_wire = wire > 0 && wire < least_wire ? wire : least_wire;
        struct pollfd errors = {.fd = by, .events = 0};
        assert_int_equal(poll(&errors, 1, 0), 0); // its stamp was taken off
    }
    print_message("call to wire at least %lld ns, over it %lld ns\n", (long long)least_call,
                  (long long)least_wire);
    assert_true(least_call > 0);
    assert_true(least_wire < least_call);
    close(to);
    close(by);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stamp_is_carried_over_by_its_age),
        cmocka_unit_test(a_stamp_that_cannot_be_means_now),
        cmocka_unit_test(addresses_of_both_families),
        cmocka_unit_test(the_kernel_knows_when_it_arrived),
        cmocka_unit_test(the_kernel_knows_when_it_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
