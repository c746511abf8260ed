// SPDX-License-Identifier: Apache-2.0
#include "server/net/guides.h"

#include "common/base/check.h"
#include "server/net/net.h"
#include "server/net/peer.h"

enum { PERIOD_MS = 1000 };

struct guides {
    struct net *net;
    uv_timer_t timer;
};

static void on_tick(uv_timer_t *t)
{
    struct guides *g = t->data;
    bool wanted = false;
    house_t now = net_now(g->net);
    for (struct peer *p = *net_peers(g->net); p; p = p->next) {
        if (!p->member.room || p->member.role == ROLE_KIOSK)
            continue;
        bool guide = p->member.role == ROLE_GUIDE;
        bool led = room_record(p->member.room)->state.lease.holder[0] != '\0';
        wanted = wanted || guide || led || p->told_away;
        peer_guide_away(p, room_guide_away(p->member.room, now));
        if (guide)
            peer_audience(p, now);
    }
    if (!wanted)
        uv_timer_stop(&g->timer);
}

struct guides *guides_new(struct net *net)
{
    struct guides *g = check_alloc(calloc(1, sizeof *g));
    g->net = net;
    uv_timer_init(net_house(net)->loop, &g->timer);
    g->timer.data = g;
    return g;
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void guides_stop(struct guides *g)
{
    uv_close((uv_handle_t *)&g->timer, on_closed);
}

void guides_wanted(struct guides *g)
{
    if (!uv_is_active((uv_handle_t *)&g->timer) && !uv_is_closing((uv_handle_t *)&g->timer))
        uv_timer_start(&g->timer, on_tick, 1, PERIOD_MS);
}
