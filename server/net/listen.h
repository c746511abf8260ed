// SPDX-License-Identifier: Apache-2.0
// Accepts on a listening socket that somebody else opened (systemd, which keeps it over restarts:
// who connects meanwhile waits in the kernel's queue). Debian 12's libwebsockets opens its own or
// none (docs/decisions/0018-systemd.md), so accepting is done here, and what was accepted is given
// to it as if it had. Thread: the loop's.
#ifndef SERVER_NET_LISTEN_H
#define SERVER_NET_LISTEN_H

#include <libwebsockets.h>
#include <uv.h>

// Of every connection, whoever accepts it: dead peers show after 5 + 3 * 2 s.
enum { KEEP_IDLE_S = 5, KEEP_INTERVAL_S = 2, KEEP_PROBES = 3 };

struct listener;

// Takes the descriptor over; connections become the vhost's, with TLS where it has it.
struct listener *listener_start(uv_loop_t *loop, struct lws_vhost *vhost, int fd);
// Accepts no more: who connects now is the next start's. Frees it once the loop has turned.
void listener_stop(struct listener *l);

#endif
