// SPDX-License-Identifier: Apache-2.0
#include "server/net/outgoing.h"

#include "common/base/check.h"
#include "server/net/peer.h"
#include "server/net/request.h"

// Between two looks at the sockets: peers for half a millisecond, files for about as long.
enum { SLICE = 64, PIECES = 8 };
// So many wait only when a large group is told of something; fewer do while people come in, and
// then a turn is long for other reasons.
enum { LARGE = 256 };

struct outgoing {
    uv_prepare_t prepare; // before the loop sleeps
    uv_idle_t hurry;      // while it must not sleep
    TAILQ_HEAD(, peer) peers;
    TAILQ_HEAD(, request) files;
    struct lead_fanout fanout; // its `waiting` are the peers
    uint64_t behind_ns;        // when a turn of many began; 0: the last one was none
    int open;                  // handles
};

static void on_hurry(uv_idle_t *h)
{
    (void)h; // that it is there is enough
}

// From the beginning of a full turn to that of the next: the writes, and whatever the loop did
// between.
static void measure(struct outgoing *o)
{
    bool large = o->fanout.waiting > LARGE;
    uint64_t now = o->behind_ns || large ? uv_hrtime() : 0;
    if (o->behind_ns)
        lead_fanout_learn(&o->fanout, (int64_t)(now - o->behind_ns), SLICE);
    o->behind_ns = large ? now : 0;
}

static void on_prepare(uv_prepare_t *h)
{
    struct outgoing *o = h->data;
    struct peer *p;
    struct request *r;
    measure(o);
    for (int i = 0; i < SLICE && (p = TAILQ_FIRST(&o->peers)); i++) {
        outgoing_remove(o, p);
        peer_speak(p);
    }
    for (int i = 0; i < PIECES && !o->fanout.waiting && (r = TAILQ_FIRST(&o->files)); i++) {
        outgoing_remove_file(o, r);
        request_turn(r);
    }
    if (o->fanout.waiting || !TAILQ_EMPTY(&o->files))
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
    o->fanout.member_ns = LEAD_MEMBER_NS;
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
    if (p->member.role == ROLE_KIOSK)
        TAILQ_INSERT_HEAD(&o->peers, p, out);
    else
        TAILQ_INSERT_TAIL(&o->peers, p, out);
    o->fanout.waiting++;
}

void outgoing_remove(struct outgoing *o, struct peer *p)
{
    if (!p->outgoing)
        return;
    p->outgoing = false;
    TAILQ_REMOVE(&o->peers, p, out);
    o->fanout.waiting--;
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

const struct lead_fanout *outgoing_fanout(const struct outgoing *o)
{
    return &o->fanout;
}

bool outgoing_behind(const struct outgoing *o)
{
    return o->fanout.waiting > SLICE;
}
