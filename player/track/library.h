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

// What goes to the two outputs. Tracks of another map are other tracks.
void library_map(struct library *l, const struct wire_output map[WIRE_OUTPUTS]);

// Is the document of a tour on this disk?
bool library_has(struct library *l, const char *hash);
// Makes `hash` ("": none) the tour, reading it from the cache when it is there. True when it is
// loaded; false when it must be fetched (or is no tour).
bool library_tour(struct library *l, const char *hash);
// True once after files were thrown away that had rotted on this disk: they are to be wished for
// again.
bool library_lost(struct library *l);
// NULL while not loaded.
const struct tour *library_current(const struct library *l);

// What should be on disk, the soonest first: the tour, what `cue` plays, what `next` does, the
// rest; of each cue every language that goes to an output.
size_t library_wishes(const struct library *l, int32_t cue, int32_t next,
                      struct fetch_wish wishes[FETCH_WISHES_MAX]);

// An id for a cue's track as the outputs play it, opening its files; -1 when none of them is here
// or will play. With one of two languages here the other's output is silent, and once it is here
// the track has another id. An id keeps its meaning until the track is closed for others, from then
// on it is silence.
int library_track(struct library *l, int32_t cue);
void library_read(struct library *l, int track, int64_t frame, int n, float *stereo);

#endif
