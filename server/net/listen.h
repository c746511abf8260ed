// SPDX-License-Identifier: Apache-2.0
// Accepts connections, on a socket of our own or on one that systemd opened and keeps over restarts
// (who connects meanwhile waits in the kernel's queue), and gives those that the porter lets in to
// libwebsockets as if it had accepted them. Debian 12's would accept all, one address as many as it
// likes, and on sockets of its own alone (docs/decisions/0018-systemd.md, 0026-crowds.md).
// Thread: the loop's.
#ifndef SERVER_NET_LISTEN_H
#define SERVER_NET_LISTEN_H

#include "server/net/porter.h"

#include <libwebsockets.h>
#include <uv.h>

enum {
    // Of every connection: who is gone without a word is found after 5 + 3 * 2 s. What is on its
    // way
    // to them hides that from the kernel's probes: it is given up after as long.
    KEEP_IDLE_S = 5,
    KEEP_INTERVAL_S = 2,
    KEEP_PROBES = 3,
    GIVE_UP_MS = (KEEP_IDLE_S + KEEP_PROBES * KEEP_INTERVAL_S) * 1000,
    // What the kernel holds for one that does not read, beside what is on its way.
    UNSENT_MAX = 128 * 1024,
};

struct listener;

struct listener_plan {
    uv_loop_t *loop;
    struct lws_vhost *vhost; // whose the connections become, with TLS where it has it
    struct porter *porter;
    bool tls;
    house_t (*now)(void *user);
    void *user;
};

// A listening socket; port 0 is any free one. -1 when it cannot be had (errno).
int listener_open(const char *address, int port);
// The port of a listening socket.
int listener_port(int fd);
// Takes the descriptor over.
struct listener *listener_start(const struct listener_plan *plan, int fd);
// libwebsockets has made a connection (LWS_CALLBACK_WSI_CREATE).
void listener_created(void);
// Ends this connection, soon.
void listener_send_away(struct guest *g);
// Accepts no more: who connects now is the next start's. Frees it once the loop has turned.
void listener_stop(struct listener *l);

#endif
