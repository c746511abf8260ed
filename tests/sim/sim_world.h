// SPDX-License-Identifier: Apache-2.0
// Virtual time: a queue of events and the one random generator from which everything follows. The
// same seed gives the same world, byte for byte; `digest` is the proof.
// Times are us of true time since the world began; nobody in the house can read it.
#ifndef TESTS_SIM_SIM_WORLD_H
#define TESTS_SIM_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS INT64_C(1000)
#define SEC INT64_C(1000000)
#define MINUTE (60 * SEC)
#define HOUR (60 * MINUTE)

struct world;
typedef void (*world_fn)(void *user, int64_t arg);

struct world *world_new(uint64_t seed);
void world_free(struct world *w);

int64_t world_now(const struct world *w);
// Events of one instant happen in the order in which they were planned.
void world_at(struct world *w, int64_t at, world_fn fn, void *user, int64_t arg);
void world_after(struct world *w, int64_t span_us, world_fn fn, void *user, int64_t arg);
void world_run(struct world *w, int64_t until);
int64_t world_events(const struct world *w); // so far

uint64_t world_random(struct world *w);
int64_t world_below(struct world *w, int64_t n); // 0 to n-1
int64_t world_between(struct world *w, int64_t low, int64_t high);
bool world_chance(struct world *w, int per_mille);
// Exponential, with this mean: the span to the next of independent happenings.
int64_t world_wait(struct world *w, int64_t mean_us);

// Everything that goes over the wire or onto the disk.
void world_digest(struct world *w, const void *data, size_t len);
uint64_t world_digest_value(const struct world *w);

#endif
