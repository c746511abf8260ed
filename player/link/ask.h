// SPDX-License-Identifier: Apache-2.0
// Asking the time: when, over which way (path.h), and what becomes of the answers: the estimate of
// the clock, published to the clock map. The link lends its WebSocket; UDP is its own.
//
// The sockets may come and go; what was learnt of the clock stays, until the house says that its
// time began anew (clock epoch); and of that the rate stays. A map is published when it is good
// enough to begin by (pace_settled).
// Thread: the talking thread; callbacks run there too.
#ifndef PLAYER_LINK_ASK_H
#define PLAYER_LINK_ASK_H

#include "common/net/udp.h"
#include "common/wire/sealed.h"
#include "player/clock/clockmap.h"
#include "player/link/path.h"

#include <libwebsockets.h>

struct ask_config {
    struct lws_context *context;
    struct clockmap *clock;  // is published to
    double skew, skew_sigma; // from an earlier run; sigma 0: not known
    void *user;
    void (*want)(void *user); // a question is to go over the WebSocket: ask_question()
    void (*dead)(void *user); // the WebSocket has not answered for 5 s
    // House time is known in its new epoch, or for the first time: the map has just been published.
    void (*renewed)(void *user);
};

struct ask_stats {
    enum wire_via via;
    bool asking; // a question over the WebSocket is under way, and its answer is for the clock
    int64_t rtt_us;
    int64_t skew_ppb;
    bool skew_known; // to half a part in a million
    int64_t uncertainty_us;
};

struct ask;

struct ask *ask_create(const struct ask_config *config);
// Before the context is destroyed; nothing is asked from then on.
void ask_stop(struct ask *a);
// After the context is destroyed.
void ask_destroy(struct ask *a);

// The WebSocket is there: it is asked at once. Or it is gone, and UDP's session with it.
void ask_open(struct ask *a);
void ask_close(struct ask *a);
// The house offers a session over UDP: its first question goes now.
void ask_offer(struct ask *a, struct lws_vhost *vhost, const struct udp_peer *server,
               const struct sealed_session *session);

// The question that `want` announced, just before it is sent.
void ask_question(struct ask *a, uint8_t out[STAMP_QUESTION_BYTES]);
// A binary message of the WebSocket, from anybody, that arrived at t4.
void ask_answer(struct ask *a, const void *data, size_t len, mono_t t4);

// Every message that carries the clock's epoch passes here first. When it is a new one, house time
// is measured anew; until it is known the old map stays in force, and with it what plays.
void ask_epoch(struct ask *a, uint32_t epoch);
// The published map is one of the epoch heard of last.
bool ask_current(const struct ask *a);

struct ask_stats ask_stats(const struct ask *a);

#endif
