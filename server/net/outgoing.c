// SPDX-License-Identifier: Apache-2.0
#include "server/net/outgoing.h"

#include "common/base/check.h"
#include "server/net/peer.h"

// Peers between two looks at the sockets: about a third of a millisecond.
enum { SLICE = 64 };

struct outgoing {
    uv_prepare_t prepare; // before the loop sleeps
    uv_idle_t hurry;      // while it must not sleep
    struct peer *first, *last;
    int count;
    int open; // handles
};

static void on_hurry(uv_idle_t *h)
{
    (void)h; // that it is there is enough
}

static void on_prepare(uv_prepare_t *h)
{
    struct outgoing *o = h->data;
    for (int i = 0; i < SLICE && o->first; i++) {
        struct peer *p = o->first;
        outgoing_remove(o, p);
        peer_speak(p);
    }
    if (o->first)
        uv_idle_start(&o->hurry, on_hurry);
    else
        uv_idle_stop(&o->hurry);
}

struct outgoing *outgoing_new(uv_loop_t *loop)
{
    struct outgoing *o = check_alloc(calloc(1, sizeof *o));
    uv_prepare_init(loop, &o->prepare);
    uv_idle_init(loop, &o->hurry);
    o->prepare.data = o->hurry.data = o;
    o->open = 2;
    uv_prepare_start(&o->prepare, on_prepare);
    return o;
}

static void on_closed(uv_handle_t *h)
{
    struct outgoing *o = h->data;
    if (--o->open == 0)
        free(o);
}

void outgoing_stop(struct outgoing *o)
{
    uv_close((uv_handle_t *)&o->prepare, on_closed);
    uv_close((uv_handle_t *)&o->hurry, on_closed);
}

void outgoing_put(struct outgoing *o, struct peer *p)
{
    if (p->outgoing)
        return;
    p->outgoing = true;
    p->out_prev = o->last;
    p->out_next = NULL;
    if (o->last)
        o->last->out_next = p;
    else
        o->first = p;
    o->last = p;
    o->count++;
}

void outgoing_remove(struct outgoing *o, struct peer *p)
{
    if (!p->outgoing)
        return;
    p->outgoing = false;
    o->count--;
    if (p->out_prev)
        p->out_prev->out_next = p->out_next;
    else
        o->first = p->out_next;
    if (p->out_next)
        p->out_next->out_prev = p->out_prev;
    else
        o->last = p->out_prev;
}

bool outgoing_behind(const struct outgoing *o)
{
    return o->count > SLICE;
}
