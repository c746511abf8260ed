// SPDX-License-Identifier: Apache-2.0
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net_private.h"

#include <string.h>

static struct world *world(const struct link *l)
{
    return l->sim->world;
}

static int64_t now(const struct link *l)
{
    return world_now(l->sim->world);
}

void heard_unref(struct heard *h)
{
    if (h && --h->refs == 0)
        free(h);
}

void parcels_put(struct parcels *q, struct parcel *p)
{
    p->next = NULL;
    if (!q->first)
        q->end = &q->first;
    *q->end = p;
    q->end = &p->next;
    q->count++;
}

struct parcel *parcels_take(struct parcels *q)
{
    struct parcel *p = q->first;
    if (p) {
        q->first = p->next;
        q->count--;
    }
    return p;
}

void parcel_free(struct parcel *p)
{
    heard_unref(p->heard);
    free(p);
}

void parcels_drop(struct parcels *q)
{
    for (struct parcel *p; (p = parcels_take(q));)
        parcel_free(p);
}

struct parcel *parcel_new(enum wire_type type)
{
    struct parcel *p = check_alloc(calloc(1, sizeof *p));
    p->type = type;
    return p;
}

int64_t link_arrival(struct link *l, int64_t *last)
{
    int64_t at = now(l) + l->latency + world_below(world(l), l->jitter + 1);
    *last = at > *last ? at : *last;
    return *last;
}

// --- the client's end ----------------------------------------------------------------------------

void link_down(void *user, int64_t arg)
{
    struct link *l = user;
    (void)arg;
    struct parcel *p = parcels_take(&l->down);
    if (!p)
        return;
    if (l->client_open && p->type == WIRE_STATE)
        person_hears(l->person, p->heard);
    else if (l->client_open && p->type == WIRE_WELCOME)
        person_welcome(l->person);
    else if (l->client_open)
        person_answer(l->person, &p->u.answer);
    parcel_free(p);
}

// Both ends, by the server's will; the client hears of it.
void link_lost(void *user, int64_t arg)
{
    struct link *l = user;
    (void)arg;
    if (!l->client_open)
        return;
    l->client_open = false;
    person_lost(l->person, l);
}

struct link *link_open(struct sim *s, struct person *p)
{
    struct link *l = check_alloc(calloc(1, sizeof *l)), **all = crowd_links_at(s->crowd);
    struct world *w = s->world;
    l->sim = s;
    l->person = p;
    l->next = *all;
    *all = l;
    l->client_open = true;
    l->latency =
        world_chance(w, 800) ? world_between(w, 300, 8 * MS) : world_between(w, 10 * MS, 150 * MS);
    l->jitter = l->latency * world_below(w, 3);
    return l;
}

static void on_up(void *user, int64_t arg)
{
    struct link *l = user;
    (void)arg;
    if (box_up(l->sim->box) && box_stalled(l->sim->box)) {
        world_at(world(l), box_stalled_until(l->sim->box), on_up, l, 0);
        return;
    }
    struct parcel *p = parcels_take(&l->up);
    if (!p)
        return;
    if (p->type == WIRE_HELLO && box_up(l->sim->box)) {
        l->server_open = true;
        l->life = box_life(l->sim->box);
        peer_hello(l);
    } else if (p->type == WIRE_HELLO) {
        world_at(world(l), link_arrival(l, &l->down_last), link_lost, l, 0);
    } else if (l->server_open) {
        peer_command(l, p);
    }
    parcel_free(p);
    box_settle(l->sim->box);
}

static void send_up(struct link *l, struct parcel *p)
{
    if (!l->client_open) {
        parcel_free(p);
        return;
    }
    parcels_put(&l->up, p);
    world_at(world(l), link_arrival(l, &l->up_last), on_up, l, 0);
}

void link_hello(struct link *l)
{
    send_up(l, parcel_new(WIRE_HELLO));
}

void link_command(struct link *l, const struct wire_command *c, bool other)
{
    struct parcel *p = parcel_new(WIRE_COMMAND);
    p->u.command = *c;
    p->other = other;
    send_up(l, p);
}

static void on_noticed(void *user, int64_t arg)
{
    struct link *l = user;
    (void)arg;
    if (!l->server_open)
        return;
    peer_close(l);
    box_settle(l->sim->box);
}

// Of what is under way from the client the beginning may still arrive.
static void lose_tail(struct link *l)
{
    struct parcels kept = {0};
    for (int64_t n = world_below(world(l), l->up.count + 1); n > 0; n--)
        parcels_put(&kept, parcels_take(&l->up));
    parcels_drop(&l->up);
    l->up = kept;
    if (!kept.first)
        l->up.end = &l->up.first;
}

void link_cut(struct link *l)
{
    struct world *w = world(l);
    if (!l->client_open)
        return;
    l->client_open = false;
    lose_tail(l);
    bool half_open = world_chance(w, 300);
    world_after(w, half_open ? world_between(w, SEC, 12 * SEC) : l->latency, on_noticed, l, 0);
}

bool link_is_open(const struct link *l)
{
    return l->client_open;
}

void link_sleep(struct link *l, int64_t until)
{
    if (until > l->asleep_until)
        l->asleep_until = until;
}

// --- all of them ---------------------------------------------------------------------------------

void net_server_gone(struct sim *s, bool power)
{
    for (struct link *l = crowd_links(s->crowd); l; l = l->next) {
        peer_close(l);
        parcels_drop(&l->up);
        if (l->client_open)
            world_after(s->world,
                        power ? world_between(s->world, 100 * MS, 10 * SEC)
                              : l->latency + world_below(s->world, 10 * MS),
                        link_lost, l, 0);
    }
}

void net_heal(struct sim *s)
{
    for (struct link *l = crowd_links(s->crowd); l; l = l->next) {
        bool asleep = l->asleep_until > now(l);
        l->asleep_until = 0;
        l->latency = l->latency < 20 * MS ? l->latency : 20 * MS;
        l->jitter = 0;
        if (l->server_open && asleep) {
            l->writing = false;
            peer_wake(l);
        }
        // Half open: the server does not know yet.
        if (l->server_open && !l->client_open)
            peer_close(l);
        bool greets = l->up.first && l->up.first->type == WIRE_HELLO;
        if (l->client_open && !l->server_open && !greets)
            link_lost(l, 0);
    }
}

int net_listeners(struct sim *s, int room)
{
    int n = 0;
    for (struct link *l = crowd_links(s->crowd); l; l = l->next) {
        if (l->server_open && l->member.room && l->member.role != ROLE_KIOSK &&
            disk_find(s->disk, room_record(l->member.room)->id)->index == room)
            n++;
    }
    return n;
}

bool net_member_here(struct sim *s, int room, const char *member)
{
    for (struct link *l = crowd_links(s->crowd); l; l = l->next) {
        if (l->server_open && l->member.room && strcmp(l->member.id, member) == 0 &&
            disk_find(s->disk, room_record(l->member.room)->id)->index == room)
            return true;
    }
    return false;
}

void net_free(struct sim *s)
{
    struct link **all = crowd_links_at(s->crowd);
    for (struct link *l; (l = *all);) {
        *all = l->next;
        parcels_drop(&l->up);
        parcels_drop(&l->down);
        parcels_drop(&l->owed);
        bytes_free(&l->old);
        free(l);
    }
}
