// SPDX-License-Identifier: Apache-2.0
// The guide's lease: who may lead a group. Part of a room's durable state; when it was last
// renewed is not, for that would be a write every two seconds.
//
//   renewed      6 s              16 s
//   ├─ held ──────┼─ lapsed ────────┼─ free ──────────────►
//   │ commands    │ the holder may  │ the deputy has it, if named and here;
//   │ are taken   │ renew, nobody   │ else any guide may claim it,
//   │             │ may claim       │ and the holder renew as long as nobody did
//
// Every new holder gets a fence one higher, and every command carries the fence its sender knows:
// so a guide who was away and does not know that somebody took over is refused, whatever the delay
// (fencing tokens; Gray and Cheriton 1989 for leases). Ages are differences on the box's one
// clock; nobody's own clock is asked. After a restart the age counts anew. Staff need no lease.
//
// Pure.
#ifndef SERVER_ROOM_ROOM_LEASE_H
#define SERVER_ROOM_ROOM_LEASE_H

#include "common/base/err.h"
#include "common/wire/wire.h"

struct room_lease {
    int64_t fence;                    // rises only; 0: there never was a holder
    char holder[WIRE_MEMBER_MAX + 1]; // "": nobody leads
    char holder_name[WIRE_NAME_MAX + 1];
    char deputy[WIRE_MEMBER_MAX + 1];
    char deputy_name[WIRE_NAME_MAX + 1];
};

// A guide's page renews every 2 s: two lost ones are no loss.
#define LEASE_TERM_US INT64_C(6000000)
// A phone that changes its access point is back within this.
#define LEASE_FREE_US INT64_C(16000000)

// Who acts. `member` and `name` are "" for staff.
struct room_actor {
    enum wire_role role;
    const char *member;
    const char *name;
};

// May this command, which is not about the lease, be given? ERR_FORBIDDEN, ERR_FENCED.
enum err room_lease_admit(const struct room_lease *l, const struct wire_command *c,
                          const struct room_actor *who, int64_t age_us);

// OP_RENEW: changes nothing durable. ERR_FENCED when the lease is somebody else's by now.
enum err room_lease_renew(const struct room_lease *l, const struct wire_command *c,
                          const struct room_actor *who);

// OP_CLAIM, OP_RELEASE, OP_HAND_OVER, OP_DEPUTY. ERR_LEASE_HELD, ERR_FENCED, ERR_FORBIDDEN.
enum err room_lease_command(const struct room_lease *l, const struct wire_command *c,
                            const struct room_actor *who, int64_t age_us, struct room_lease *out);

// The deputy takes over. False when none is named or it is too early.
bool room_lease_lapse(const struct room_lease *l, int64_t age_us, struct room_lease *out);

// Is the command about the lease (OP_RENEW to OP_DEPUTY and OP_CLAIM)?
bool room_lease_concerns(enum wire_op op);

#endif
