// SPDX-License-Identifier: Apache-2.0
#include "player/link/path.h"

#define MS INT64_C(1000000)

void path_open(struct path *p)
{
    *p = (struct path){.via = WIRE_VIA_WS};
}

void path_close(struct path *p)
{
    *p = (struct path){.via = WIRE_VIA_NONE};
}

void path_offer(struct path *p)
{
    p->has_udp = true;
    p->resting = false;
    p->misses = 0;
}

static void give_up(struct path *p, mono_t now, struct path_turn *t)
{
    t->changed = p->via == WIRE_VIA_UDP;
    t->gave_up = true;
    p->via = WIRE_VIA_WS;
    p->resting = true;
    p->misses = 0;
    p->again = mono_add_ns(now, PATH_REST_MS * MS);
}

struct path_turn path_ask(struct path *p, mono_t now)
{
    struct path_turn t = {0};
    if (p->resting && mono_diff_ns(now, p->again) >= 0)
        path_offer(p);
    if (p->misses >= PATH_MISSES_MAX && mono_diff_ns(now, p->missed) >= PATH_SILENT_MS * MS)
        give_up(p, now, &t);
    t.udp = p->has_udp && !p->resting;
    if (t.udp && p->misses++ == 0)
        p->missed = now;
    t.ws = p->via == WIRE_VIA_WS || mono_diff_ns(now, p->ws_asked) >= PATH_WS_MS * MS;
    if (t.ws)
        p->ws_asked = now;
    return t;
}

bool path_answered(struct path *p)
{
    bool changed = p->has_udp && p->via == WIRE_VIA_WS;
    p->misses = 0;
    p->resting = false;
    if (changed)
        p->via = WIRE_VIA_UDP;
    return changed;
}

int64_t path_interval_ns(const struct path *p, int64_t wish_ns)
{
    bool tried = p->has_udp && !p->resting && (p->via == WIRE_VIA_WS || p->misses > 1);
    return tried && wish_ns > PATH_QUICK_MS * MS ? PATH_QUICK_MS * MS : wish_ns;
}
