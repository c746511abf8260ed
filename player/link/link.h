// SPDX-License-Identifier: Apache-2.0
// The player's end of the wire: joins its group, hands over each newer state, and lends its socket
// to who asks the time (ask.h).
// Whatever happens it comes back by itself; what was last known stays in force meanwhile.
//
//   WAITING ──delay over──► CONNECTING ──► JOINING ──welcome──────────────► JOINED
//      ▲                        │             │ └──"new": not adopted──► NEW ──┘
//      │                        │             │ error: asks again on the same socket
//      └──── closed, refused, or 5 s without an answer (from any) ┘
//
// Without an address it waits for one (link_aim). A house that does not show the key it should is
// not obeyed (bond.h); what plays plays on.
//
// Everything that arrives is checked as hostile: unknown or oversized messages close the socket.
// Thread: the talking thread; callbacks run there too.
#ifndef PLAYER_LINK_LINK_H
#define PLAYER_LINK_LINK_H

#include "common/wire/sealed.h"
#include "common/wire/wire.h"
#include "player/clock/clockmap.h"
#include "player/link/path.h"

#include <libwebsockets.h>
#include <stdbool.h>

struct link_config {
    const char *host; // of the server; strings are copied. "": none yet
    int port;
    int ssl_connection; // lws' LCCSCF_ flags: 0, or over TLS
    const char *code;   // "": staff say which group
    bool obey_any;      // also a house that does not show its key
    const char *house;  // the key of the house it belongs to; "": none yet
    const char *name;
    const char *lang;
    struct sealed_pair device; // this machine's key
    struct clockmap *clock;    // is published to
    double skew, skew_sigma;   // of the clock, from an earlier run; sigma 0: not known
    void *user;
    // The room's state, newer than the last one of this connection.
    void (*on_state)(void *user, const struct wire_state *state);
    // What this machine is to sound like; before the first state when the server knows it.
    void (*on_zone)(void *user, const struct wire_zone *zone);
    // A house that may be obeyed has taken this machine in; or ("") the one it belongs to does not
    // know it any more.
    void (*on_house)(void *user, const char *key);
    // It is to be found by ear.
    void (*on_identify)(void *user);
    // Somebody sets how loud it is.
    void (*on_tone)(void *user);
};

struct link_stats {
    bool joined;
    bool new;          // waits there to be adopted
    unsigned attempts; // to connect, since it joined or waited somewhere last
    bool asking;       // a time question is under way that is stamped when it is read
    enum wire_via via; // which way the time comes
    int64_t rtt_us;    // least of the clock's window; 0 when unknown
    int64_t skew_ppb;  // house against this machine's clock
    bool skew_known;   // to half a part in a million
    int64_t uncertainty_us;
    uint32_t connections;
};

struct link;

// Its entry for the protocols of the lws context.
extern const struct lws_protocols link_protocol;

// Starts to connect at the context's next turn.
struct link *link_create(struct lws_context *context, const struct link_config *config);
// Before the context is destroyed; the link must not be used by then.
void link_stop(struct link *l);
// After the context is destroyed.
void link_destroy(struct link *l);

// Goes there, at the next attempt to connect; "": makes none.
void link_aim(struct link *l, const char *host, int port);
// Where it is, or tries to be; "" for nowhere yet.
void link_target(const struct link *l, char *host, size_t size, int *port);

// Sends a report when the socket next takes one; the newest replaces an unsent one.
void link_report(struct link *l, const struct wire_report *report);
struct link_stats link_stats(const struct link *l);

// The delay before attempt number `attempt` (0: the first after a loss), for a random 0..1:
// pure, for tests. Milliseconds.
int64_t link_delay_ms(unsigned attempt, double random);

#endif
