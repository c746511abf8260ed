// SPDX-License-Identifier: Apache-2.0
#include "server/plug.h"

#include "server/catalogue/tour_port.h"
#include "server/store/history.h"
#include "server/store/room_store.h"

static struct store *store_of(void *ctx)
{
    return ((struct plug *)ctx)->store;
}

static void commit(void *ctx, const struct room_change *change,
                   void (*done)(void *user, enum err err), void *user)
{
    room_store_commit(store_of(ctx), change, done, user);
}

static void load(void *ctx, enum room_key kind, const char *key,
                 void (*done)(void *user, enum err err, struct room_loaded *loaded), void *user)
{
    room_store_load(store_of(ctx), kind, key, done, user);
}

static void tour(void *ctx, const char *tour_id,
                 void (*done)(void *user, enum err err, const char *hash, const char *doc,
                              size_t len),
                 void *user)
{
    tour_port_newest(store_of(ctx), tour_id, done, user);
}

static void past(void *ctx, const char *room_id, const struct wire_point *point,
                 void (*done)(void *user, enum err err, struct room_past *past), void *user)
{
    history_past(store_of(ctx), room_id, point, done, user);
}

static void due(void *ctx, const struct room_due *after,
                void (*done)(void *user, enum err err, const struct room_due *list, int count),
                void *user)
{
    room_store_due(store_of(ctx), after, done, user);
}

static int64_t wall_us(void *ctx, house_t at)
{
    return house_wall_us(&((struct plug *)ctx)->time->anchor, at);
}

static int64_t commit_p99_us(void *ctx)
{
    return room_store_commit_p99_us(store_of(ctx));
}

struct room_port plug_port(struct plug *plug)
{
    return (struct room_port){plug, commit, load, tour, past, due, wall_us, commit_p99_us};
}
