// SPDX-License-Identifier: Apache-2.0
#include "server/net/outgoing.h"

#include "common/base/check.h"
#include "server/net/peer.h"
#include "server/net/request.h"

// Between two looks at the sockets: peers for half a millisecond, files for about as long.
enum { SLICE = 64, PIECES = 8 };

struct outgoing {
    uv_prepare_t prepare; // before the loop sleeps
    uv_idle_t hurry;      // while it must not sleep
    TAILQ_HEAD(, peer) peers;
    TAILQ_HEAD(, request) files;
    int count; // of the peers
    int open;  // handles
};

static void on_hurry(uv_idle_t *h)
{
    (void)h; // that it is there is enough
}

static void on_prepare(uv_prepare_t *h)
{
    struct outgoing *o = h->data;
    struct peer *p;
    struct request *r;
    for (int i = 0; i < SLICE && (p = TAILQ_FIRST(&o->peers)); i++) {
        outgoing_remove(o, p);
        peer_speak(p);
    }
    for (int i = 0; i < PIECES && !o->count && (r = TAILQ_FIRST(&o->files)); i++) {
        outgoing_remove_file(o, r);
        request_turn(r);
    }
    if (o->count || !TAILQ_EMPTY(&o->files))
        uv_idle_start(&o->hurry, on_hurry);
    else
        uv_idle_stop(&o->hurry);
}

struct outgoing *outgoing_new(uv_loop_t *loop)
{
    struct outgoing *o = check_alloc(calloc(1, sizeof *o));
    TAILQ_INIT(&o->peers);
    TAILQ_INIT(&o->files);
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
    struct peer *p;
    struct request *r;
    while ((p = TAILQ_FIRST(&o->peers)))
        outgoing_remove(o, p);
    while ((r = TAILQ_FIRST(&o->files)))
        outgoing_remove_file(o, r);
    uv_close((uv_handle_t *)&o->prepare, on_closed);
    uv_close((uv_handle_t *)&o->hurry, on_closed);
}

void outgoing_put(struct outgoing *o, struct peer *p)
{
    if (p->outgoing)
        return;
    p->outgoing = true;
    TAILQ_INSERT_TAIL(&o->peers, p, out);
    o->count++;
}

void outgoing_remove(struct outgoing *o, struct peer *p)
{
    if (!p->outgoing)
        return;
    p->outgoing = false;
    TAILQ_REMOVE(&o->peers, p, out);
    o->count--;
}

void outgoing_put_file(struct outgoing *o, struct request *r)
{
    if (r->outgoing)
        return;
    r->outgoing = true;
    TAILQ_INSERT_TAIL(&o->files, r, out);
}

void outgoing_remove_file(struct outgoing *o, struct request *r)
{
    if (!r->outgoing)
        return;
    r->outgoing = false;
    TAILQ_REMOVE(&o->files, r, out);
}

bool outgoing_behind(const struct outgoing *o)
{
    return o->count > SLICE;
}
