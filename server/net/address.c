// SPDX-License-Identifier: Apache-2.0
#include "server/net/address.h"

#include "server/net/guard.h"
#include "server/net/net.h"

#include <stdio.h>
#include <string.h>

enum { HTTPS_PORT = 443 };

bool address_is_tls(const struct request *r)
{
    return r->wsi && lws_is_ssl(r->wsi);
}

// The host asked for at the port of HTTPS. False when the Host header names none.
static bool https_of(const struct net *net, const char *host, char out[ADDRESS_MAX])
{
    char name[256], port[16] = "";
    if (!guard_bare_name(host, name, sizeof name))
        return false;
    bool v6 = strchr(name, ':') != NULL;
    if (net_tls_port(net) != HTTPS_PORT)
        snprintf(port, sizeof port, ":%d", net_tls_port(net));
    snprintf(out, ADDRESS_MAX, "https://%s%s%s%s", v6 ? "[" : "", name, v6 ? "]" : "", port);
    return true;
}

void address_base(struct request *r, char out[ADDRESS_MAX])
{
    const struct settings *s = net_house(r->net)->settings;
    char host[256];
    request_header(r, WSI_TOKEN_HOST, host, sizeof host);
    if (s->join_url[0]) {
        int len = (int)strlen(s->join_url);
        snprintf(out, ADDRESS_MAX, "%.*s", s->join_url[len - 1] == '/' ? len - 1 : len,
                 s->join_url);
    } else if (address_is_tls(r) || !s->tls_redirect || !net_tls(r->net) ||
               !https_of(r->net, host, out)) {
        snprintf(out, ADDRESS_MAX, "%s://%s", address_is_tls(r) ? "https" : "http", host);
    }
}

// The path that was asked for, made of its parts. One with anything unusual in it becomes "/": it
// is no page of ours, and must not write lines of its own into our answer.
static void path_of(const struct request *r, char *out, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t n = 0;
    snprintf(out, size, "/");
    for (int i = 0; i < r->part_count; i++) {
        bool plain = strspn(r->parts[i], allowed) == strlen(r->parts[i]);
        if (!plain || n + strlen(r->parts[i]) + 2 > size) {
            snprintf(out, size, "/");
            return;
        }
        n += (size_t)snprintf(out + n, size - n, "/%s", r->parts[i]);
    }
}

bool address_redirect(struct request *r)
{
    char base[ADDRESS_MAX], path[REQUEST_PATH_MAX], header[ADDRESS_MAX + REQUEST_PATH_MAX + 100];
    bool wanted = net_house(r->net)->settings->tls_redirect && net_tls(r->net);
    if (!wanted || address_is_tls(r))
        return false;
    address_base(r, base);
    if (strncmp(base, "https://", 8) != 0)
        return false;
    path_of(r, path, sizeof path);
    // Not to be remembered: who switches this off again would meet it for ever.
    snprintf(header, sizeof header, "location: %s%s\r\ncache-control: no-store\r\n", base, path);
    request_empty(r, 308, header);
    return true;
}
