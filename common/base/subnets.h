// SPDX-License-Identifier: Apache-2.0
// Addresses as the limits count them, and lists of networks as the settings write them:
// "192.168.7.0/24, 10.0.0.5, fd00:7::/64". Pure.
#ifndef COMMON_BASE_SUBNETS_H
#define COMMON_BASE_SUBNETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

// Of either family; IPv4 as ::ffff:a.b.c.d.
struct subnets_ip {
    unsigned char bytes[16];
};

// False when it is neither IPv4 nor IPv6.
bool subnets_ip_of(const struct sockaddr *from, struct subnets_ip *out);
bool subnets_ip_parse(const char *text, struct subnets_ip *out);

enum { SUBNETS_MAX = 32 };

struct subnets {
    struct {
        struct subnets_ip at;
        int bits; // of the 128
    } list[SUBNETS_MAX];
    int count;
};

// False with one line in `error` when it is no such list, or too long.
bool subnets_parse(const char *text, struct subnets *out, char *error, size_t size);
bool subnets_have(const struct subnets *s, const struct subnets_ip *a);

#endif
