// SPDX-License-Identifier: Apache-2.0
// Which house a player goes to that nobody told where. Pure.
#ifndef PLAYER_FIND_CHOOSE_H
#define PLAYER_FIND_CHOOSE_H

#include "common/wire/wire.h"

enum { FIND_MAX = 16, FIND_HOST_MAX = 256 };

// One way to a house, as it was announced, or as it was the last time.
struct find_way {
    char id[WIRE_KIOSK_LEN + 1]; // of the house's key
    char host[FIND_HOST_MAX];
    int port;
};

enum choice { CHOOSE_NONE, CHOOSE_THIS, CHOOSE_SEVERAL };

// `own`: the house it belongs to and where that was last; one without an id when it belongs to
// none. Its own house may have moved, and another may pretend to be it, so after two attempts (0,
// 1, ...) it takes the next way, those that are announced first. Without a house of its own it
// takes the only one there is.
enum choice choose(const struct find_way *seen, int count, const struct find_way *own,
                   unsigned attempt, struct find_way *out);

#endif
