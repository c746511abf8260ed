// SPDX-License-Identifier: Apache-2.0
// Rooms as rows: reads and writes the durable form of rooms through the store's thread. Knows
// nothing of what a room's state means. The functions that take a database run on its thread.
#ifndef SERVER_STORE_ROOM_STORE_H
#define SERVER_STORE_ROOM_STORE_H

#include "server/room/room_port.h"
#include "server/store/store.h"

// These fill a room_port (ctx: the struct store), with history_past().
void room_store_commit(void *store, const struct room_change *change,
                       void (*done)(void *user, enum err err), void *user);
void room_store_load(void *store, enum room_key kind, const char *key,
                     void (*done)(void *user, enum err err, struct room_loaded *loaded),
                     void *user);
void room_store_due(void *store, const struct room_due *after,
                    void (*done)(void *user, enum err err, const struct room_due *list, int count),
                    void *user);
int64_t room_store_commit_p99_us(void *store);

// Creates a room and begins its history; ERR_EXISTS when its id, code or link is taken. `due`: when
// it must be awake, NULL for never. `wall_us`: the wall clock now, 0 while it cannot be trusted.
enum err room_store_insert(sqlite3 *db, const struct room_record *record, const house_t *due,
                           const char *actor, int64_t wall_us);

// Reads one room. ERR_UNKNOWN_GROUP when there is none. Free the parts with room_loaded_free().
enum err room_store_read(sqlite3 *db, enum room_key kind, const char *key, struct room_loaded *out);
void room_loaded_free(struct room_loaded *l);

// A tour document by its hash; *doc is NULL when there is none, else the caller's to free.
enum err room_store_read_doc(sqlite3 *db, const char *hash, char **doc, size_t *len);

// The guides' PIN as its hash; "" for none. ERR_UNKNOWN_GROUP.
enum err room_store_set_pin(sqlite3 *db, const char *id, const char *hash);
// Deletes a group: its last change (room_close), and nobody finds it any more. It can be brought
// back for as long as history is kept; then it goes for good.
enum err room_store_remove(sqlite3 *db, const struct room_change *last);
// A group that was deleted; ERR_UNKNOWN_GROUP when it is not kept (any more).
enum err room_store_read_gone(sqlite3 *db, const char *id, struct room_record *out);
// Brings it back, by a change on top of what it was.
enum err room_store_bring_back(sqlite3 *db, const struct room_change *c);
struct room_gone {
    char id[WIRE_ID_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
    house_t at;
};
// Deleted groups that can be brought back, the newest first; returns the number.
int room_store_list_gone(sqlite3 *db, struct room_gone *out, int max);
// Reads at most `max` records, ordered by name. Returns the number.
int room_store_list(sqlite3 *db, struct room_record *out, int max);
// The same by id, from behind `after` on.
int room_store_list_after(sqlite3 *db, const char *after, struct room_record *out, int max);
// The ids of at most `max` groups that stand in one of `modes` (a bit each, of enum wire_mode), or,
// if asked, are about to play. Returns the number.
int room_store_ids(sqlite3 *db, unsigned modes, bool or_about_to_play, char (*out)[WIRE_ID_MAX + 1],
                   int max);

#endif
