// SPDX-License-Identifier: Apache-2.0
// What follows when nobody says: without the server the tour itself goes on, cue after cue, by the
// same rule the room uses (each cue's `on_end`), unless it says that it is to end there (`alone`).
// Pure.
#ifndef PLAYER_TRACK_HOLDOVER_H
#define PLAYER_TRACK_HOLDOVER_H

#include "common/wire/tour.h"

// When the pending change is due at `now`: makes it the present and works out what follows at the
// end of its cue. False, and nothing changed, when nothing was due.
bool holdover_advance(struct timeline *tl, const struct tour *tour, house_t now);

#endif
