// SPDX-License-Identifier: Apache-2.0
// A group on its way into the store: its keys, a free id, its tour at the first cue.
// Thread: the store's, inside a job, where nothing else is said.
#ifndef SERVER_NET_NEW_GROUP_H
#define SERVER_NET_NEW_GROUP_H

#include "server/room/room_record.h"
#include "server/store/store.h"

struct net;

struct new_group {
    struct room_record record;
    bool id_given; // else the first free one made of the record's: a name may be used twice
    bool has_due;
    house_t due;
};

// When its schedule wants it awake, by the wall clock now (0: not known). On the loop's thread.
void new_group_plan(struct new_group *g, int64_t wall_us);
// Draws code and links and inserts it. ERR_EXISTS, or the store's error.
enum err new_group_insert(sqlite3 *db, struct new_group *g, const char *actor, int64_t wall_us);
// Puts a tour's newest edition at its first cue. ERR_NOT_FOUND.
enum err new_group_tour(sqlite3 *db, struct new_group *g, const char *tour);

// Awake from the start, so that the store learns when it has something to do. On the loop's thread,
// after the commit; nothing while the server ends.
void new_group_wake(struct net *net, const char *id);

#endif
