// SPDX-License-Identifier: Apache-2.0
#include "server/net/port.h"

#include "common/base/log.h"
#include "server/net/listen.h"
#include "server/settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void port_log(int level, const char *line)
{
    int len = (int)strcspn(line, "\n");
    if (level & LLL_ERR)
        log_warn("lws", "%.*s", len, line);
    else
        log_debug("lws", "%.*s", len, line);
}

// It listens on nothing: what comes is given to it.
static struct lws_vhost *make_vhost(const struct port_plan *plan, bool v6)
{
    struct lws_context_creation_info info = {
        .vhost_name = plan->name,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = plan->protocols,
        // The certificate is asked for in each handshake (tls.h).
        .options = (v6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6) |
                   (plan->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                                    LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX
                              : 0),
        .keepalive_timeout = 30,
        .timeout_secs_ah_idle = PORT_HEADERS_S,
        .alpn = "http/1.1",
    };
    // What goes wrong here is said once, by us, with the address.
    lws_set_log_level(0, port_log);
    struct lws_vhost *vhost = lws_create_vhost(plan->context, &info);
    lws_set_log_level(LLL_ERR | LLL_WARN, port_log);
    return vhost;
}

bool port_open(struct port *p, const struct port_plan *plan, char *error, size_t size)
{
    char address[100];
    int number;
    if (!settings_address_parse(plan->listen, address, sizeof address, &number)) {
        snprintf(error, size, "listen: '%s' is not ADDR:PORT", plan->listen);
        return false;
    }
    number = plan->number ? plan->number : number;
    p->vhost = make_vhost(plan, strchr(address, ':') != NULL);
    int fd = service_socket(plan->service, SOCK_STREAM, number);
    fd = fd >= 0 ? fd : listener_open(address, number);
    if (!p->vhost || fd < 0) {
        if (fd >= 0)
            close(fd);
        snprintf(error, size,
                 "%s: cannot listen here; the port is in use or the address is not this machine's",
                 plan->listen);
        return false;
    }
    struct listener_plan accept = {.loop = plan->loop,
                                   .vhost = p->vhost,
                                   .porter = plan->porter,
                                   .tls = plan->tls,
                                   .now = plan->now,
                                   .user = plan->user};
    p->listener = listener_start(&accept, fd);
    p->number = listener_port(fd);
    return true;
}

void port_close(struct port *p)
{
    if (p->listener)
        listener_stop(p->listener);
    p->listener = NULL;
}
