// SPDX-License-Identifier: Apache-2.0
// The tour that is played and its open tracks.
// Thread: the talking thread.
#ifndef PLAYER_TRACK_LIBRARY_H
#define PLAYER_TRACK_LIBRARY_H

#include "common/wire/tour.h"
#include "player/track/cache.h"
#include "player/track/fetch.h"

struct library;

// The cache is not owned. `lang` is copied.
struct library *library_create(struct cache *cache, const char *lang);
void library_destroy(struct library *l);

// Makes `hash` ("": none) the tour, reading it from the cache when it is there. True when it is
// loaded; false when it must be fetched (or is no tour).
bool library_tour(struct library *l, const char *hash);
// NULL while not loaded.
const struct tour *library_current(const struct library *l);

// What should be on disk, the soonest first: the tour, the track of `cue`, of `next`, the rest.
size_t library_wishes(const struct library *l, int32_t cue, int32_t next,
                      struct fetch_wish wishes[FETCH_WISHES_MAX]);

// An id for a cue's track, opening it; -1 when it is not here or will not play. An id keeps its
// meaning until the track is closed for others, from then on it is silence.
int library_track(struct library *l, int32_t cue);
void library_read(struct library *l, int track, int64_t frame, int n, float *stereo);

#endif
