// SPDX-License-Identifier: Apache-2.0
// The map from this machine's clock to house time, handed from the talking thread (which measures
// it) to the playing thread (which lives by it) as one consistent snapshot.
//
// A sequence lock: the writer makes the count odd, writes, makes it even; a reader that saw an odd
// count or a changed one tries again. One writer that never waits; readers wait for nobody, since
// a write is a handful of stores a few times a second.
// Thread: clockmap_publish/forget only on the talking thread; clockmap_get on any.
#ifndef PLAYER_CLOCK_CLOCKMAP_H
#define PLAYER_CLOCK_CLOCKMAP_H

#include "common/clock/estimate.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { CLOCKMAP_WORDS = 7 };

struct clockmap {
    _Atomic uint32_t count;
    _Atomic uint64_t words[CLOCKMAP_WORDS]; // the map and `valid`, as bits
};

void clockmap_init(struct clockmap *c);
void clockmap_publish(struct clockmap *c, const struct clock_map *map);
// House time is unknown from here on (the box's clock epoch changed).
void clockmap_forget(struct clockmap *c);
// False while house time is not known.
bool clockmap_get(const struct clockmap *c, struct clock_map *out);

// CLOCK_MONOTONIC_RAW now.
mono_t mono_now(void);

#endif
