// SPDX-License-Identifier: Apache-2.0
// One session of the time over UDP, in the lws loop: questions out, answers in, with the kernel's
// stamps of when they left and arrived. What is not sealed with the session's key is dropped
// without a word.
//
// libwebsockets closes a socket that has something on its error queue, where the stamps of sending
// come: it is given an epoll descriptor instead, which has the socket inside. The socket is not
// connected: where an answer comes from does not matter, the seal says whose it is.
// Thread: the talking thread; callbacks run there too.
#ifndef PLAYER_LINK_TIME_UDP_H
#define PLAYER_LINK_TIME_UDP_H

#include "common/net/udp.h"
#include "common/wire/sealed.h"

#include <libwebsockets.h>

struct time_udp;

// Its entry for the protocols of the lws context.
extern const struct lws_protocols time_udp_protocol;

// t4 is when the answer arrived, `left` when an earlier one left.
typedef void (*time_udp_answer_fn)(void *user, const struct stamp_answer *a,
                                   const struct sealed_left *left, mono_t t4);

// NULL when this machine gives no socket.
struct time_udp *time_udp_open(struct lws_vhost *vhost, const struct udp_peer *server,
                               const struct sealed_session *session, time_udp_answer_fn on_answer,
                               void *user);
// `left`: when it left. False when the network takes none at the moment: it counts as one that was
// lost.
bool time_udp_ask(struct time_udp *u, const struct stamp_question *q, mono_t *left);
// NULL is no session.
void time_udp_close(struct time_udp *u);

#endif
