// SPDX-License-Identifier: Apache-2.0
// Device keys that two machines hold: a copied card, or a stolen key. Told to staff for a while
// after both were last seen at once. In memory alone, and few. Pure.
#ifndef SERVER_KIOSKS_DOUBLES_H
#define SERVER_KIOSKS_DOUBLES_H

#include "server/kiosks/newcomers.h"

enum { DOUBLES_MAX = 16 };
// The one that is not let in tries six times a minute; after this long without it is no more.
#define DOUBLES_US INT64_C(600000000)

struct doubled {
    char id[WIRE_KIOSK_LEN + 1];
    char here[PEER_ADDRESS_MAX];  // of the one that is obeyed
    char other[PEER_ADDRESS_MAX]; // of the one that was turned away
    house_t at;
};

struct doubles {
    struct doubled list[DOUBLES_MAX];
    int count;
};

// Both were seen at once. True when that is news. When all places are taken the oldest goes.
bool doubles_note(struct doubles *d, const char *id, const char *here, const char *other,
                  house_t now);
// NULL when there was none in the last ten minutes.
const struct doubled *doubles_find(const struct doubles *d, const char *id, house_t now);

#endif
