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

static struct lws_vhost *make_vhost(const struct port_plan *plan, const char *address, int number)
{
    struct lws_context_creation_info info = {
        .vhost_name = plan->name,
        .port = number,
        .iface = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0 ? NULL : address,
        .protocols = plan->protocols,
        // An IPv4 address means IPv4: what a firewall was told must be all there is. The
        // certificate is asked for in each handshake (tls.h).
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   (strchr(address, ':') ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6) |
                   (plan->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                                    LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX
                              : 0),
        .keepalive_timeout = 30,
        .timeout_secs = 10, // headers must be complete by then
        .alpn = "http/1.1",
        .ka_time = KEEP_IDLE_S,
        .ka_probes = KEEP_PROBES,
        .ka_interval = KEEP_INTERVAL_S,
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
    int given = service_socket(plan->service, SOCK_STREAM, number);
    p->vhost = make_vhost(plan, address, given >= 0 ? CONTEXT_PORT_NO_LISTEN_SERVER : number);
    if (!p->vhost) {
        if (given >= 0)
            close(given);
        snprintf(error, size,
                 "%s: cannot listen here; the port is in use or the address is not this machine's",
                 plan->listen);
        return false;
    }
    if (given >= 0)
        p->listener = listener_start(plan->loop, p->vhost, given);
    p->number = given >= 0 ? number : lws_get_vhost_listen_port(p->vhost);
    return true;
}

void port_close(struct port *p)
{
    if (p->listener)
        listener_stop(p->listener);
    p->listener = NULL;
}
