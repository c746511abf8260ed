// SPDX-License-Identifier: Apache-2.0
#include "common/base/subnets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V4_AT = 12, V4_BITS = 96 }; // where IPv4 begins in ::ffff:a.b.c.d

static void map_v4(const void *four, struct subnets_ip *out)
{
    memset(out, 0, sizeof *out);
    out->bytes[10] = out->bytes[11] = 0xff;
    memcpy(out->bytes + V4_AT, four, 4);
}

bool subnets_ip_of(const struct sockaddr *from, struct subnets_ip *out)
{
    if (from->sa_family == AF_INET) {
        map_v4(&((const struct sockaddr_in *)from)->sin_addr, out);
        return true;
    }
    if (from->sa_family != AF_INET6)
        return false;
    memcpy(out->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof out->bytes);
    return true;
}

static bool parse(const char *text, struct subnets_ip *out, bool *v4)
{
    unsigned char four[4];
    *v4 = inet_pton(AF_INET, text, four) == 1;
    if (*v4)
        map_v4(four, out);
    return *v4 || inet_pton(AF_INET6, text, out->bytes) == 1;
}

bool subnets_ip_parse(const char *text, struct subnets_ip *out)
{
    bool v4;
    return parse(text, out, &v4);
}

static bool parse_one(char *text, struct subnets *out)
{
    char *slash = strchr(text, '/'), *end = text;
    bool v4;
    if (slash)
        *slash = '\0';
    if (!parse(text, &out->list[out->count].at, &v4))
        return false;
    long most = v4 ? 32 : 128, bits = most;
    if (slash) {
        bits = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits < 0 || bits > most)
            return false;
    }
    out->list[out->count++].bits = (int)bits + (v4 ? V4_BITS : 0);
    return true;
}

bool subnets_parse(const char *text, struct subnets *out, char *error, size_t size)
{
    out->count = 0;
    for (const char *p = text + strspn(text, ", "); *p; p += strspn(p, ", ")) {
        char one[80];
        size_t len = strcspn(p, ", ");
        snprintf(one, sizeof one, "%.*s", (int)len, p);
        if (out->count == SUBNETS_MAX || len >= sizeof one || !parse_one(one, out)) {
            snprintf(error, size, "'%.*s' is no network like 192.168.7.0/24, or they are too many",
                     (int)len, p);
            return false;
        }
        p += len;
    }
    return true;
}

static bool within(const struct subnets_ip *a, const struct subnets_ip *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a->bytes, net->bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ net->bytes[whole]) >> (8 - rest) == 0;
}

bool subnets_have(const struct subnets *s, const struct subnets_ip *a)
{
    for (int i = 0; i < s->count; i++) {
        if (within(a, &s->list[i].at, s->list[i].bits))
            return true;
    }
    return false;
}
