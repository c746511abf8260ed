// SPDX-License-Identifier: Apache-2.0
// Avahi, on a thread of its own: libavahi-client waits for answers of the system's bus, up to 25 s
// each, which no loop of ours can afford. The thread connects, and again whenever it is lost, and
// has work done in between:
//
//   no bus ──30 s──► connecting ──daemon is there──► up() ... down() ──► connecting ...
//
// What is missing is said once and tried for quietly: a house runs without.
#ifndef COMMON_FIND_DNSSD_H
#define COMMON_FIND_DNSSD_H

#include <avahi-client/client.h>
#include <stdbool.h>

// The kind of service that houses are (docs/PROTOCOL.md, "Finding the house").
#define DNSSD_TYPE "_roomtone._tcp"

// Called on the thread, in turns.
struct dnssd_work {
    void *user;
    void (*up)(void *user, AvahiClient *client); // the daemon is there
    void (*down)(void *user);                    // what up() made is to be freed
    const char *without;                         // logged once: what does not work without Avahi
};

struct dnssd;

// NULL when there can be no thread. `work` is copied.
struct dnssd *dnssd_start(const struct dnssd_work *work);
// Ends the thread, after down(). It may have to wait for an answer of the bus. NULL is none.
void dnssd_stop(struct dnssd *d);

#endif
