// SPDX-License-Identifier: Apache-2.0
// What a room is and how it changes: the rules of the product are here and nowhere else. Pure: no
// I/O, no clock, no allocation; the same events give the same states, byte for byte.
//
//                    load                play              end of last cue
//        VOID ──────────────► READY ──────────────► RUNNING ─────────────► ENDED
//                               ▲                    │   ▲                   │
//                               │ stop         pause │   │ play              │ seek: HELD,
//                               │                    ▼   │                   │ play: from the top
//                               └──────────────────── HELD ◄─────────────────┘
//
// Two things happen by themselves, each at its own instant: a pending command comes due, and a
// running cue reaches its end. room_state_advance() takes these steps one by one, with the
// *scheduled* instant as event time; so it does not matter whether they are taken in time, late,
// or after an outage: the state at house time H is a function of the last command and H.
#ifndef SERVER_ROOM_ROOM_STATE_H
#define SERVER_ROOM_ROOM_STATE_H

#include "common/base/err.h"
#include "common/wire/tour.h"
#include "common/wire/wire.h"

// A place in the tour and whether it runs.
struct room_part {
    enum wire_mode mode;
    int32_t cue; // -1 in MODE_VOID
    struct tl_vec vec;
};

struct room_state {
    uint32_t epoch; // life of the history
    int64_t rev;    // +1 with every change in an epoch
    char tour_id[WIRE_ID_MAX + 1];
    char tour_hash[WIRE_HASH_LEN + 1]; // "" in MODE_VOID
    struct room_part now;
    bool has_pending; // a command that is decided but not yet due; at most one
    house_t pending_at;
    struct room_part pending;
};

// A new room: VOID, epoch 1, rev 0.
void room_state_init(struct room_state *s);

// The instant of the next step that happens by itself; false when there is none.
bool room_state_due(const struct room_state *s, const struct tour *tour, house_t *due);

// Takes one step that is due at `now` or before. False when none is. `tour` is the document of
// s->tour_hash, NULL in MODE_VOID. Rounds of a looping cue that lie wholly in the past count as one
// step, so that catching up after an outage is bounded by the number of cues.
bool room_state_advance(struct room_state *s, const struct tour *tour, house_t now);

// Applies a command to an advanced state. `lead_us` is how long players need to hear of it; for
// OP_LOAD `loaded` and `loaded_hash` are the tour to load. On success `out` is the new state (rev
// + 1) and *at the instant it takes effect; on failure neither is touched:
// ERR_BAD_STATE, ERR_OUT_OF_RANGE, ERR_CONFLICT (if_rev).
enum err room_state_command(const struct room_state *s, const struct tour *tour,
                            const struct wire_command *c, const struct tour *loaded,
                            const char *loaded_hash, house_t now, int64_t lead_us,
                            struct room_state *out, house_t *at);

// What members are told: the state with `next` filled in, be it the pending command or what
// follows at the end of the running cue. So a player carries on even without a server.
void room_state_publish(const struct room_state *s, const struct tour *tour,
                        struct wire_state *out);

#endif
