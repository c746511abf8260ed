// SPDX-License-Identifier: Apache-2.0
#include "server/net/peer.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/admit.h"
#include "server/net/crowd.h"
#include "server/net/peer_private.h"
#include "server/net/porter.h"

#include <string.h>

struct later *peer_later(struct peer *p)
{
    struct later *l = check_alloc(calloc(1, sizeof *l));
    l->net = p->net;
    l->peer = p;
    l->next = p->laters;
    if (p->laters)
        p->laters->prev = l;
    p->laters = l;
    p->later_count++;
    l->role = p->member.role;
    snprintf(l->member, sizeof l->member, "%s", p->member.id);
    snprintf(l->name, sizeof l->name, "%s", l->role == ROLE_STAFF ? p->user : p->member.name);
    return l;
}

void peer_later_free(struct later *l)
{
    if (l->peer)
        l->peer->later_count--;
    if (l->prev)
        l->prev->next = l->next;
    else if (l->peer)
        l->peer->laters = l->next;
    if (l->next)
        l->next->prev = l->prev;
    free(l);
}

static void orphan_laters(struct peer *p)
{
    while (p->laters) {
        struct later *l = p->laters;
        p->laters = l->next;
        l->peer = NULL;
        l->prev = l->next = NULL;
    }
}

void peer_send_zone(struct peer *p, const struct wire_zone *zone)
{
    struct wire_message m = {.type = WIRE_ZONE, .u.zone = *zone};
    peer_send(p, &m);
}

void peer_identify(struct peer *p)
{
    struct wire_message m = {.type = WIRE_IDENTIFY};
    peer_send(p, &m);
}

void peer_tone(struct peer *p)
{
    struct wire_message m = {.type = WIRE_TONE};
    peer_send(p, &m);
}

static void on_state(struct room_member *m)
{
    peer_send_state((struct peer *)((char *)m - offsetof(struct peer, member)));
}

void peer_open(struct peer *p, struct net *net, struct lws *wsi, const char *session_cookie)
{
    memset(p, 0, sizeof *p);
    p->net = net;
    p->wsi = wsi;
    net_counters(net)->accepted++;
    p->owed_end = &p->owed;
    p->guest = lws_get_opaque_user_data(wsi);
    guest_is(p->guest, GUEST_SOCKET, net_now(net));
    pace_begin(p);
    bytes_init(&p->in, WIRE_MESSAGE_MAX);
    snprintf(p->agent_token, sizeof p->agent_token, "%s", session_cookie);
    visits_new_member(p->member.id, sizeof p->member.id);
    p->member.notify = on_state;
    struct peer **all = net_peers(net);
    p->next = *all;
    if (*all)
        (*all)->prev = p;
    *all = p;
    crowd_join(net_crowd(net), p);
    net_counters(net)->connections++;
}

void peer_farewell(struct peer *p)
{
    p->farewell = true;
}

void peer_close(struct peer *p)
{
    if (!p->net)
        return;
    if (p->farewell || p->closing)
        room_leave(&p->member, net_now(p->net));
    else
        room_lose(&p->member, net_now(p->net));
    greet_gone(p);
    if (p->time_id)
        time_server_dismiss(net_house(p->net)->time_server, p->time_id);
    orphan_laters(p);
    struct peer **all = net_peers(p->net);
    if (p->prev)
        p->prev->next = p->next;
    else
        *all = p->next;
    if (p->next)
        p->next->prev = p->prev;
    crowd_leave(net_crowd(p->net), p);
    peer_out_drop(p);
    bytes_free(&p->in);
    net_counters(p->net)->connections--;
    net_counters(p->net)->visitors -= p->visitor;
    net_counters(p->net)->staff -= p->staff;
    p->net = NULL;
}

static void on_answer(void *user, const struct wire_message *answer)
{
    struct later *l = user;
    struct peer *p = l->peer;
    if (p)
        peer_send(p, answer);
    peer_later_free(l);
}

static void on_group_found(void *user, enum err e, struct room *r)
{
    struct later *l = user;
    if (e == ERR_OK) {
        struct room_actor who = {l->role, l->role == ROLE_STAFF ? "" : l->member, l->name};
        room_command(r, &l->command, &who, net_now(l->net), on_answer, l);
        return;
    }
    struct peer *p = l->peer;
    if (p)
        peer_send_error(p, e, l->command.cmd_id, NULL);
    peer_later_free(l);
}

enum access_role peer_rank(const struct peer *p)
{
    const struct net_house *h = net_house(p->net);
    const struct access_login *l = access_find_login(h->access, p->login, net_now(p->net));
    return l ? l->user->role : ACCESS_NOBODY;
}

void peer_check_login(struct peer *p)
{
    if (!p->greeted || p->member.role != ROLE_STAFF || p->closing)
        return;
    if (peer_rank(p) == ACCESS_NOBODY)
        peer_bye(p, "signed_out", 1000);
    else
        peer_overview_changed(p); // it may show more now, or less
}

// Staff name the group they mean; a guide's is the one they are in.
static void on_command(struct peer *p, const struct wire_command *c)
{
    bool guide = p->member.role == ROLE_GUIDE && p->member.room;
    if (!p->greeted || (p->member.role != ROLE_STAFF && !guide)) {
        peer_send_error(p, p->greeted ? ERR_FORBIDDEN : ERR_UNAUTHORIZED, c->cmd_id, NULL);
        return;
    }
    enum access_role rank = guide ? ACCESS_NOBODY : peer_rank(p);
    if (!guide && rank < admit_command(c->op)) {
        peer_send_error(p, rank ? ERR_FORBIDDEN : ERR_UNAUTHORIZED, c->cmd_id, NULL);
        return;
    }
    const char *group = guide ? room_record(p->member.room)->id : c->group;
    if (!group[0] || (guide && c->group[0] && strcmp(c->group, group) != 0)) {
        peer_send_error(p, guide ? ERR_FORBIDDEN : ERR_BAD_MESSAGE, c->cmd_id,
                        guide ? NULL : "group: missing");
        return;
    }
    if (p->later_count >= PEER_LATERS_MAX) {
        peer_send_error(p, ERR_BUSY, c->cmd_id, NULL);
        return;
    }
    struct later *l = peer_later(p);
    l->command = *c;
    rooms_find(net_house(p->net)->rooms, ROOM_BY_ID, group, net_now(p->net), on_group_found, l);
}

