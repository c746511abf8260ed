// SPDX-License-Identifier: Apache-2.0
// Between visitors and their guide over one socket: hands, reactions, "ready?", how the group is
// doing, and the PIN that makes a guide of a visitor.
#include "common/base/check.h"
#include "server/access/access.h"
#include "server/net/peer_private.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

static struct peer *peer_of(struct room_member *m)
{
    return (struct peer *)((char *)m - offsetof(struct peer, member));
}

static bool in_room(struct peer *p)
{
    if (!p->member.room)
        peer_send_error(p, p->greeted ? ERR_FORBIDDEN : ERR_UNAUTHORIZED, NULL, NULL);
    return p->member.room != NULL;
}

static void tell_hand(struct peer *p)
{
    struct wire_message m = {.type = WIRE_HAND};
    m.u.hand.up = p->member.audience.hand;
    m.u.hand.number = p->member.audience.number;
    peer_send(p, &m);
}

void peer_hand(struct peer *p, const struct wire_hand *hand)
{
    if (!in_room(p))
        return;
    if (p->member.role == ROLE_GUIDE && !hand->up && hand->member[0]) {
        struct room_member *m = room_lower_hand(&p->member, hand->member);
        if (m)
            tell_hand(peer_of(m));
        return;
    }
    enum err e = room_hand(&p->member, hand->up, net_now(p->net));
    if (e == ERR_OK)
        tell_hand(p);
    else
        peer_send_error(p, e, NULL, NULL);
}

void peer_react(struct peer *p, const struct wire_react *react)
{
    if (!in_room(p))
        return;
    enum err e = room_react(&p->member, react->what, net_now(p->net));
    if (e != ERR_OK)
        peer_send_error(p, e, NULL, NULL);
}

void peer_ask(struct peer *p)
{
    if (!in_room(p))
        return;
    if (p->member.role != ROLE_GUIDE) {
        peer_send_error(p, ERR_FORBIDDEN, NULL, NULL);
        return;
    }
    if (!room_ask(p->member.room, net_now(p->net)))
        return;
    for (struct room_member *m = room_members(p->member.room); m; m = m->next) {
        if (m->role == ROLE_VISITOR)
            peer_ask_due(peer_of(m));
    }
}

void peer_tell_of_group(struct peer *p, house_t now)
{
    if (!p->member.room || p->member.role == ROLE_KIOSK)
        return;
    bool away = room_guide_away(p->member.room, now);
    uint32_t version = p->audience_version;
    if (p->member.role == ROLE_GUIDE)
        room_audience_text(p->member.room, now, &version);
    p->away_due = p->away_due || away != p->told_away;
    p->told_away = away;
    p->audience_due = p->audience_due || version != p->audience_version;
    if (p->away_due || p->audience_due)
        peer_due(p);
}

// --- the PIN -----------------------------------------------------------------------------------

// Looking at a PIN takes 0.1 s of a core, on a worker thread, as passwords do.
enum { WAITING_MAX = 8 };

struct attempt {
    uv_work_t work;
    struct later *later;
    char pin[WIRE_PIN_MAX + 1];
    char hash[ROOM_PIN_HASH_MAX + 1];
    bool fits;
};

static int waiting;

static void verify(uv_work_t *w)
{
    struct attempt *a = w->data;
    a->fits = password_fits(a->hash, a->pin);
}

static void verified(uv_work_t *w, int status)
{
    struct attempt *a = w->data;
    struct peer *p = a->later->peer;
    waiting--;
    if (status == 0 && a->fits)
        guesses_give_back(net_pin_guesses(a->later->net));
    if (p) {
        p->leading = false;
        if (status || !a->fits)
            peer_send_error(p, status ? ERR_BUSY : ERR_WRONG_PIN, NULL, NULL);
        else if (p->member.room)
            greet_guide(p);
    }
    peer_later_free(a->later);
    sodium_memzero(a, sizeof *a);
    free(a);
}

// Why this PIN is not even looked at; ERR_OK when it is.
static enum err refusal(struct peer *p)
{
    if (p->member.role != ROLE_VISITOR)
        return ERR_FORBIDDEN;
    if (!room_record(p->member.room)->guide_pin[0])
        return ERR_WRONG_PIN; // there is none
    if (waiting >= WAITING_MAX || p->leading)
        return ERR_BUSY;
    return guesses_take(net_pin_guesses(p->net), net_now(p->net)) ? ERR_OK : ERR_TOO_MANY_GUESSES;
}

void peer_lead(struct peer *p, const struct wire_lead *lead)
{
    if (!in_room(p))
        return;
    enum err e = refusal(p);
    if (e != ERR_OK) {
        peer_send_error(p, e, NULL, NULL);
        return;
    }
    struct attempt *a = check_alloc(calloc(1, sizeof *a));
    memcpy(a->pin, lead->pin, sizeof a->pin);
    memcpy(a->hash, room_record(p->member.room)->guide_pin, sizeof a->hash);
    a->later = peer_later(p);
    a->work.data = a;
    p->leading = true;
    waiting++;
    CHECK(uv_queue_work(net_house(p->net)->loop, &a->work, verify, verified) == 0);
}
