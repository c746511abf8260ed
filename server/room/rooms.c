// SPDX-License-Identifier: Apache-2.0
#include "server/room/rooms.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/room/names.h"

#include <string.h>

struct entry {
    struct entry *prev, *next;
    struct room *room;
    bool was_idle; // at the last sweep
};

struct rooms {
    struct room_house house;
    struct agenda agenda;
    struct names by[3]; // by enum room_key; values are struct entry
    struct entry *first;
    int count, max_awake;
};

struct search {
    struct rooms *rooms;
    house_t now;
    rooms_found_fn found;
    void *user;
};

struct rooms *rooms_new(const struct room_port *port, uint32_t clock_epoch, int max_awake,
                        uint64_t seed, void (*changed)(void *user), void *changed_user)
{
    struct rooms *rs = check_alloc(calloc(1, sizeof *rs));
    agenda_init(&rs->agenda);
    rs->house = (struct room_house){port, &rs->agenda, clock_epoch, changed, changed_user};
    for (int i = 0; i < 3; i++)
        names_init(&rs->by[i], seed + (uint64_t)i);
    rs->max_awake = max_awake;
    return rs;
}

static const char *key_of(const struct room *r, enum room_key kind)
{
    const struct room_record *rec = room_record(r);
    return kind == ROOM_BY_ID ? rec->id : kind == ROOM_BY_CODE ? rec->code : rec->link;
}

static void drop(struct rooms *rs, struct entry *e)
{
    for (int i = 0; i < 3; i++)
        names_remove(&rs->by[i], key_of(e->room, (enum room_key)i));
    if (e->prev)
        e->prev->next = e->next;
    else
        rs->first = e->next;
    if (e->next)
        e->next->prev = e->prev;
    room_free(e->room);
    free(e);
    rs->count--;
}

void rooms_free(struct rooms *rs)
{
    while (rs->first)
        drop(rs, rs->first);
    for (int i = 0; i < 3; i++)
        names_free(&rs->by[i]);
    agenda_free(&rs->agenda);
    free(rs);
}

struct room *rooms_adopt(struct rooms *rs, struct room_loaded *loaded, house_t now)
{
    struct room *r = room_new(&rs->house, loaded, now);
    if (!r)
        return NULL;
    struct entry *e = check_alloc(calloc(1, sizeof *e));
    e->room = r;
    e->next = rs->first;
    if (rs->first)
        rs->first->prev = e;
    rs->first = e;
    rs->count++;
    for (int i = 0; i < 3; i++)
        names_put(&rs->by[i], key_of(r, (enum room_key)i), e);
    return r;
}

static void on_loaded(void *user, enum err e, struct room_loaded *loaded)
{
    struct search *s = user;
    struct room *r = NULL;
    if (e == ERR_OK) {
        // Somebody else may have woken it meanwhile: it is alive exactly once.
        r = rooms_awake(s->rooms, loaded->record.id);
        if (!r && s->rooms->count >= s->rooms->max_awake)
            e = ERR_HOUSE_FULL;
        else if (!r && !(r = rooms_adopt(s->rooms, loaded, s->now)))
            e = ERR_STORAGE_FAILED;
    }
    s->found(s->user, e, r);
    free(s);
}

void rooms_find(struct rooms *rs, enum room_key kind, const char *key, house_t now,
                rooms_found_fn found, void *user)
{
    struct entry *e = names_get(&rs->by[kind], key);
    if (e) {
        found(user, ERR_OK, e->room);
        return;
    }
    struct search *s = check_alloc(calloc(1, sizeof *s));
    *s = (struct search){rs, now, found, user};
    rs->house.port->load(rs->house.port->ctx, kind, key, on_loaded, s);
}

struct room *rooms_awake(struct rooms *rs, const char *id)
{
    struct entry *e = names_get(&rs->by[ROOM_BY_ID], id);
    return e ? e->room : NULL;
}

int rooms_count(const struct rooms *rs)
{
    return rs->count;
}

bool rooms_due(const struct rooms *rs, house_t *due)
{
    struct agenda_entry *e = agenda_first(&rs->agenda);
    if (e)
        *due = e->due;
    return e != NULL;
}

void rooms_run(struct rooms *rs, house_t now)
{
    struct agenda_entry *e;
    while ((e = agenda_first(&rs->agenda)) && e->due.us <= now.us)
        room_advance(room_of_entry(e), now);
}

void rooms_sweep(struct rooms *rs)
{
    for (struct entry *e = rs->first, *next; e; e = next) {
        next = e->next;
        bool idle = room_idle(e->room);
        if (idle && e->was_idle)
            drop(rs, e);
        else
            e->was_idle = idle;
    }
}