static void on_report(struct peer *p, const struct wire_report *report)
{
    if (!p->member.room) {
        peer_send_error(p, ERR_UNAUTHORIZED, NULL, NULL);
        return;
    }
    p->member.report = *report;
    p->member.has_report = true;
    p->member.reported_at = net_now(p->net);
    if (p->member.role == ROLE_KIOSK && p->member.kiosk[0])
        traces_put(net_traces(p->net), p->member.kiosk, report, p->member.reported_at);
    if (report->lang[0])
        memcpy(p->member.lang, report->lang, sizeof p->member.lang);
    net_changed(p->net);
}

static void on_text(struct peer *p, const char *text, size_t len)
{
    struct wire_message m;
    char detail[120];
    net_counters(p->net)->messages_in++;
    enum err e = wire_decode(text, len, &m, detail, sizeof detail);
    if (!pace_allows(p, m.type == WIRE_COMMAND ? m.u.command.cmd_id : NULL))
        return;
    if (e != ERR_OK) {
        peer_send_error(p, e, m.type == WIRE_COMMAND ? m.u.command.cmd_id : NULL, detail);
        return;
    }
    switch (m.type) {
    case WIRE_HELLO:
        greet_hello(p, &m.u.hello);
        break;
    case WIRE_COMMAND:
        on_command(p, &m.u.command);
        break;
    case WIRE_REPORT:
        on_report(p, &m.u.report);
        break;
    case WIRE_KEEP:
        greet_keep(p, &m.u.keep);
        break;
    case WIRE_FORGET:
        greet_forget(p);
        break;
    case WIRE_HAND:
        peer_hand(p, &m.u.hand);
        break;
    case WIRE_REACT:
        peer_react(p, &m.u.react);
        break;
    case WIRE_ASK:
        peer_ask(p);
        break;
    case WIRE_LEAD:
        peer_lead(p, &m.u.lead);
        break;
    case WIRE_PROOF:
        greet_proof(p, &m.u.proof);
        break;
    case WIRE_AUDIENCE:
    case WIRE_GUIDE:
    case WIRE_WELCOME:
    case WIRE_SESSION:
    case WIRE_STATE:
    case WIRE_ACK:
    case WIRE_ERROR:
    case WIRE_BYE:
    case WIRE_ZONE:
    case WIRE_PROVE:
    case WIRE_NEW:
    case WIRE_IDENTIFY:
    case WIRE_TONE:
        peer_send_error(p, ERR_UNKNOWN_TYPE, NULL, "type: only a server says this");
        break;
    }
}

static void on_binary(struct peer *p, const void *data, size_t len, int64_t t2_ns)
{
    struct stamp_question q;
    if (!stamp_get_question(data, len, &q)) {
        if (pace_allows(p, NULL))
            peer_send_error(p, ERR_BAD_MESSAGE, NULL, "not a time question");
        return;
    }
    if (p->stamp_count == PEER_STAMPS_MAX)
        return; // it asks faster than it reads: a question without an answer is no harm
    p->stamps[p->stamp_count].q = q;
    p->stamps[p->stamp_count].t2_ns = t2_ns;
    p->stamp_count++;
    peer_speak(p); // before whatever else has come: it waits for it
}

int peer_receive(struct peer *p, const void *data, size_t len)
{
    int64_t t2_ns = net_now_ns(p->net);
    bool last = lws_is_final_fragment(p->wsi) && lws_remaining_packet_payload(p->wsi) == 0;
    bool binary = lws_frame_is_binary(p->wsi);
    // Most come in one piece and need no memory; ten thousand idle sockets then hold none.
    bool whole = last && p->pieces == 0;
    // Each piece counts, also an empty one, and what the frame says is still to come.
    if (++p->pieces > WIRE_MESSAGE_MAX ||
        p->in.len + len + lws_remaining_packet_payload(p->wsi) > WIRE_MESSAGE_MAX ||
        (!whole && !bytes_append(&p->in, data, len))) {
        lws_close_reason(p->wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
        return -1;
    }
    if (!last)
        return 0;
    greet_heard(p);
    const char *text = whole ? data : p->in.data;
    if (!whole)
        len = p->in.len;
    if (p->closing || p->farewell)
        ; // it has been told why, or has said that it goes
    else if (binary)
        on_binary(p, text, len, t2_ns);
    else
        on_text(p, text ? text : "", len);
    p->pieces = 0;
    bytes_free(&p->in);
    return p->pace.over ? -1 : 0;
}

void peer_bye(struct peer *p, const char *reason, int64_t retry_ms)
{
    struct wire_message m = {.type = WIRE_BYE};
    snprintf(m.u.bye.reason, sizeof m.u.bye.reason, "%s", reason);
    m.u.bye.retry_ms = retry_ms;
    peer_send(p, &m);
    p->closing = true;
}

void peer_ask_due(struct peer *p)
{
    p->ask_due = true;
    peer_due(p);
}

void peer_overview_changed(struct peer *p)
{
    if (!p->greeted || p->member.role != ROLE_STAFF)
        return;
    p->overview_due = true;
    peer_due(p);
}
