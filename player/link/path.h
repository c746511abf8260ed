// SPDX-License-Identifier: Apache-2.0
// Which way the time is asked: over UDP where it gets through, else over the WebSocket. Pure: rules
// without a clock or a socket of their own.
//
//             open                       first answer over UDP
//   NONE ───────────► WS ───────────────────────────────────────────► UDP
//     ▲                ▲ asks over both while UDP is tried:             │
//     │ close          │ for a second, again after 30 s                 │
//     └────────────────┴── a second and 8 questions without an answer ──┘
//
// Only one way feeds the clock at a time: each has its own floor of delays. While UDP is in use the
// WebSocket is still asked now and then, for its own life's sake.
#ifndef PLAYER_LINK_PATH_H
#define PLAYER_LINK_PATH_H

#include "common/time/instant.h"
#include "common/wire/wire.h"

#include <stdbool.h>

enum {
    // A wire that loses every third datagram has this many unanswered in a row now and then, yet
    // hardly for a second.
    PATH_MISSES_MAX = 8,
    // Longer than an answer of any use takes.
    PATH_SILENT_MS = 1000,
    // How often a wire is asked, at least, that is tried or begins to lose: eight in this second.
    PATH_QUICK_MS = 125,
    // A firewall is not opened every minute.
    PATH_REST_MS = 30000,
    // The link gives a silent WebSocket up after 5 s: two may be lost.
    PATH_WS_MS = 2000,
};

struct path {
    enum wire_via via;
    bool has_udp;    // a session is known
    bool resting;    // UDP did not answer; not before `again`
    int misses;      // questions over UDP since its last answer
    mono_t missed;   // the first of them
    mono_t again;    // of a resting UDP
    mono_t ws_asked; // the last question over the WebSocket
};

// What to do now that it is time to ask.
struct path_turn {
    bool ws, udp;
    bool changed; // UDP was given up, `via` is the WebSocket now
    bool gave_up; // UDP rests from now on
};

void path_open(struct path *p);  // the WebSocket is there
void path_close(struct path *p); // ... is not
void path_offer(struct path *p); // a session over UDP is known: it is tried

struct path_turn path_ask(struct path *p, mono_t now);
// An answer came over UDP. True when that is the way from now on.
bool path_answered(struct path *p);

// How long to wait until the next turn, given what the clock would like.
int64_t path_interval_ns(const struct path *p, int64_t wish_ns);

#endif
