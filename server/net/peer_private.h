// SPDX-License-Identifier: Apache-2.0
// What peer.c (the socket), peer_out.c (what it is told) and greet.c (who it is) share. Nobody else
// includes this.
#ifndef SERVER_NET_PEER_PRIVATE_H
#define SERVER_NET_PEER_PRIVATE_H

#include "server/access/visits.h"
#include "server/net/net.h"
#include "server/net/peer.h"

// Answers that come later, from the store or a room. The peer may be gone by then: closing it
// clears `peer` in all of its own.
struct later {
    struct later *prev, *next;
    struct net *net;
    struct peer *peer; // NULL when it closed
    struct wire_hello hello;
    bool has_visit;
    struct visit visit;
    struct wire_command command;
    enum wire_role role;
    char member[WIRE_MEMBER_MAX + 1], name[WIRE_NAME_MAX + 1];
};

struct later *peer_later(struct peer *p);
void peer_later_free(struct later *l);

// What it says (peer_out.c). There is something: it goes out at the end of the loop's turn.
void peer_due(struct peer *p);
// It is over: what is owed is not said any more.
void peer_out_drop(struct peer *p);
void peer_send(struct peer *p, const struct wire_message *m);
void peer_send_error(struct peer *p, enum err e, const char *cmd_id, const char *detail);
void peer_send_state(struct peer *p);

// How fast it may be (peer_pace.c).
void pace_begin(struct peer *p);
// A message has come: false when it is one too many; that is answered, `cmd_id` may be NULL.
bool pace_allows(struct peer *p, const char *cmd_id);
// There are more, or fewer, answers owed.
void pace_owed(struct peer *p);
// It is over and may be written to once more: the reason, where lws does not know it.
void pace_last_words(struct peer *p);
bool peer_anything_due(const struct peer *p);

// Messages about who this is (greet.c).
void greet_hello(struct peer *p, const struct wire_hello *hello);
void greet_keep(struct peer *p, const struct wire_keep *keep);
void greet_forget(struct peer *p);
// With a code or a link, whoever it is.
void greet_join(struct peer *p, const struct wire_hello *hello);
// In a room, or staff in none.
void greet_welcome(struct peer *p, struct room *r, const struct visit *resumed);
// Tells that the guide who leads is away, or is back, and guides how their group is doing: on
// change, only the newest (peer_guide.c).
void peer_tell_of_group(struct peer *p, house_t now);
// A kiosk that said its device is in a room now: it hears its zone and is remembered.
void greet_met(struct peer *p, struct room *r, const char *device);

// Kiosks that show their key (greet_kiosk.c): their hello, and their answer.
void greet_kiosk(struct peer *p, const struct wire_hello *hello);
void greet_proof(struct peer *p, const struct wire_proof *proof);
// A hello that shows nothing claims to be this kiosk. False when one that has shown it is here.
bool greet_may_claim(struct peer *p, const char *kiosk);
// Something was heard of a kiosk: it is alive.
void greet_heard(struct peer *p);
// The socket closes.
void greet_gone(struct peer *p);
// A visitor who knows the PIN is a guide from now on.
void greet_guide(struct peer *p);

// Between visitors and guides (peer_guide.c).
void peer_hand(struct peer *p, const struct wire_hand *hand);
void peer_react(struct peer *p, const struct wire_react *react);
void peer_ask(struct peer *p);
void peer_lead(struct peer *p, const struct wire_lead *lead);
// A visitor is to be asked whether they are ready.
void peer_ask_due(struct peer *p);

#endif
