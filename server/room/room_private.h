// SPDX-License-Identifier: Apache-2.0
// What room.c, room_gate.c (changes on their way), room_time.c (what happens by itself) and
// room_members.c share. Nobody else includes this.
#ifndef SERVER_ROOM_ROOM_PRIVATE_H
#define SERVER_ROOM_ROOM_PRIVATE_H

#include "server/room/dropouts.h"
#include "server/room/room.h"
#include "server/room/seen.h"

// A tour document shared by the states that refer to it.
struct edition {
    int refs;
    struct tour *tour;
};

struct edition *edition_new(struct tour *tour); // takes it over
struct edition *edition_ref(struct edition *e); // NULL is no edition
void edition_unref(struct edition *e);
const struct tour *edition_tour(const struct edition *e); // NULL for NULL

// Who waits for a change to be durable.
struct waiter {
    struct waiter *next;
    room_reply_fn reply;
    void *user;
    bool duplicate;
};

// A change between memory and disk.
struct flight {
    struct flight *next;
    struct room *room;
    struct room_change change;
    char *event; // change.event
    struct edition *edition;
    struct waiter *waiters;
};

struct room {
    const struct room_house *house;
    struct room_record record; // record.state is the durable one
    struct room_state head;
    // stop_now is spoken before it is durable, the one exception to the gate; while it is on its
    // way (`urgent`) members are shown this state.
    struct room_state urgent_state;
    struct edition *edition, *head_edition; // of record.state, of head
    struct flight *first, **end;            // changes in flight, oldest first
    struct seen *seen;
    struct room_member *members;
    struct agenda_entry due;
    house_t durable_due; // with has_due: as the newest durable change said
    house_t latest;      // of its changes: time in a room does not go back
    house_t renewed;     // the guide's lease, by whoever holds it
    house_t retry_at;    // while in trouble: when what happens by itself is tried again
    struct bytes text;
    struct audience audience;
    struct dropouts *dropouts;  // NULL: none
    struct bytes audience_text; // for guides, of `audience_at`
    house_t audience_at;
    uint32_t audience_version;
    int counts[WIRE_ROLES];
    int flights;
    int loading;  // things asked of the store that come back here
    int landings; // changes that became durable
    // The highest number a change was given: one that failed may be on the disk under it.
    uint32_t launched_epoch;
    int64_t launched_rev;
    // A change failed, or so it was said: what is on the disk is read before another one is made.
    bool unsure;
    enum err trouble; // why changes cannot be saved; ERR_OK while they can
    bool has_due, urgent, text_fresh;
    bool closed; // the group is being deleted
};

// In flight at once: beyond it a sender is told to slow down.
enum { FLIGHTS_MAX = 256 };
// After a failed commit the next try comes by itself after this long.
#define ROOM_RETRY_US INT64_C(1000000)

// Puts the room into the agenda for what is due next (room_time.c).
void room_plan_ahead(struct room *r, house_t now);
// What the store is to know of the next thing that happens by itself.
bool room_durable_due(const struct room *r, house_t now, house_t *due);
// For tests: memory is a cache of what is on disk, and this is how we know.
void room_forget(struct room *r);
// Makes `next` the head and prepares its change, which is yet to be submitted.
struct flight *room_launch(struct room *r, const struct room_state *next,
                           const struct room_event *e, struct edition *edition, const char *actor,
                           const char *op);
void room_submit(struct room *r, struct flight *f);
void room_answer_error(struct room *r, room_reply_fn reply, void *user, const char *cmd_id,
                       enum err e);
void room_answer_ack(struct room *r, room_reply_fn reply, void *user, const struct room_seen *seen,
                     bool duplicate);
// Takes an event that happens by itself; false when there is nothing to it.
bool room_step(struct room *r, struct room_event *e, const char *op);
// An event at `now`, with what every event carries.
struct room_event room_event_at(const struct room *r, enum room_event_kind kind, house_t now);
// The guide of this id, if here (room_members.c).
const struct room_member *room_guide(const struct room *r, const char *id);
// By (epoch, rev).
bool room_before(const struct room_state *a, const struct room_state *b);
// Everybody has heard of a stop that is not on its way to the disk: it comes before all else.
bool room_stop_waits(const struct room *r);
// Sends it on its way.
void room_stop_again(struct room *r, house_t now);
void room_changed(struct room *r);

#endif
