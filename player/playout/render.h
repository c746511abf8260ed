// SPDX-License-Identifier: Apache-2.0
// Renders the plan into the program ring, some seconds ahead. A new plan sets rendering back to
// the first block that sounds differently, and no further.
// Thread: the talking thread.
#ifndef PLAYER_PLAYOUT_RENDER_H
#define PLAYER_PLAYOUT_RENDER_H

#include "player/playout/plan.h"
#include "player/playout/program.h"

// Where samples come from: `n` frames of a track from `frame` on, interleaved stereo; what lies
// outside of the track, or cannot be read, is 0.
struct render_source {
    void *user;
    void (*read)(void *user, int track, int64_t frame, int n, float *stereo);
};

struct render;

// Neither is owned.
struct render *render_create(struct program *program, struct render_source source);
void render_destroy(struct render *r);

// From house frame `from` on (the first that is not yet taken by the playing thread) the sound is
// that of `plan`.
void render_plan(struct render *r, const struct plan *plan, int64_t from);

// Renders one block that is missing among the frames from..to-1. False when there is nothing to
// do. `from` says where the playing thread is: earlier blocks are given up.
bool render_step(struct render *r, int64_t from, int64_t to);

// The first house frame that is not rendered.
int64_t render_end(const struct render *r);
// The plan in force, splices included.
const struct plan *render_current(const struct render *r);

#endif
