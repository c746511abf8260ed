// SPDX-License-Identifier: Apache-2.0
// Tells the network that a house is here, for players that nobody told where (docs/PROTOCOL.md,
// "Finding the house"). A name that somebody has already gets a number behind it; what counts is
// the id. Thread: start and stop the loop's; the work is done on common/find/dnssd.h's.
#ifndef SERVER_ANNOUNCE_ANNOUNCE_H
#define SERVER_ANNOUNCE_ANNOUNCE_H

#include <stdbool.h>

struct announce;

struct announce_facts {
    const char *id; // of the house's key
    const char *version;
    int port;
    int tls_port;   // 0: no HTTPS
    bool ipv4_only; // it is served on IPv4 alone
};

// Facts are copied. NULL when that cannot be.
struct announce *announce_start(const struct announce_facts *facts);
void announce_stop(struct announce *a); // NULL is none

#endif
