// SPDX-License-Identifier: Apache-2.0
#include "server/net/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool guard_bare_name(const char *host, char *out, size_t size)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
    bool v6 = host[0] == '[';
    host += v6;
    size_t len = strcspn(host, v6 ? "]" : ":");
    if (len == 0 || len >= size || strspn(host, allowed) < len || (v6 && !host[len]))
        return false;
    const char *port = host + len + v6;
    if (*port && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1)))
        return false;
    memcpy(out, host, len);
    out[len] = '\0';
    return true;
}

static bool listed(const char *name, const char *names)
{
    size_t len = strlen(name);
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, ", ");
        if (n == len && strncasecmp(p, name, len) == 0)
            return true;
        p += n;
        p += strspn(p, ", ");
    }
    return false;
}

bool guard_host_ok(const char *host, const char *names)
{
    char name[256];
    unsigned char address[16];
    if (!guard_bare_name(host, name, sizeof name))
        return false;
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return true;
    if (!strchr(name, '.'))
        return true; // localhost, and names only this network's own DNS can give
    size_t len = strlen(name);
    if (len > 6 && strcasecmp(name + len - 6, ".local") == 0)
        return true;
    return listed(name, names);
}

bool guard_origin_ok(const char *origin, const char *host, bool over_tls)
{
    if (!origin[0])
        return true;
    const char *p = strstr(origin, "://");
    if (over_tls && strncasecmp(origin, "https://", 8) != 0)
        return false;
    return p && strcasecmp(p + 3, host) == 0;
}
