// SPDX-License-Identifier: Apache-2.0
// A port that is served on: a vhost of libwebsockets with all that is the same for HTTP and HTTPS,
// and a listener for it (listen.h), on a socket of its own or on one that systemd opened. Thread:
// the loop's.
#ifndef SERVER_NET_PORT_H
#define SERVER_NET_PORT_H

#include "common/base/service.h"
#include "common/time/instant.h"

#include <libwebsockets.h>
#include <uv.h>

struct listener;
struct porter;

// A handshake of TLS must be complete by then, and as soon the headers of each request; and between
// two pieces of a body there may be so much.
enum { PORT_HEADERS_S = 5, PORT_PIECE_S = 10 };

struct port_plan {
    struct lws_context *context;
    uv_loop_t *loop;
    struct service *service; // who may have opened it already
    const struct lws_protocols *protocols;
    const char *name;   // of the vhost
    const char *listen; // ADDR:PORT
    int number;         // the port to serve on; 0: that of `listen`
    bool tls;
    struct porter *porter;
    house_t (*now)(void *user);
    void *user;
};

struct port {
    struct lws_vhost *vhost; // NULL: not open
    struct listener *listener;
    int number;
};

// False with one line in `error`.
bool port_open(struct port *p, const struct port_plan *plan, char *error, size_t size);
// Accepts no more: on a socket that systemd holds, who connects now is the next start's. The vhost
// is closed with its context.
void port_close(struct port *p);

// libwebsockets' lines, as ours.
void port_log(int level, const char *line);

#endif
