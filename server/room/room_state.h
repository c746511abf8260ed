// SPDX-License-Identifier: Apache-2.0
// What a room is and how it changes: the rules of the product are here, in room_plan.h and
// room_lease.h, and nowhere else. Pure: no I/O, no clock, no allocation; the same events give the
// same states, byte for byte (room_state_print).
//
//                    load                play              end of last cue
//        VOID ──────────────► READY ──────────────► RUNNING ─────────────► ENDED
//                               ▲  ◄── waits there ──┤   ▲                   │
//                               │ stop         pause │   │ play              │ seek: HELD,
//                               │                    ▼   │                   │ play: from the top
//                               └──────────────────── HELD ◄─────────────────┘
//
// Three things happen by themselves, each at its own instant: a pending command comes due, a
// running cue reaches its end, and a group that was left is held or reset. They take effect at
// their *scheduled* instant; so it does not matter whether somebody looks in time, late, or after
// an outage: the state at house time H is a function of the events before and H.
#ifndef SERVER_ROOM_ROOM_STATE_H
#define SERVER_ROOM_ROOM_STATE_H

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/wire/tour.h"
#include "common/wire/wire.h"
#include "server/room/room_lease.h"
#include "server/room/room_plan.h"

// A place in the tour and whether it runs.
struct room_part {
    enum wire_mode mode;
    int32_t cue; // -1 in MODE_VOID
    struct tl_vec vec;
};

// Are there visitors? Kept only as far as the plan needs it: with EMPTY_CONTINUE nobody looks.
enum room_presence {
    PRESENCE_GONE,     // nobody, and what had to be done about it is done
    PRESENCE_LEAVING,  // nobody; at empty_at the plan's when_empty is done
    PRESENCE_SOMEBODY, // or unknown, after a crash
};

struct room_state {
    uint32_t epoch;       // life of the history; +1 with every restore
    int64_t rev;          // +1 with every change in an epoch
    uint32_t clock_epoch; // house time was continuous since the change when it had this number
    char tour_id[WIRE_ID_MAX + 1];
    char tour_hash[WIRE_HASH_LEN + 1]; // "" in MODE_VOID
    struct room_part now;
    bool has_pending; // a command that is decided but not yet due; at most one
    house_t pending_at;
    struct room_part pending;
    enum room_presence presence;
    house_t empty_at; // with PRESENCE_LEAVING
    struct room_plan plan;
    struct room_lease lease;
};

enum room_event_kind {
    EVENT_TIME,     // time passed: takes what is due
    EVENT_COMMAND,  // somebody asks for something
    EVENT_SCHEDULE, // an occurrence of the plan's schedule
    EVENT_VISITORS, // the first visitor came, or the last one left
    EVENT_REBOOT,   // the box was off for an unknown time
    EVENT_LAPSE,    // the guide's lease ran out
    EVENT_PLAN,     // nothing, but the store is to know better when to wake the room, or since
                    // when the wall clock can be trusted
};

// One event, with everything the rules may look at. Pointers are read during the step only.
struct room_event {
    enum room_event_kind kind;
    house_t now;
    uint32_t clock_epoch;
    int64_t wall_us;      // wall clock at `now`, us since 1970; 0 while it cannot be trusted
    int64_t lead_us;      // EVENT_COMMAND: how long players need to hear of it
    int64_t lease_age_us; // since the lease was renewed: EVENT_COMMAND, EVENT_LAPSE
    // EVENT_COMMAND
    const struct wire_command *command;
    struct room_actor actor;
    const struct tour *tour;        // OP_LOAD: to load; OP_RESTORE: of `point`, NULL in MODE_VOID
    const char *tour_hash;          // OP_LOAD
    const struct room_state *point; // OP_RESTORE: the newest change up to the point
    house_t point_at;               // OP_RESTORE: the instant asked for
    // EVENT_SCHEDULE
    struct room_occurrence occurrence;
    house_t due; // its house time: to come, then it is announced as `next`; or past, caught up
    // EVENT_VISITORS
    bool somebody;
    // EVENT_REBOOT: house time was certain up to here
    house_t known_until;
};

// A new room: VOID, epoch 1, rev 0.
void room_state_init(struct room_state *s, uint32_t clock_epoch);

// The instant of the next step that happens by itself; false when there is none.
bool room_state_due(const struct room_state *s, const struct tour *tour, house_t *due);

// Takes all steps that are due at `now` or before, without a new revision: where the room stands at
// `now`. False when none was. `tour` is the document of s->tour_hash, NULL in MODE_VOID. Rounds of
// a looping cue that lie wholly in the past count as one step, so that the work is bounded by the
// number of cues.
bool room_state_advance(struct room_state *s, const struct tour *tour, house_t now);

// Takes one event: what is due first, then the event itself. On success `out` is the new state,
// one revision further, and *at the instant it takes effect; on failure neither is touched.
// ERR_NOT_READY: nothing to do (EVENT_TIME and the other things that happen by themselves).
// ERR_BAD_STATE, ERR_OUT_OF_RANGE, ERR_BAD_MESSAGE, ERR_CONFLICT (if_rev), ERR_FORBIDDEN,
// ERR_FENCED, ERR_LEASE_HELD. `out` may be `s`.
enum err room_state_step(const struct room_state *s, const struct tour *tour,
                         const struct room_event *e, struct room_state *out, house_t *at);

// What it means for a room to take another edition of its tour over without losing its place
// (OP_LOAD with `keep`).
enum room_takeover {
    TAKEOVER_NOW,     // nothing plays: at once
    TAKEOVER_CUE_END, // what plays is the same in both and goes on; what follows is the new one's
    TAKEOVER_LATER,   // what plays ends before `until`: ask again when the next cue runs
    TAKEOVER_STOP,    // what plays is gone or sounds otherwise: the group must be stopped first
};

// `s` has taken what is due (room_state_advance) and is not in MODE_VOID. `old` is its tour. On the
// first two `out` is the state in the new edition, but for the tour's name. `until`: now and the
// time that players need to hear of it.
enum room_takeover room_state_takeover(const struct room_state *s, const struct tour *old,
                                       const struct tour *new_edition, house_t until,
                                       struct room_state *out);

// One revision further, at rest: what runs is held at its place, what was decided for later is not.
void room_state_rest(struct room_state *s, const struct tour *tour, house_t now);

// What replaces `now` at *at, as it is decided today: the pending command, else what follows at the
// end of the running cue. False when nothing does, and for a running cue without its tour (NULL).
bool room_state_next(const struct room_state *s, const struct tour *tour, house_t *at,
                     struct room_part *next);

// What members are told (room_view.c): the state with `next` filled in, be it the pending command
// or what follows at the end of the running cue. So a player carries on even without a server.
// Without the tour document (NULL) lengths and what follows are left out: enough for a list.
void room_state_publish(const struct room_state *s, const struct tour *tour,
                        struct wire_state *out);

// Appends the whole state as one line of text: two states are the same when their texts are.
void room_state_print(const struct room_state *s, struct bytes *out);

#endif
