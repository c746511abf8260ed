// SPDX-License-Identifier: Apache-2.0
// The porter: which connections may come in, how many at once and how fast, so that neither a crowd
// nor one machine with tools keeps others out. Pure: it counts, and says whom to send away.
//
//   accept ─► admit ─► NEW ─► BUSY ⇄ IDLE          HTTP          ┐ waiting: of the house, and of
//                       └──► SOCKET                no hello yet   ┘ one address, so many at once
//                               └─► IN             a visitor: so many of one address
//                               └─► TRUSTED        staff, and kiosks that staff have adopted
//
// How fast: so many a second in the house, so many a second of one address. Who is refused by that
// may come again in a moment. Addresses where staff or adopted kiosks were seen have a bucket of
// their own, and the last places: a crowd at the door does not keep them out. Networks in
// `exempt` are not counted at all.
//
// A handshake of TLS costs some two milliseconds of a core. Begun for more than can be served soon,
// each would be given up by its phone before it is done, and the work with it: so only so many are
// under way.
//
// How many: when all places to wait are taken, or all of an address, the one that has done nothing
// for longest goes, of the address that has most: a browser opens an idle connection anew without
// a word, and who sends a header letter by letter has no right to the place. Whoever is IN stays.
//
// An IPv6 address counts with its /64: one machine has all of that.
// Thread: the loop's.
#ifndef SERVER_NET_PORTER_H
#define SERVER_NET_PORTER_H

#include "common/base/subnets.h"
#include "common/time/instant.h"
#include "server/net/bucket.h"

#include <stdint.h>

enum {
    // Connections that have not said who they are, in the house; each costs some 6 KiB.
    PORTER_WAITING_MAX = 4096,
    PORTER_KEPT_BACK = 128,   // of these, for addresses that are trusted
    PORTER_ADDRESSES = 32768, // known at once: those with connections, or a bucket not full again
    // Over TLS, that have come within the last second and asked for nothing yet: a quarter of a
    // second's work.
    PORTER_SHAKING_MAX = 96,
    PORTER_TRUSTED_MAX = 512, // addresses of staff and kiosks; the one seen longest ago goes
};

enum guest_stage { GUEST_NEW, GUEST_BUSY, GUEST_IDLE, GUEST_SOCKET, GUEST_IN, GUEST_TRUSTED };

struct porter;
struct origin; // an address

// One connection.
struct guest {
    struct guest *prev, *next; // those that wait, the longest first
    struct origin *origin;     // NULL: not counted
    struct porter *porter;
    enum guest_stage stage;
    house_t since;  // in this stage
    int fd;         // the net's
    bool sent_away; // to be closed; not counted any more
    bool shaking;   // its handshake is taken to be under way
    // The net's, while libwebsockets takes the socket over: it has made a connection of it, and
    // that was closed meanwhile.
    bool adopting, created, gone;
};

struct porter_limits {
    int64_t per_second;          // in the house; also at once
    int64_t waiting_per_address; // connections that have not said who they are
    int64_t sockets_per_address; // that are IN
    struct subnets exempt;
};

struct porter_counters {
    int64_t waiting;
    int64_t shaking;
    int64_t too_fast;  // refused since the start: came too fast
    int64_t too_many;  // ... no place to wait
    int64_t sent_away; // to make a place
};

struct porter *porter_new(const struct porter_limits *limits, house_t now);
void porter_free(struct porter *p);
void porter_limit(struct porter *p, const struct porter_limits *limits);

// A connection from this address, over TLS or not: NULL when it is refused. *leaves is one that is
// to be closed to make a place, or NULL.
struct guest *porter_admit(struct porter *p, const struct sockaddr *from, bool tls, house_t now,
                           struct guest **leaves);
// The connection is closed; frees it.
void porter_left(struct guest *g);
// It does something else now. Not for those that are IN or TRUSTED.
void guest_is(struct guest *g, enum guest_stage stage, house_t now);
// It is one of staff, or a kiosk that staff have adopted, and so is its address from now on.
void guest_trusted(struct guest *g, house_t now);
// Its address is trusted, or is not counted.
bool guest_is_welcome(const struct guest *g);
// False when its address has as many visitors as it may.
bool guest_may_enter(const struct guest *g);

// Somebody trusted was seen there before the start.
void porter_trust(struct porter *p, const char *address, house_t now);
// A connection that may be closed for one that is wanted more; NULL when there is none.
struct guest *porter_make_room(struct porter *p, house_t now);
// WebSockets that have not said who they are since `before`; one at a time, NULL: no more.
struct guest *porter_silent(struct porter *p, house_t before);
// Once a second: forgets addresses that need not be known any more, and handshakes that are slow by
// themselves.
void porter_sweep(struct porter *p, house_t now);
const struct porter_counters *porter_counters(const struct porter *p);

#endif
