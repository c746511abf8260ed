// SPDX-License-Identifier: Apache-2.0
// Keeping pace with one socket. What could run away, and how each ends:
//
//   it sends too much     messages_per_second, twice as many at once (a page sends a report and
//                         now and then a command); more are answered with "too_fast", after a
//                         further 40 it is read no more until the next second, and after ten such
//                         seconds it is closed (1008). Time questions do not count: their queue is
//                         short, and what does not fit is dropped.
//   it asks, reads not    with 12 answers owed nothing more of it is read
//   it is gone            found after 11 s: by the kernel's probes when nothing is on its way to it
//                         (listen.h), else here
//   it takes nothing      what only counts as the newest waits in one place; after ten seconds
//                         without a write it is closed (1013)
//
// So a socket holds at most 48 messages and 64 KiB, and beside that 16 KiB in the kernel that are
// not on their way yet: a larger heap there would be of old states.
#include "common/base/log.h"
#include "server/net/listen.h"
#include "server/net/net.h"
#include "server/net/peer_private.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define FLOOD_US INT64_C(10000000)

enum {
    FLOOD_READ = 40,
    STALLED_S = 10,
    CLOSE_TAKES_S = 1,
    TRY_AGAIN_LATER = 1013,
    KERNEL_UNSENT_MAX = 16 * 1024,
};

// Messages a second; twice as many at once.
static double messages_per_second(const struct peer *p)
{
    return (double)net_house(p->net)->settings->messages_per_second;
}

void pace_begin(struct peer *p)
{
    int unsent = KERNEL_UNSENT_MAX;
    p->pace.messages = (struct bucket){2 * messages_per_second(p), net_now(p->net)};
    int fd = lws_get_socket_fd(p->wsi), never = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    // The limit above is for who waits until it may write. What is said at once stops here.
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent);
    // Who is there and does not read is told why; the kernel would not tell it apart.
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &never, sizeof never);
}

static void pause_reading(struct peer *p)
{
    if (p->pace.paused)
        return;
    p->pace.paused = true;
    lws_rx_flow_control(p->wsi, 0);
}

static void go_on_reading(struct peer *p)
{
    if (!p->pace.paused)
        return;
    p->pace.paused = false;
    lws_rx_flow_control(p->wsi, 1);
    lws_callback_on_writable(p->wsi); // what lws has read already is looked at with the next event
}

// Two seconds without a message, and all is forgotten.
static void too_fast(struct peer *p, house_t now)
{
    static unsigned char why[] = "too_fast";
    struct pace *c = &p->pace;
    if (c->flood_at.us == 0)
        c->flood_at = now;
    if (++c->flood >= FLOOD_READ)
        pause_reading(p);
    if (house_diff_us(now, c->flood_at) < FLOOD_US)
        return;
    log_debug("net", "%s sends too much, closed", p->member.id);
    net_counters(p->net)->flooded++;
    c->over = true;
    lws_close_reason(p->wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, why, sizeof why - 1);
}

bool pace_allows(struct peer *p, const char *cmd_id)
{
    struct pace *c = &p->pace;
    house_t now = net_now(p->net);
    double rate = messages_per_second(p), most = 2 * rate;
    if (bucket_fill(&c->messages, rate, most, now) >= most)
        c->flood_at = (house_t){0};
    if (bucket_take(&c->messages, rate, most, now))
        return true;
    peer_send_error(p, ERR_TOO_FAST, cmd_id, NULL);
    too_fast(p, now);
    return false;
}

void pace_owed(struct peer *p)
{
    if (p->owed_count >= PEER_OWED_PAUSE)
        pause_reading(p);
    else if (p->owed_count <= PEER_OWED_PAUSE / 2 && p->pace.flood < FLOOD_READ)
        go_on_reading(p);
}

// It takes nothing, but the kernel may take what it is in the middle of and the reason after it,
// for when it reads again: so much room is made now, and the callback that comes of it says it.
static void close_stalled(struct peer *p)
{
    int room = 8 * KERNEL_UNSENT_MAX, fd = lws_get_socket_fd(p->wsi);
    log_debug("net", "%s takes nothing, closed", p->member.id);
    p->closing = p->pace.over = true;
    net_counters(p->net)->stalled++;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    lws_callback_on_writable(p->wsi);
    lws_set_timeout(p->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_TAKES_S);
}

void pace_last_words(struct peer *p)
{
    unsigned char space[LWS_PRE + 4] = {0};
    const unsigned char frame[4] = {0x88, 2, TRY_AGAIN_LATER >> 8, TRY_AGAIN_LATER & 0xff};
    if (p->pace.stalled_s < STALLED_S)
        return; // libwebsockets says why
    memcpy(space + LWS_PRE, frame, sizeof frame);
    lws_write(p->wsi, space + LWS_PRE, sizeof frame, LWS_WRITE_RAW);
}

// Something was sent and nothing at all has come since: probes go out on a quiet connection alone.
static bool is_gone(struct peer *p)
{
    struct tcp_info t = {0};
    socklen_t len = sizeof t;
    struct pace *c = &p->pace;
    if (c->writes == c->arrived)
        return false;
    if (getsockopt(lws_get_socket_fd(p->wsi), IPPROTO_TCP, TCP_INFO, &t, &len) != 0)
        return false;
    if (t.tcpi_unacked == 0)
        c->arrived = c->writes;
    return t.tcpi_unacked > 0 && t.tcpi_last_ack_recv >= GIVE_UP_MS;
}

void peer_look(struct peer *p)
{
    struct pace *c = &p->pace;
    if (p->closing)
        return;
    c->flood = 0;
    pace_owed(p);
    if (is_gone(p)) {
        p->closing = true;
        lws_set_timeout(p->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    if (!peer_anything_due(p) || c->writes != c->seen) {
        c->seen = c->writes;
        c->stalled_s = 0;
    } else if (++c->stalled_s >= STALLED_S) {
        close_stalled(p);
    }
    peer_tell_of_group(p, net_now(p->net));
}
