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
    bool gone;     // its group is deleted: in no table of names
};

struct rooms {
    struct room_house house;
    struct agenda agenda;
    struct names by[ROOM_KEYS]; // by enum room_key; values are struct entry
    struct entry *first;
    int count, max_awake;
    // The earliest thing due in a room that sleeps (or slept when the store was asked last).
    bool has_sleeper;
    house_t sleeper_due;
    // Looking through the store for rooms to wake, page by page.
    bool looking, look_again;
    bool wake_all; // whatever is due, however late
    house_t look_until;
};

struct search {
    struct rooms *rooms;
    house_t now;
    rooms_found_fn found;
    void *user;
};

// A room that finds no place or cannot be read is tried again after this long.
#define RETRY_US INT64_C(1000000)

struct rooms *rooms_new(const struct rooms_config *c)
{
    struct rooms *rs = check_alloc(calloc(1, sizeof *rs));
    agenda_init(&rs->agenda);
    rs->house = (struct room_house){
        .port = c->port,
        .agenda = &rs->agenda,
        .clock_epoch = c->clock_epoch,
        .guessed_epoch = c->guessed_epoch,
        .known_until = c->known_until,
        .forget_every = c->forget_every,
        .changed = c->changed,
        .changed_user = c->changed_user,
    };
    for (int i = 0; i < ROOM_KEYS; i++)
        names_init(&rs->by[i], c->seed + (uint64_t)i);
    rs->max_awake = c->max_awake;
    // At the start nothing is known of those that sleep: look at once.
    rs->has_sleeper = true;
    return rs;
}

void rooms_set_fanout(struct rooms *rs, const struct lead_fanout *fanout)
{
    rs->house.fanout = fanout;
}

void rooms_set_max_awake(struct rooms *rs, int max_awake)
{
    rs->max_awake = max_awake;
}

static const char *key_of(const struct room *r, enum room_key kind)
{
    const struct room_record *rec = room_record(r);
    switch (kind) {
    case ROOM_BY_ID:
        return rec->id;
    case ROOM_BY_CODE:
        return rec->code;
    case ROOM_BY_LINK:
        return rec->link;
    case ROOM_BY_GUIDE_LINK:
        return rec->guide_link;
    }
    return NULL;
}

static void remove_names(struct rooms *rs, struct entry *e)
{
    for (int i = 0; i < ROOM_KEYS && !e->gone; i++)
        names_remove(&rs->by[i], key_of(e->room, (enum room_key)i));
}

static void drop(struct rooms *rs, struct entry *e)
{
    remove_names(rs, e);
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
    for (int i = 0; i < ROOM_KEYS; i++)
        names_free(&rs->by[i]);
    agenda_free(&rs->agenda);
    free(rs);
}

static struct room *adopt(struct rooms *rs, struct room_loaded *loaded, house_t now)
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
    for (int i = 0; i < ROOM_KEYS; i++)
        names_put(&rs->by[i], key_of(r, (enum room_key)i), e);
    return r;
}

static void expect_sleeper(struct rooms *rs, house_t due)
{
    if (!rs->has_sleeper || due.us < rs->sleeper_due.us)
        rs->sleeper_due = due;
    rs->has_sleeper = true;
}

static void put_to_sleep(struct rooms *rs, struct entry *e, house_t now)
{
    house_t due;
    if (room_next_due(e->room, now, &due))
        expect_sleeper(rs, due);
    drop(rs, e);
}

// The house is full: those with nothing to do go before their time. (After a week's outage
// thousands of rooms have one thing to do each, and are done with it at once.)
static bool make_place(struct rooms *rs, house_t now)
{
    for (struct entry *e = rs->first, *next; e; e = next) {
        next = e->next;
        if (e->gone && room_is_still(e->room))
            drop(rs, e);
        else if (!e->gone && room_may_sleep(e->room, now))
            put_to_sleep(rs, e, now);
    }
    return rs->count < rs->max_awake;
}

