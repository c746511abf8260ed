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

enum { LOOK_MS = 1000 };

struct crowd {
    struct net *net;
    struct porter *porter;
    uv_timer_t timer;
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

static void on_look(uv_timer_t *timer)
{
    struct crowd *c = timer->data;
    house_t now = net_now(c->net);
    struct guest *g;
    porter_sweep(c->porter, now);
    while ((g = porter_silent(c->porter, house_add_us(now, -SILENT_US))))
        listener_send_away(g);
    for (struct peer *p = *net_peers(c->net), *next; p; p = next) {
        next = p->next;
        peer_look(p);
    }
    tell(c);
}

struct crowd *crowd_new(struct net *net)
{
    struct crowd *c = check_alloc(calloc(1, sizeof *c));
    struct porter_limits l = limits(net_house(net)->settings);
    c->net = net;
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
    CHECK(uv_timer_start(&c->timer, on_look, LOOK_MS, LOOK_MS) == 0);
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
