// SPDX-License-Identifier: Apache-2.0
// Connections. Each has a client's end and a server's end, which sees the other's end late or
// never; within one nothing overtakes. The server's end owes messages as server/net/peer.c does:
// the newest state has at most one place in the queue, whatever the reader's pace.
#ifndef TESTS_SIM_SIM_NET_H
#define TESTS_SIM_SIM_NET_H

#include "server/room/room.h"
#include "tests/sim/sim.h"

struct link;
struct person;

// A state as a client decoded it; shared by all who got the same bytes.
struct heard {
    int refs;
    bool urgent; // a stop that was spoken and is not durable
    struct wire_state state;
};
void heard_unref(struct heard *h);

// The client's end. Links live until the world ends.
struct link *link_open(struct sim *s, struct person *p);
void link_hello(struct link *l);
// `other`: the same cmd_id is used for other content than the first time.
void link_command(struct link *l, const struct wire_command *c, bool other);
// Gone for the client now; the server notices when it notices.
void link_cut(struct link *l);
bool link_is_open(const struct link *l);
// Nothing is read until then.
void link_sleep(struct link *l, int64_t until);

// The server is gone; with the power its clients notice late.
void net_server_gone(struct sim *s, bool power);
// Every open connection reads again.
void net_heal(struct sim *s);
// Visitors and guides in a room, as the server counts them.
int net_listeners(struct sim *s, int room);
bool net_member_here(struct sim *s, int room, const char *member);
void net_free(struct sim *s);

#endif
