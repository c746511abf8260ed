// SPDX-License-Identifier: Apache-2.0
// What the two ends of a connection share: the client's (sim_net.c) and the server's (sim_peer.c).
#ifndef TESTS_SIM_SIM_NET_PRIVATE_H
#define TESTS_SIM_SIM_NET_PRIVATE_H

#include "tests/sim/sim_net.h"

// A message on its way.
struct parcel {
    struct parcel *next;
    enum wire_type type; // WIRE_HELLO, WIRE_COMMAND; WIRE_WELCOME, WIRE_STATE, WIRE_ACK, WIRE_ERROR
    bool other;
    struct heard *heard;
    union {
        struct wire_command command;
        struct wire_message answer;
    } u;
};

struct parcels {
    struct parcel *first, **end;
    int count;
};

// An answer that comes later; the server's end may be gone by then.
struct later {
    struct later *next;
    struct sim *sim;
    struct link *link; // NULL: nobody waits any more
    int life;
    bool other;
    struct wire_command command;
    struct room_actor actor;
    char name[WIRE_NAME_MAX + 1], member[WIRE_MEMBER_MAX + 1];
    house_t arrived;
};

struct link {
    struct link *next;
    struct sim *sim;
    struct person *person;
    int64_t latency, jitter;
    bool client_open, server_open;
    int life;
    struct parcels up, down, owed;
    int64_t up_last, down_last, asleep_until;
    struct room_member member;
    bool joining, state_due, writing;
    struct later *laters;
    struct bytes old; // a text of before, for BREAK_STATE_OLD
};

struct parcel *parcel_new(enum wire_type type);
void parcel_free(struct parcel *p);
void parcels_put(struct parcels *q, struct parcel *p);
struct parcel *parcels_take(struct parcels *q);
void parcels_drop(struct parcels *q);

// When a message that leaves now arrives; `last` is when the one before it does.
int64_t link_arrival(struct link *l, int64_t *last);
// Events: the next message reaches the client; the client hears that the connection is gone.
void link_down(void *user, int64_t arg);
void link_lost(void *user, int64_t arg);

// The server's end.
void peer_hello(struct link *l);
void peer_command(struct link *l, struct parcel *p);
void peer_close(struct link *l);
// Plans the next write when something is owed.
void peer_wake(struct link *l);

#endif
