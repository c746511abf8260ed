// SPDX-License-Identifier: Apache-2.0
// Who speaks when: kiosks first, all once, sockets looked at in between, files last. What a peer
// says is a letter here.
#include "tests/unit/unit.h"

#include "server/net/outgoing.h"
#include "server/net/peer.h"
#include "server/net/request.h"

#include <string.h>

enum { PHONES = 600 };

static struct peer phones[PHONES], kiosk;
static struct request file;
static char said[1000];
static struct outgoing *o;
static uv_loop_t loop;

static void say(char c)
{
    size_t len = strlen(said);
    assert_true(len + 1 < sizeof said);
    said[len] = c;
    said[len + 1] = '\0';
}

void peer_speak(struct peer *p)
{
    say(p == &kiosk ? 'k' : 'p');
}

void request_turn(struct request *r)
{
    say('f');
}

static int begin(void **state)
{
    (void)state;
    said[0] = '\0';
    memset(phones, 0, sizeof phones);
    memset(&kiosk, 0, sizeof kiosk);
    memset(&file, 0, sizeof file);
    kiosk.member.role = ROLE_KIOSK;
    uv_loop_init(&loop);
    o = outgoing_new(&loop);
    return 0;
}

static int end(void **state)
{
    (void)state;
    outgoing_stop(o);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

// How often c was said, in a turn.
static int turn(char c)
{
    int n = 0;
    said[0] = '\0';
    uv_run(&loop, UV_RUN_NOWAIT);
    for (const char *s = said; *s; s++)
        n += *s == c;
    return n;
}

static void each_speaks_once_kiosks_first_and_files_last(void **state)
{
    (void)state;
    for (int i = 0; i < PHONES; i++) {
        outgoing_put(o, &phones[i]);
        outgoing_put(o, &phones[i]);
    }
    outgoing_put_file(o, &file);
    outgoing_put(o, &kiosk);
    outgoing_remove(o, &phones[7]);
    assert_int_equal(outgoing_fanout(o)->waiting, PHONES);
    int spoke = turn('p');
    assert_int_equal(said[0], 'k');
    assert_in_range(spoke, 1, PHONES - 2); // and then the sockets
    assert_true(outgoing_behind(o));
    while (outgoing_fanout(o)->waiting) {
        assert_null(strchr(said, 'f'));
        spoke += turn('p');
    }
    assert_int_equal(spoke, PHONES - 1);
    assert_false(outgoing_behind(o));
    assert_true(strchr(said, 'f') || turn('f') == 1);
    assert_int_equal(turn('p'), 0);
}

static void what_a_peer_takes_is_learned_while_many_wait(void **state)
{
    (void)state;
    outgoing_put(o, &phones[0]);
    assert_int_equal(turn('p'), 1);
    assert_int_equal(outgoing_fanout(o)->member_ns, LEAD_MEMBER_NS);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < PHONES; i++)
            outgoing_put(o, &phones[i]);
        while (outgoing_fanout(o)->waiting)
            turn('p');
    }
    assert_int_not_equal(outgoing_fanout(o)->member_ns, LEAD_MEMBER_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_speaks_once_kiosks_first_and_files_last, begin, end),
        cmocka_unit_test_setup_teardown(what_a_peer_takes_is_learned_while_many_wait, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
