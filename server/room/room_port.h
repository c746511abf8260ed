// SPDX-License-Identifier: Apache-2.0
// What rooms need from outside, as one struct of functions: the real ones are plugged in by box.c
// (SQLite's store), simulated ones by tests. A second store (several boxes) finds its place here.
// All are called, and all completions delivered, on the loop's thread.
#ifndef SERVER_ROOM_ROOM_PORT_H
#define SERVER_ROOM_ROOM_PORT_H

#include "server/room/room_record.h"

struct room_port {
    void *ctx;
    // Makes a change durable; `done` once, later, in the order of the calls.
    void (*commit)(void *ctx, const struct room_change *change,
                   void (*done)(void *user, enum err err), void *user);
    // Reads a room; `done` once, later, with ERR_UNKNOWN_GROUP and NULL when there is none. What
    // `loaded` points to is good during the call.
    void (*load)(void *ctx, enum room_key kind, const char *key,
                 void (*done)(void *user, enum err err, struct room_loaded *loaded), void *user);
    // The document of a tour's newest edition; `done` gets its hash and text (not owned).
    void (*tour)(void *ctx, const char *tour_id,
                 void (*done)(void *user, enum err err, const char *hash, const char *doc,
                              size_t len),
                 void *user);
    // A point in a room's history. ERR_NOT_FOUND when it is not kept (any more).
    void (*past)(void *ctx, const char *room_id, const struct wire_point *point,
                 void (*done)(void *user, enum err err, struct room_past *past), void *user);
    // Rooms with something due, the earliest ROOM_DUE_PAGE of those behind `after` (NULL: of all).
    void (*due)(void *ctx, const struct room_due *after,
                void (*done)(void *user, enum err err, const struct room_due *list, int count),
                void *user);
    // The wall clock at a house time close to now, us since 1970; 0 while it cannot be trusted.
    int64_t (*wall_us)(void *ctx, house_t at);
    // Newest commit's p99, for the lead time.
    int64_t (*commit_p99_us)(void *ctx);
};

#endif
