// SPDX-License-Identifier: Apache-2.0
// The real thread on a real socket of the loopback, asked by a kiosk that is made here.
#include "tests/unit/unit.h"

#include "common/net/udp.h"
#include "server/timeserver/time_server.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static struct time_server *server;
static struct sealed_pair house, device;
static struct udp_peer address;
static const struct house_anchor anchor = {.present = true, .base_ns = 1000, .clock_epoch = 7};

struct kiosk {
    int fd;
    struct sealed_session session;
};

static int start(void **state)
{
    (void)state;
    char error[200];
    sealed_pair_new(&house);
    sealed_pair_new(&device);
    server = time_server_start("127.0.0.1", 0, -1, &house, &anchor, error, sizeof error);
    return server && udp_address("127.0.0.1", time_server_port(server), &address) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    time_server_stop(server);
    return 0;
}

static struct kiosk join(void)
{
    char text[SEALED_KEY_TEXT];
    uint8_t key[SEALED_KEY_BYTES];
    struct kiosk k;
    sealed_key_text(device.public_key, text);
    uint64_t id = time_server_admit(server, text);
    assert_true(id != 0);
    assert_true(sealed_key_from_text(time_server_key(server), key));
    assert_true(sealed_session_kiosk(&k.session, &device, key, id));
    k.fd = udp_open(&address, false);
    assert_true(k.fd >= 0);
    return k;
}

static void leave(struct kiosk *k)
{
    time_server_dismiss(server, k->session.id);
    close(k->fd);
}

static void send_question(const struct kiosk *k, uint32_t seq, int64_t t1_ns)
{
    uint8_t data[SEALED_BYTES];
    mono_t sent;
    sealed_put_question(&k->session, &(struct stamp_question){seq, t1_ns}, data);
    assert_true(udp_send(k->fd, data, sizeof data, &address, &sent));
}

static struct sealed_left left; // as the last answer said

static struct stamp_answer answer(const struct kiosk *k)
{
    uint8_t data[SEALED_BYTES];
    struct udp_peer from;
    struct stamp_answer a;
    mono_t at;
    struct pollfd wait = {.fd = k->fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 20000), 1);
    assert_int_equal(udp_receive(k->fd, data, sizeof data, &from, &at), SEALED_BYTES);
    assert_true(sealed_get_answer(&k->session, data, sizeof data, &a, &left));
    return a;
}

// Datagrams of one socket are dealt with in order: with the answer to this one, all before are.
static void nothing_else_was_answered(const struct kiosk *k, uint32_t seq, int64_t t1_ns)
{
    send_question(k, seq, t1_ns);
    assert_int_equal(answer(k).seq, seq);
}

static void a_question_is_answered_with_house_time(void **state)
{
    (void)state;
    struct kiosk k = join();
    mono_t before = house_raw_now();
    send_question(&k, 5, before.ns);
    struct stamp_answer a = answer(&k);
    mono_t after = house_raw_now();
    assert_int_equal(a.seq, 5);
    assert_int_equal(a.t1_ns, before.ns);
    assert_int_equal(a.clock_epoch, 7);
    // The stamp of arrival is carried over from another clock: that may cost some us, or more where
    // the thread is put aside.
    assert_true(a.t2_house_ns > house_ns_at(&anchor, before) - 15000000);
    assert_true(a.t2_house_ns <= a.t3_house_ns);
    assert_true(a.t3_house_ns < house_ns_at(&anchor, after));
    leave(&k);
}

static void a_new_anchor_is_in_the_next_answer(void **state)
{
    (void)state;
    struct kiosk k = join();
    struct house_anchor later = anchor;
    later.base_ns += INT64_C(3600000000000);
    later.clock_epoch = 8;
    time_server_set_anchor(server, &later);
    send_question(&k, 1, 1);
    struct stamp_answer a = answer(&k);
    assert_int_equal(a.clock_epoch, 8);
    assert_true(a.t2_house_ns > house_ns_at(&anchor, house_raw_now()) + INT64_C(3000000000000));
    time_server_set_anchor(server, &anchor);
    leave(&k);
}

static void what_was_heard_before_is_not_answered_again(void **state)
{
    (void)state;
    struct kiosk k = join();
    int64_t refused = time_server_stats(server).refused;
    send_question(&k, 1, 1000);
    send_question(&k, 1, 1000);
    assert_int_equal(answer(&k).seq, 1);
    nothing_else_was_answered(&k, 2, 1001);
    assert_int_equal(time_server_stats(server).refused, refused + 1);
    leave(&k);
}

static void what_was_overtaken_is_answered(void **state)
{
    (void)state;
    struct kiosk k = join();
    int64_t refused = time_server_stats(server).refused;
    const int64_t most = TIME_SERVER_OVERTAKEN;
    for (int64_t t1 = most; t1 > 0; t1--)
        nothing_else_was_answered(&k, (uint32_t)t1, t1);
    for (int64_t t1 = most; t1 >= 0; t1--)
        send_question(&k, 1, t1);
    nothing_else_was_answered(&k, (uint32_t)most + 1, most + 1);
    assert_int_equal(time_server_stats(server).refused, refused + most + 1);
    leave(&k);
}

static void who_left_is_not_answered(void **state)
{
    (void)state;
    struct kiosk k = join(), gone = join();
    leave(&gone);
    gone.fd = k.fd;
    send_question(&gone, 1, 1);
    nothing_else_was_answered(&k, 2, 2);
    leave(&k);
}

