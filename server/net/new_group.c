// SPDX-License-Identifier: Apache-2.0
#include "server/net/new_group.h"

#include "server/catalogue/tours.h"
#include "server/net/net.h"
#include "server/store/room_store.h"

#include <sodium.h>
#include <string.h>

static void new_link(char out[WIRE_TOKEN_MAX + 1])
{
    unsigned char secret[16];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(out, WIRE_TOKEN_MAX + 1, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void new_keys(struct room_record *rec)
{
    new_link(rec->link);
    new_link(rec->guide_link);
    joincode_format(randombytes_uniform(100000000), rec->code);
}

void new_group_plan(struct new_group *g, int64_t wall_us)
{
    const struct room_plan *p = &g->record.state.plan;
    struct room_occurrence o;
    g->has_due = p->rule_count > 0;
    // Zero: whoever starts next looks.
    g->due = (house_t){0};
    if (wall_us && room_plan_next(p, CALENDAR_CUE_MAX + 1, wall_us, &o))
        g->due = house_add_us(g->record.created, o.wall_us - wall_us);
    else if (wall_us)
        g->has_due = false; // it is all over
}

// The name of try `i`: numbers are for people; who makes hundreds of one name gets one drawn, since
// each try is an insert while the whole house waits for its commit.
static void next_id(struct room_record *rec, const char *base, int i)
{
    enum { NUMBERED = 20 };
    if (i > NUMBERED)
        snprintf(rec->id, sizeof rec->id, "%s-%u", base, 100000 + randombytes_uniform(900000));
    else if (i > 1)
        snprintf(rec->id, sizeof rec->id, "%s-%d", base, i);
}

// Tries until id and code are free: a code may have been drawn before.
enum err new_group_insert(sqlite3 *db, struct new_group *g, const char *actor, int64_t wall_us)
{
    enum { TRIES = 40 };
    struct room_record *rec = &g->record;
    char base[41];
    snprintf(base, sizeof base, "%.40s", rec->id);
    enum err e = ERR_EXISTS;
    for (int i = 1; i <= TRIES && e == ERR_EXISTS; i++) {
        if (!g->id_given)
            next_id(rec, base, i);
        new_keys(rec);
        e = room_store_insert(db, rec, g->has_due ? &g->due : NULL, actor, wall_us);
        if (e == ERR_EXISTS && g->id_given && i > 3)
            break; // three codes taken in a row do not happen: it is the id
    }
    return e;
}

enum err new_group_tour(sqlite3 *db, struct new_group *g, const char *tour)
{
    struct room_state *s = &g->record.state;
    char *doc = NULL;
    size_t len;
    enum err e = tours_newest(db, tour, s->tour_hash, &doc, &len);
    free(doc);
    if (e != ERR_OK)
        return e;
    snprintf(s->tour_id, sizeof s->tour_id, "%s", tour);
    s->now.mode = MODE_READY;
    s->now.cue = 0;
    s->now.vec.t0 = g->record.created;
    return ERR_OK;
}

static void on_awake(void *user, enum err e, struct room *room)
{
    (void)user;
    (void)e; // it is made, be there a place for it in memory or not
    (void)room;
}

void new_group_wake(struct net *net, const char *id)
{
    if (net_overview(net))
        rooms_find(net_house(net)->rooms, ROOM_BY_ID, id, net_now(net), on_awake, NULL);
}