static void on_loaded(void *user, enum err e, struct room_loaded *loaded)
{
    struct search *s = user;
    struct room *r = NULL;
    if (e == ERR_OK) {
        // Somebody else may have woken it meanwhile: it is alive exactly once.
        r = rooms_awake(s->rooms, loaded->record.id);
        if (!r && s->rooms->count >= s->rooms->max_awake && !make_place(s->rooms, s->now))
            e = ERR_HOUSE_FULL;
        else if (!r && !(r = adopt(s->rooms, loaded, s->now)))
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

void rooms_forget(struct rooms *rs, struct room *room)
{
    struct entry *e = names_get(&rs->by[ROOM_BY_ID], room_record(room)->id);
    CHECK(e && e->room == room);
    remove_names(rs, e);
    e->gone = true;
}

int rooms_count(const struct rooms *rs)
{
    return rs->count;
}

int rooms_degraded(const struct rooms *rs)
{
    int n = 0;
    for (const struct entry *e = rs->first; e; e = e->next)
        n += room_degraded(e->room);
    return n;
}

// --- waking what is due ------------------------------------------------------------------------

static void on_woken(void *user, enum err e, struct room *room)
{
    struct rooms *rs = user;
    (void)room;
    // Nothing is dropped: it is looked for again, and takes effect as of its own instant.
    if (e != ERR_OK && e != ERR_UNKNOWN_GROUP)
        expect_sleeper(rs, house_add_us(rs->look_until, RETRY_US));
}

static void look(struct rooms *rs, const struct room_due *after);

static void end_look(struct rooms *rs)
{
    rs->looking = false;
    rs->wake_all = false;
    if (rs->look_again) {
        rs->look_again = false;
        rs->wake_all = true;
        look(rs, NULL);
    }
}

static void on_due(void *user, enum err e, const struct room_due *list, int count)
{
    struct rooms *rs = user;
    if (e != ERR_OK) {
        expect_sleeper(rs, house_add_us(rs->look_until, RETRY_US));
        end_look(rs);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (list[i].due.us > rs->look_until.us && !rs->wake_all) {
            expect_sleeper(rs, list[i].due);
            end_look(rs);
            return;
        }
        if (!rooms_awake(rs, list[i].id))
            rooms_find(rs, ROOM_BY_ID, list[i].id, house_add_us(rs->look_until, -ROOM_AWAKE_US),
                       on_woken, rs);
    }
    if (count == ROOM_DUE_PAGE)
        look(rs, &list[count - 1]);
    else
        end_look(rs);
}

static void look(struct rooms *rs, const struct room_due *after)
{
    rs->looking = true;
    rs->house.port->due(rs->house.port->ctx, after, on_due, rs);
}

static void begin_look(struct rooms *rs, house_t now)
{
    rs->look_until = house_add_us(now, ROOM_AWAKE_US);
    rs->has_sleeper = false;
    look(rs, NULL);
}

bool rooms_due(const struct rooms *rs, house_t *due)
{
    const struct agenda_entry *e = agenda_first(&rs->agenda);
    bool sleeper = rs->has_sleeper && !rs->looking;
    house_t wake = house_add_us(rs->sleeper_due, -ROOM_AWAKE_US);
    if (e)
        *due = e->due;
    if (sleeper && (!e || wake.us < due->us))
        *due = wake;
    return e || sleeper;
}

void rooms_run(struct rooms *rs, house_t now)
{
    struct agenda_entry *e;
    if (rs->has_sleeper && !rs->looking && rs->sleeper_due.us <= now.us + ROOM_AWAKE_US)
        begin_look(rs, now);
    while ((e = agenda_first(&rs->agenda)) && e->due.us <= now.us) {
        room_advance(room_of_entry(e), now);
        // It has had its turn; what is due at this very instant still has the next.
        if (e->place != 0 && e->due.us <= now.us)
            agenda_set(&rs->agenda, e, house_add_us(now, 1));
    }
}

void rooms_sweep(struct rooms *rs, house_t now)
{
    for (struct entry *e = rs->first, *next; e; e = next) {
        next = e->next;
        bool idle = !e->gone && room_may_sleep(e->room, now);
        if (e->gone && room_is_still(e->room))
            drop(rs, e);
        else if (idle && e->was_idle)
            put_to_sleep(rs, e, now);
        else
            e->was_idle = idle;
    }
}

// --- what changed outside ----------------------------------------------------------------------

void rooms_replan(struct rooms *rs, house_t now)
{
    for (struct entry *e = rs->first; e; e = e->next)
        room_advance(e->room, now);
    rs->house.changed(rs->house.changed_user); // what is known of the wall clock
    if (rs->looking) {
        rs->look_again = true;
        return;
    }
    rs->wake_all = true;
    begin_look(rs, now);
}

void rooms_set_clock_epoch(struct rooms *rs, uint32_t clock_epoch)
{
    rs->house.clock_epoch = clock_epoch;
    for (struct entry *e = rs->first; e; e = e->next)
        room_announce(e->room);
}

void rooms_recovered(struct rooms *rs, house_t now)
{
    for (struct entry *e = rs->first; e; e = e->next)
        room_recovered(e->room, now);
}

void rooms_reread(struct rooms *rs)
{
    for (struct entry *e = rs->first; e; e = e->next)
        room_reread(e->room);
}
