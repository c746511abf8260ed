// SPDX-License-Identifier: Apache-2.0
// The rooms that are awake. Finds a room by name and wakes it from the store when it sleeps; each
// is alive exactly once. Puts to sleep what has nothing to do for a while; a sleeping room is a row
// on disk and costs nothing, however many there are. Of all that sleep only one thing is known
// here: when the first of them must be awake.
// Thread: the loop's.
#ifndef SERVER_ROOM_ROOMS_H
#define SERVER_ROOM_ROOMS_H

#include "server/room/room.h"

struct rooms;

struct rooms_config {
    const struct room_port *port; // outlives the rooms
    uint32_t clock_epoch;
    uint32_t guessed_epoch; // struct room_house
    house_t known_until;
    // The ceiling of rooms in memory; beyond it waking answers ERR_HOUSE_FULL. What is due in a
    // room that finds no place is tried again every second, and takes effect as of its own instant.
    int max_awake;
    int forget_every;            // struct room_house
    uint64_t seed;               // of the tables of names
    void (*changed)(void *user); // something in the overview is new
    void *changed_user;
};

struct rooms *rooms_new(const struct rooms_config *config);
void rooms_free(struct rooms *rs);

// Finds or wakes. `found` is called once, at once or later, with ERR_OK and the room, or
// ERR_UNKNOWN_GROUP, ERR_HOUSE_FULL, ERR_STORAGE_FAILED and NULL.
typedef void (*rooms_found_fn)(void *user, enum err err, struct room *room);
void rooms_find(struct rooms *rs, enum room_key kind, const char *key, house_t now,
                rooms_found_fn found, void *user);

// Awake only; NULL when it sleeps or is not.
struct room *rooms_awake(struct rooms *rs, const char *id);
int rooms_count(const struct rooms *rs);
int rooms_degraded(const struct rooms *rs); // of those awake

// A room whose group is gone from the store (room_close): nobody finds it any more, and it leaves
// memory when the last member has.
void rooms_forget(struct rooms *rs, struct room *room);

// How fast members are spoken to, from now on; NULL: nobody is any more. Outlives the rooms, or
// that NULL.
void rooms_set_fanout(struct rooms *rs, const struct lead_fanout *fanout);

// Another ceiling from now on; those above it sleep as they become idle.
void rooms_set_max_awake(struct rooms *rs, int max_awake);

// When rooms_run() is to be called next; false when nothing is planned.
bool rooms_due(const struct rooms *rs, house_t *due);
// Takes every step that is due in any room, and wakes those in which something will be.
void rooms_run(struct rooms *rs, house_t now);
// Puts rooms with nothing to do to sleep. Called every ten seconds or so: those idle at two calls
// in a row go.
void rooms_sweep(struct rooms *rs, house_t now);

// The wall clock was set, or the venue's zone: every schedule is planned anew, also of those that
// sleep.
void rooms_replan(struct rooms *rs, house_t now);
// House time was not continuous: members hear of the new epoch and measure anew.
void rooms_set_clock_epoch(struct rooms *rs, uint32_t clock_epoch);
// The store can save again.
void rooms_recovered(struct rooms *rs, house_t now);
// The store does not know whether changes that it reported as failed are on the disk: rooms look.
void rooms_reread(struct rooms *rs);

#endif
