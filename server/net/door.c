// SPDX-License-Identifier: Apache-2.0
#include "server/net/door.h"

#include "common/base/log.h"
#include "server/net/guard.h"
#include "server/net/listen.h"
#include "server/net/net.h"
#include "server/net/porter.h"

#include <string.h>
#include <strings.h>

static void header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    if (lws_hdr_copy(wsi, out, (int)size, token) <= 0)
        out[0] = '\0';
}

bool door_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    int len = lws_hdr_total_length(wsi, token);
    header(wsi, token, out, size);
    return (int)strlen(out) == len && lws_hdr_fragment_length(wsi, token, 1) == 0;
}

bool door_ok(struct net *net, struct lws *wsi)
{
    char host[256], origin[300];
    bool clear = door_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
    clear = door_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin) && clear;
    if (clear && guard_host_ok(host, net_house(net)->settings->names) &&
        guard_origin_ok(origin, host, lws_is_ssl(wsi)))
        return true;
    net_counters(net)->refused++;
    log_debug("net", "refused host '%s' origin '%s'", host, origin);
    return false;
}

// When all are taken, one that never said who it is makes room for a kiosk or for staff.
static bool has_place(struct net *net, struct lws *wsi)
{
    struct guest *g = lws_get_opaque_user_data(wsi);
    if (net_counters(net)->connections < net_house(net)->settings->max_members)
        return true;
    g = guest_is_welcome(g) ? porter_make_room(net_porter(net), net_now(net)) : NULL;
    if (g)
        listener_send_away(g);
    return g != NULL;
}

// Debian's libwebsockets would take "Upgrade: h2c" on plain HTTP and then speak HTTP/2, whose
// parser has known holes. Only WebSockets on /ws with our subprotocol are let through. The header
// is read with lws_hdr_copy, never from the callback's `in`: that pointer may be stale here.
bool door_upgrade_ok(struct net *net, struct lws *wsi)
{
    char upgrade[32], path[32], protocol[128];
    header(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade);
    header(wsi, WSI_TOKEN_GET_URI, path, sizeof path);
    header(wsi, WSI_TOKEN_PROTOCOL, protocol, sizeof protocol);
    if (strcasecmp(upgrade, "websocket") == 0 && strcmp(path, "/ws") == 0 &&
        strstr(protocol, WIRE_SUBPROTOCOL) && door_ok(net, wsi) && has_place(net, wsi) &&
        !net_stopping(net))
        return true;
    net_counters(net)->refused++;
    return false;
}

const char *net_cookie_name(bool over_tls)
{
    // Browsers take a __Host- cookie from HTTPS alone, for this host and no other.
    return over_tls ? "__Host-roomtone_session" : "roomtone_session";
}

void door_cookie(struct lws *wsi, char *out, size_t size)
{
    char cookies[1024];
    const char *name = net_cookie_name(lws_is_ssl(wsi));
    size_t name_len = strlen(name);
    header(wsi, WSI_TOKEN_HTTP_COOKIE, cookies, sizeof cookies);
    out[0] = '\0';
    for (const char *p = cookies; *p;) {
        if (strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
            p += name_len + 1;
            size_t len = strcspn(p, "; ");
            if (len < size) {
                memcpy(out, p, len);
                out[len] = '\0';
            }
            return;
        }
        p += strcspn(p, ";");
        p += strspn(p, "; ");
    }
}
