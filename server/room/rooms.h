// SPDX-License-Identifier: Apache-2.0
// The rooms that are awake. Finds a room by name and wakes it from the store when it sleeps; each
// is alive exactly once. Puts to sleep what has been idle for a while; a sleeping room is a row on
// disk and costs nothing. Thread: the loop's.
#ifndef SERVER_ROOM_ROOMS_H
#define SERVER_ROOM_ROOMS_H

#include "server/room/room.h"

struct rooms;

// `changed` is called when something in the overview is new. max_awake is the ceiling of rooms in
// memory; beyond it waking answers ERR_HOUSE_FULL.
struct rooms *rooms_new(const struct room_port *port, uint32_t clock_epoch, int max_awake,
                        uint64_t seed, void (*changed)(void *user), void *changed_user);
void rooms_free(struct rooms *rs);

// Finds or wakes. `found` is called once, at once or later, with ERR_OK and the room, or
// ERR_UNKNOWN_GROUP, ERR_HOUSE_FULL, ERR_STORAGE_FAILED and NULL.
typedef void (*rooms_found_fn)(void *user, enum err err, struct room *room);
void rooms_find(struct rooms *rs, enum room_key kind, const char *key, house_t now,
                rooms_found_fn found, void *user);

// Awake only; NULL when it sleeps or is not.
struct room *rooms_awake(struct rooms *rs, const char *id);
// Adopts a room read by other means (at start). NULL when it cannot be.
struct room *rooms_adopt(struct rooms *rs, struct room_loaded *loaded, house_t now);
int rooms_count(const struct rooms *rs);

// When rooms_run() is to be called next; false when nothing is planned.
bool rooms_due(const struct rooms *rs, house_t *due);
// Takes every step that is due in any room.
void rooms_run(struct rooms *rs, house_t now);
// Puts idle rooms to sleep. Called every ten seconds or so: rooms idle at two calls in a row go.
void rooms_sweep(struct rooms *rs);

#endif
