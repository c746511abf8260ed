// SPDX-License-Identifier: Apache-2.0
// Kiosks that showed their key and that nobody has adopted: what staff may choose from. In memory
// alone: whoever it is comes again. Anybody on the network can be one, so there are few places, few
// of them for one address, and who is away makes room for who is here. Pure.
#ifndef SERVER_KIOSKS_NEWCOMERS_H
#define SERVER_KIOSKS_NEWCOMERS_H

#include "common/wire/wire.h"

enum {
    // More than anybody sets up at once.
    NEWCOMERS_MAX = 32,
    // A machine has one player for each output.
    NEWCOMERS_PER_ADDRESS = 8,
    // Room for the text of any address.
    PEER_ADDRESS_MAX = 48,
};

struct newcomer {
    char id[WIRE_KIOSK_LEN + 1];
    char device[WIRE_KEY_LEN + 1];
    char said[WIRE_NAME_MAX + 1]; // what it calls itself
    char address[PEER_ADDRESS_MAX];
    house_t first, heard; // of it for the first time; when it came or left last
    bool here;
};

struct newcomers {
    struct newcomer list[NEWCOMERS_MAX]; // in the order of their coming
    int count;
};

// It is here. `id` is that of `device`. False when there is no place.
bool newcomers_met(struct newcomers *n, const char *id, const char *device, const char *said,
                   const char *address, house_t now);
// It is away.
void newcomers_left(struct newcomers *n, const char *id, house_t now);
// It is new no longer.
void newcomers_drop(struct newcomers *n, const char *id);
const struct newcomer *newcomers_find(const struct newcomers *n, const char *id);

#endif
