// SPDX-License-Identifier: Apache-2.0
// Signs of life to systemd: how the server does, in a line, and that it does anything at all.
//
// A sign says that the loop turns (this is called on it) and that the store's thread gets on. That
// thread may wait for its disk for long: a slow SD card takes seconds for one fsync, and a kernel
// gives a dying disk minutes before it says so. A restart then would lose every phone's socket and
// wait for the same disk. So it counts as stuck only after [limits] disk_patience_s.
// Thread: the loop's.
#ifndef SERVER_LIFE_H
#define SERVER_LIFE_H

#include "common/base/service.h"
#include "server/net/net.h"

struct life {
    struct service *service;
    const struct net_house *house;
    struct net *net;
    uv_timer_t timer;
    bool stuck; // said once
};

// Says READY. From here on signs of life, until the timer is closed.
void life_start(struct life *l, struct service *service, const struct net_house *house,
                struct net *net);
// Says that the server stops, or that it stops to be started `again` at once by itself: then the
// next life_start() may take as long as a restore and a check of the database take.
void life_stop(struct life *l, bool again);

#endif
