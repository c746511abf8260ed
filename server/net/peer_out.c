// SPDX-License-Identifier: Apache-2.0
// What a peer is told. Messages become WebSocket frames here and leave in one write, however many
// there are; libwebsockets passes them on as they are, keeps what the kernel does not take, and
// puts its own control frames between ours. (docs/decisions/0027 tells why not one lws_write each.)
#include "common/base/check.h"
#include "server/net/outgoing.h"
#include "server/net/overview.h"
#include "server/net/peer_private.h"

#include <string.h>

// A message that is owed. The room's state has a place in the peer itself (peer.h).
struct owed_text {
    struct owed place;
    char data[];
};

// Of a frame's first byte: it is the last of its message; what it carries (RFC 6455, 5.2).
enum { FRAME_LAST = 0x80, FRAME_TEXT = 1, FRAME_BINARY = 2 };
// So much goes out in one write, before a message is left for the next.
enum { WRITE_ENOUGH = 16 * 1024 };

void peer_due(struct peer *p)
{
    struct outgoing *o = net_outgoing(p->net);
    if (o)
        outgoing_put(o, p);
}

static void queue(struct peer *p, struct owed *o)
{
    o->next = NULL;
    *p->owed_end = o;
    p->owed_end = &o->next;
    p->owed_count++;
    p->owed_bytes += o->len;
    pace_owed(p);
    peer_due(p);
}

void peer_send_state(struct peer *p)
{
    if (p->state_due || p->closing)
        return;
    p->state_due = true;
    queue(p, &p->state_place);
}

