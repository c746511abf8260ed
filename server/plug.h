// SPDX-License-Identifier: Apache-2.0
// Plugs the store and the clocks into the rooms' port.
#ifndef SERVER_PLUG_H
#define SERVER_PLUG_H

#include "server/room/room_port.h"
#include "server/timekeeper.h"

struct plug {
    struct store *store;
    const struct timekeeper *time;
};

// The port; `plug` outlives it.
struct room_port plug_port(struct plug *plug);

#endif
