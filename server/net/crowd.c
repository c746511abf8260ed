// SPDX-License-Identifier: Apache-2.0
#include "server/net/crowd.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/listen.h"
#include "server/net/net.h"
#include "server/net/peer.h"
#include "server/net/porter.h"

// How long a WebSocket may wait without a hello: a kiosk with a wrong code says one every ten
// seconds, a page opens another when somebody has typed the code.
#define SILENT_US INT64_C(60000000)

// Ten thousand looks cost twenty milliseconds, too long for one turn of the loop: each socket has a
// second of its own, and of a crowd that came in one instant so many are looked at in a tick that
// all are in a second.
enum { TICK_MS = 50, TICKS = 1000 / TICK_MS };
#define LOOK_US INT64_C(1000000)

struct crowd {
    struct net *net;
    struct porter *porter;
    uv_timer_t timer;
    TAILQ_HEAD(, peer) peers; // who was looked at longest ago is first
    int peer_count, tick;
    int64_t refused; // when we looked last
    bool told;
};

static struct porter_limits limits(const struct settings *s)
{
    char error[200];
    struct porter_limits l = {.per_second = s->connections_per_second,
                              .waiting_per_address = s->connections_per_address,
                              .sockets_per_address = s->members_per_address};
    CHECK(subnets_parse(s->exempt, &l.exempt, error, sizeof error)); // looked at by the settings
    return l;
}

// After a start the house knows again whence its kiosks and its staff came.
static void trust_known(struct crowd *c)
{
    const struct net_house *h = net_house(c->net);
    const struct access_login *logins[ACCESS_LOGINS_MAX];
    house_t now = net_now(c->net);
    int count, n = access_logins(h->access, logins, ACCESS_LOGINS_MAX, now);
    for (int i = 0; i < n; i++)
        porter_trust(c->porter, logins[i]->address, now);
    const struct kiosk *kiosks = kiosks_all(h->kiosks, &count);
    for (int i = 0; i < count; i++) {
        if (kiosks[i].kept)
            porter_trust(c->porter, kiosks[i].address, now);
    }
}

// Said once for each crowd: staff may want to know, and a log is no place for thousands of lines.
static void tell(struct crowd *c)
{
    const struct porter_counters *n = porter_counters(c->porter);
    int64_t refused = n->too_fast + n->too_many;
    if (refused > c->refused && !c->told)
        log_warn("net", "more connections come than are let in; those who were refused try again");
    c->told = refused > c->refused;
    c->refused = refused;
}

static void look_at_sockets(struct crowd *c, house_t now)
{
    struct peer *p;
    for (int left = c->peer_count / TICKS + 1; left > 0 && (p = TAILQ_FIRST(&c->peers)); left--) {
        if (house_diff_us(now, p->looked_at) < LOOK_US)
            return;
        TAILQ_REMOVE(&c->peers, p, crowd);
        TAILQ_INSERT_TAIL(&c->peers, p, crowd);
        p->looked_at = now;
        peer_look(p);
    }
}

static void look_at_door(struct crowd *c, house_t now)
{
    struct guest *g;
    porter_sweep(c->porter, now);
    while ((g = porter_silent(c->porter, house_add_us(now, -SILENT_US))))
        listener_send_away(g);
    tell(c);
}

static void on_tick(uv_timer_t *timer)
{
    struct crowd *c = timer->data;
    house_t now = net_now(c->net);
    look_at_sockets(c, now);
    c->tick = (c->tick + 1) % TICKS;
    if (c->tick == 0)
        look_at_door(c, now);
}

void crowd_join(struct crowd *c, struct peer *p)
{
    p->looked_at = net_now(c->net);
    TAILQ_INSERT_TAIL(&c->peers, p, crowd);
    c->peer_count++;
}

void crowd_leave(struct crowd *c, struct peer *p)
{
    TAILQ_REMOVE(&c->peers, p, crowd);
    c->peer_count--;
}

struct crowd *crowd_new(struct net *net)
{
    struct crowd *c = check_alloc(calloc(1, sizeof *c));
    struct porter_limits l = limits(net_house(net)->settings);
    c->net = net;
    TAILQ_INIT(&c->peers);
    c->porter = porter_new(&l, net_now(net));
    trust_known(c);
    return c;
}

struct porter *crowd_porter(struct crowd *c)
{
    return c->porter;
}

void crowd_reload(struct crowd *c)
{
    struct porter_limits l = limits(net_house(c->net)->settings);
    porter_limit(c->porter, &l);
}

void crowd_start(struct crowd *c)
{
    CHECK(uv_timer_init(net_house(c->net)->loop, &c->timer) == 0);
    c->timer.data = c;
    CHECK(uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS) == 0);
    uv_unref((uv_handle_t *)&c->timer);
}

void crowd_stop(struct crowd *c)
{
    uv_close((uv_handle_t *)&c->timer, NULL);
}

void crowd_free(struct crowd *c)
{
    porter_free(c->porter);
    free(c);
}