// In its own answer's place: when the one before left, which no answer can say of itself.
static void the_next_answer_says_when_the_last_one_left(void **state)
{
    (void)state;
    struct kiosk k = join();
    int64_t t1 = house_raw_now().ns;
    send_question(&k, 1, t1);
    struct stamp_answer first = answer(&k);
    assert_int_equal(left.t3_house_ns, 0);
    send_question(&k, 2, t1 + 1);
    struct stamp_answer second = answer(&k);
    assert_int_equal(left.t1_ns, t1);
    assert_true(left.t3_house_ns >= first.t3_house_ns);
    assert_true(left.t3_house_ns <= second.t2_house_ns);
    leave(&k);
}

static void what_is_not_sealed_is_dropped(void **state)
{
    mono_t sent;
    (void)state;
    struct kiosk k = join();
    unit_seed();
    uint8_t good[SEALED_BYTES], data[2 * SEALED_BYTES];
    for (int i = 0; i < 20000; i++) {
        int64_t t1 = 2 * i + 1;
        size_t len = (size_t)unit_below(sizeof data);
        for (size_t n = 0; n < sizeof data; n++)
            data[n] = (uint8_t)unit_random();
        if (unit_below(2)) { // nearly right
            len = SEALED_BYTES;
            sealed_put_question(&k.session, &(struct stamp_question){9, t1}, good);
            memcpy(data, good, len);
            data[unit_below(SEALED_BYTES)] ^= (uint8_t)(1 << unit_below(8));
        }
        assert_true(udp_send(k.fd, data, len, &address, &sent));
        if (i % 200 == 199) {
            // Slowly enough for the session's rate, whatever the machine's.
            usleep(5000);
            nothing_else_was_answered(&k, 1, t1 + 1);
        }
    }
    leave(&k);
}

// The socket may be full: asked again until there is an answer.
static void is_answered_in_the_end(const struct kiosk *k)
{
    struct pollfd wait = {.fd = k->fd, .events = POLLIN};
    int64_t t1 = 1;
    do {
        assert_true(t1 < 1000);
        send_question(k, 1, t1++);
    } while (poll(&wait, 1, 20) == 0);
    assert_int_equal(answer(k).seq, 1);
}

static void a_kiosk_that_asks_too_fast_waits(void **state)
{
    (void)state;
    struct kiosk fast = join(), calm = join();
    struct time_server_stats before = time_server_stats(server);
    mono_t begin = house_raw_now();
    for (int i = 1; i <= 2000; i++) {
        send_question(&fast, (uint32_t)i, i);
        usleep(50); // the socket holds some hundred
    }
    is_answered_in_the_end(&calm);
    double seconds = (double)mono_diff_ns(house_raw_now(), begin) / 1e9;
    struct time_server_stats after = time_server_stats(server);
    double most = 2 * TIME_SERVER_PER_S * (seconds + 0.5); // for each of the two
    assert_true(after.answers - before.answers >= 50);
    assert_true((double)(after.answers - before.answers) <= most);
    leave(&fast);
    leave(&calm);
}

static void there_are_so_many_places(void **state)
{
    (void)state;
    char text[SEALED_KEY_TEXT];
    uint64_t ids[TIME_SERVER_SESSIONS];
    sealed_key_text(device.public_key, text);
    for (int i = 0; i < TIME_SERVER_SESSIONS; i++)
        assert_true((ids[i] = time_server_admit(server, text)) != 0);
    assert_int_equal(time_server_admit(server, text), 0);
    time_server_dismiss(server, ids[17]);
    assert_true((ids[17] = time_server_admit(server, text)) != 0);
    for (int i = 0; i < TIME_SERVER_SESSIONS; i++)
        time_server_dismiss(server, ids[i]);
}

static void a_key_that_is_none_gets_no_session(void **state)
{
    (void)state;
    assert_int_equal(time_server_admit(server, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 0);
    assert_int_equal(time_server_admit(server, ""), 0);
    time_server_dismiss(server, 0);
}

static atomic_bool enough;

static void *ask_and_ask(void *user)
{
    struct kiosk *k = user;
    for (int64_t t1 = 1; !atomic_load(&enough); t1++) {
        send_question(k, (uint32_t)t1, t1);
        usleep(200);
    }
    return NULL;
}

static void the_loop_may_come_and_go_meanwhile(void **state)
{
    (void)state;
    struct kiosk k = join();
    pthread_t asker;
    assert_int_equal(pthread_create(&asker, NULL, ask_and_ask, &k), 0);
    // On a busy machine the two threads may not have run at all when 2,000 are done.
    for (int i = 0; i < 2000 || (i < 200000 && time_server_stats(server).answers == 0); i++) {
        struct kiosk other = join();
        time_server_set_anchor(server, &anchor);
        leave(&other);
    }
    atomic_store(&enough, true);
    pthread_join(asker, NULL);
    assert_true(time_server_stats(server).answers > 0);
    leave(&k);
}

static void a_port_that_is_taken_is_said(void **state)
{
    (void)state;
    char error[200];
    int port = time_server_port(server);
    assert_null(time_server_start("127.0.0.1", port, -1, &house, &anchor, error, sizeof error));
    assert_non_null(strstr(error, "in use"));
    assert_null(time_server_start("no address", 0, -1, &house, &anchor, error, sizeof error));
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_question_is_answered_with_house_time),
        TEST(a_new_anchor_is_in_the_next_answer),
        TEST(what_was_heard_before_is_not_answered_again),
        TEST(what_was_overtaken_is_answered),
        TEST(who_left_is_not_answered),
        TEST(the_next_answer_says_when_the_last_one_left),
        TEST(what_is_not_sealed_is_dropped),
        TEST(a_kiosk_that_asks_too_fast_waits),
        TEST(there_are_so_many_places),
        TEST(a_key_that_is_none_gets_no_session),
        TEST(the_loop_may_come_and_go_meanwhile),
        TEST(a_port_that_is_taken_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
