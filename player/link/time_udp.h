// SPDX-License-Identifier: Apache-2.0
// One session of the time over UDP, as a socket in the lws loop: questions out, answers in with the
// kernel's stamp of when they arrived. What is not sealed with the session's key is dropped without
// a word.
//
// The socket is not connected: on one that is, a closed port comes back as an error, for which
// libwebsockets closes it. Where an answer comes from does not matter, the seal says whose it is.
// Thread: the talking thread; callbacks run there too.
#ifndef PLAYER_LINK_TIME_UDP_H
#define PLAYER_LINK_TIME_UDP_H

#include "common/net/udp.h"
#include "common/wire/sealed.h"

#include <libwebsockets.h>

struct time_udp;

// Its entry for the protocols of the lws context.
extern const struct lws_protocols time_udp_protocol;

// NULL when this machine gives no socket. on_answer: t4 is when the answer arrived.
struct time_udp *
time_udp_open(struct lws_vhost *vhost, const struct udp_peer *server,
              const struct sealed_session *session,
              void (*on_answer)(void *user, const struct stamp_answer *a, mono_t t4), void *user);
// False when the network takes none at the moment: it counts as one that was lost.
bool time_udp_ask(struct time_udp *u, const struct stamp_question *q);
// NULL is no session. The socket itself is closed by the loop's next turn, or with the context.
void time_udp_close(struct time_udp *u);

#endif
