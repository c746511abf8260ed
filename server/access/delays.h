// SPDX-License-Identifier: Apache-2.0
// Who gave wrong passwords waits before the next try, longer each time: 0, 0, 0, 1, 2, 4 ... 60 s.
// A row is a user at an address, so nobody can shut a user out from elsewhere, and there is no
// lock-out: after the wait the next try is looked at.
//
// Bounded: when the table is full, the row with the fewest wrong tries goes. Whoever floods it with
// names drives out such rows of his own, never the ones that already wait long. A row without a
// wrong try for a quarter of an hour is forgotten. Pure.
#ifndef SERVER_ACCESS_DELAYS_H
#define SERVER_ACCESS_DELAYS_H

#include "common/time/instant.h"

#include <stdbool.h>
#include <stdint.h>

enum { DELAYS_MAX = 256, DELAYS_FREE = 3, DELAYS_LONGEST_S = 60 };
#define DELAYS_FORGET_US (INT64_C(15) * 60 * 1000000)

struct delays {
    struct {
        uint64_t who; // 0: free
        int wrong;
        house_t last, until;
    } rows[DELAYS_MAX];
};

// How long this user at this address has to wait, in ms; 0: the try may be looked at.
int64_t delays_wait_ms(const struct delays *d, const char *user, const char *address, house_t now);
// Whether the last try was wrong and is not forgotten.
bool delays_erred(const struct delays *d, const char *user, const char *address, house_t now);
// What came of it.
void delays_wrong(struct delays *d, const char *user, const char *address, house_t now);
void delays_right(struct delays *d, const char *user, const char *address);

#endif