// The connection cannot be saved: it ends as soon as nobody is in the middle of it.
static void break_off(struct peer *p)
{
    lws_set_timeout(p->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    p->closing = true;
}

void peer_send(struct peer *p, const struct wire_message *m)
{
    static struct bytes text = {.ceiling = WIRE_MESSAGE_MAX};
    if (p->closing)
        return;
    if (p->owed_count >= PEER_OWED_MAX || p->owed_bytes >= PEER_OWED_BYTES) {
        break_off(p); // it does not read what it is told
        return;
    }
    bytes_clear(&text);
    CHECK(wire_encode(m, &text));
    struct owed_text *o = check_alloc(malloc(sizeof *o + text.len));
    o->place.len = text.len;
    memcpy(o->data, text.data, text.len);
    queue(p, &o->place);
}

void peer_send_error(struct peer *p, enum err e, const char *cmd_id, const char *detail)
{
    struct wire_message m = {.type = WIRE_ERROR};
    m.u.error.code = e;
    snprintf(m.u.error.cmd_id, sizeof m.u.error.cmd_id, "%s", cmd_id ? cmd_id : "");
    snprintf(m.u.error.detail, sizeof m.u.error.detail, "%s", detail ? detail : "");
    peer_send(p, &m);
}

static struct owed *take_owed(struct peer *p)
{
    struct owed *o = p->owed;
    p->owed = o->next;
    if (!p->owed)
        p->owed_end = &p->owed;
    p->owed_count--;
    p->owed_bytes -= o->len;
    return o;
}

static void free_owed(struct peer *p, struct owed *o)
{
    if (o != &p->state_place)
        free(o);
}

void peer_out_drop(struct peer *p)
{
    while (p->owed)
        free_owed(p, take_owed(p));
    struct outgoing *o = net_outgoing(p->net);
    if (o)
        outgoing_remove(o, p);
}

// --- writing -----------------------------------------------------------------------------------

static void put_frame(struct bytes *out, int kind, const void *data, size_t len)
{
    unsigned char head[10] = {(unsigned char)(FRAME_LAST | kind)};
    size_t n = 2;
    if (len < 126) {
        head[1] = (unsigned char)len;
    } else {
        int wide = len < 65536 ? 2 : 8;
        head[1] = wide == 2 ? 126 : 127;
        for (int shift = 8 * (wide - 1); shift >= 0; shift -= 8)
            head[n++] = (unsigned char)((uint64_t)len >> shift);
    }
    CHECK(bytes_append(out, head, n) && bytes_append(out, data, len));
}

static void put_text(struct bytes *out, const struct bytes *text)
{
    put_frame(out, FRAME_TEXT, text->data, text->len);
}

static void put_stamps(struct peer *p, struct bytes *out)
{
    for (int i = 0; i < p->stamp_count; i++) {
        unsigned char answer[STAMP_ANSWER_BYTES];
        struct stamp_answer a = {
            .seq = p->stamps[i].q.seq,
            .t1_ns = p->stamps[i].q.t1_ns,
            .t2_house_ns = p->stamps[i].t2_ns,
            .t3_house_ns = net_now_ns(p->net),
            .clock_epoch = net_house(p->net)->anchor->clock_epoch,
        };
        net_counters(p->net)->stamps++;
        stamp_put_answer(&a, answer);
        put_frame(out, FRAME_BINARY, answer, sizeof answer);
    }
    p->stamp_count = 0;
}

static void put_owed(struct peer *p, struct bytes *out)
{
    while (p->owed && out->len < WRITE_ENOUGH) {
        struct owed *o = take_owed(p);
        if (o != &p->state_place) {
            put_frame(out, FRAME_TEXT, ((struct owed_text *)o)->data, o->len);
        } else if (p->member.room) {
            net_counters(p->net)->states_out++;
            put_text(out, room_published_text(p->member.room));
        }
        p->state_due = p->state_due && o != &p->state_place;
        free_owed(p, o);
    }
}

// What only counts as the newest.
static void put_newest(struct peer *p, struct bytes *out)
{
    static const char ask[] = "{\"type\":\"ask\"}";
    static const char away[] = "{\"type\":\"guide\",\"away\":true}";
    static const char back[] = "{\"type\":\"guide\",\"away\":false}";
    if (p->ask_due)
        put_frame(out, FRAME_TEXT, ask, sizeof ask - 1);
    if (p->away_due && p->told_away)
        put_frame(out, FRAME_TEXT, away, sizeof away - 1);
    else if (p->away_due)
        put_frame(out, FRAME_TEXT, back, sizeof back - 1);
    if (p->audience_due && p->member.room)
        put_text(out, room_audience_text(p->member.room, net_now(p->net), &p->audience_version));
    const struct bytes *overview =
        p->overview_due ? overview_text(net_overview(p->net), peer_rank(p)) : NULL;
    if (overview)
        put_text(out, overview);
    p->ask_due = p->away_due = p->audience_due = p->overview_due = false;
}

bool peer_anything_due(const struct peer *p)
{
    return p->stamp_count || p->owed || p->ask_due || p->away_due || p->audience_due ||
           p->overview_due;
}

int peer_write(struct peer *p)
{
    // Of whoever has a turn: one loop, one write at a time.
    static struct bytes out = {.ceiling = WIRE_HOUSE_MAX + 4 * WIRE_MESSAGE_MAX};
    if (p->pace.over) {
        pace_last_words(p);
        return -1;
    }
    if (p->farewell)
        return 0; // nothing may follow the close frame, which lws answers
    p->pace.writes++;
    bytes_clear(&out);
    put_stamps(p, &out);
    put_owed(p, &out);
    pace_owed(p);
    if (!p->owed)
        put_newest(p, &out);
    int n = out.len ? lws_write(p->wsi, (unsigned char *)out.data, out.len, LWS_WRITE_RAW) : 0;
    if (n < 0 || (p->closing && !p->owed))
        return -1;
    if (p->owed)
        lws_callback_on_writable(p->wsi);
    return 0;
}

void peer_speak(struct peer *p)
{
    // What is behind comes when the kernel takes more; and lws closes from its own callback alone.
    if (p->closing || p->pace.over || lws_partial_buffered(p->wsi))
        lws_callback_on_writable(p->wsi);
    else if (peer_write(p) < 0)
        break_off(p);
}
