// SPDX-License-Identifier: Apache-2.0
// The server's end of a connection, as server/net/peer.c keeps it.
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net_private.h"

#include <stddef.h>
#include <string.h>

enum { OWED_MAX = 64 }; // server/net/peer.h

static struct world *world(const struct link *l)
{
    return l->sim->world;
}

static int64_t now(const struct link *l)
{
    return world_now(l->sim->world);
}

static void on_write(void *user, int64_t arg);

void peer_wake(struct link *l)
{
    if (l->writing || !l->owed.first)
        return;
    l->writing = true;
    int64_t at = now(l) + world_between(world(l), 10, 300);
    if (l->asleep_until > at)
        at = l->asleep_until;
    world_at(world(l), at, on_write, l, 0);
}

void peer_close(struct link *l)
{
    if (!l->server_open)
        return;
    l->server_open = false;
    if (l->member.room)
        room_leave(&l->member, box_house(l->sim->box));
    for (struct later *x = l->laters, *next; x; x = next) {
        next = x->next;
        x->link = NULL;
        x->next = NULL;
    }
    l->laters = NULL;
    parcels_drop(&l->owed);
    l->state_due = false;
}

static void owe(struct link *l, struct parcel *p)
{
    if (l->owed.count >= OWED_MAX) {
        parcel_free(p);
        report_say("%s does not read: closed", person_name(l->person));
        peer_close(l);
        world_at(world(l), link_arrival(l, &l->down_last), link_lost, l, 0);
        return;
    }
    parcels_put(&l->owed, p);
    peer_wake(l);
}

static void owe_state(struct link *l)
{
    if (l->state_due)
        return;
    if (l->sim->broken == BREAK_NOTIFY_LOST && world_chance(world(l), 50))
        return;
    l->state_due = true;
    owe(l, parcel_new(WIRE_STATE));
}

static void on_notify(struct room_member *m)
{
    owe_state((struct link *)((char *)m - offsetof(struct link, member)));
}

static void owe_answer(struct link *l, const struct wire_message *m)
{
    struct parcel *p = parcel_new(m->type);
    p->u.answer = *m;
    owe(l, p);
}

// What is written is the newest state of this moment.
static void read_state(struct link *l, struct parcel *p)
{
    const struct bytes *text = room_published_text(l->member.room);
    l->state_due = false;
    if (l->sim->broken == BREAK_STATE_OLD && l->old.len && world_chance(world(l), 50))
        text = &l->old;
    p->heard = check_spoken(l->sim->check, room_record(l->member.room)->id, text);
    p->heard->refs++;
    world_digest(world(l), text->data, text->len);
    if (l->sim->broken == BREAK_STATE_OLD && !l->old.len) {
        bytes_init(&l->old, WIRE_MESSAGE_MAX);
        bytes_append(&l->old, text->data, text->len);
    }
}

static void digest_answer(struct link *l, const struct wire_message *m)
{
    const struct wire_ack *a = &m->u.ack;
    int64_t what[] = {m->type, a->epoch, a->rev, a->at.us, a->fence, a->duplicate};
    int64_t error[] = {m->type, m->u.error.code, m->u.error.retry_ms};
    if (m->type == WIRE_ACK)
        world_digest(world(l), what, sizeof what);
    else
        world_digest(world(l), error, sizeof error);
}

static void on_write(void *user, int64_t arg)
{
    struct link *l = user;
    (void)arg;
    l->writing = false;
    if (!l->server_open)
        return;
    if (l->asleep_until > now(l)) {
        peer_wake(l);
        return;
    }
    if (box_stalled(l->sim->box)) {
        l->writing = true;
        world_at(world(l), box_stalled_until(l->sim->box), on_write, l, 0);
        return;
    }
    struct parcel *p = parcels_take(&l->owed);
    if (!p)
        return;
    if (p->type == WIRE_STATE)
        read_state(l, p);
    else if (p->type != WIRE_WELCOME)
        digest_answer(l, &p->u.answer);
    parcels_put(&l->down, p);
    world_at(world(l), link_arrival(l, &l->down_last), link_down, l, 0);
    peer_wake(l);
}

// --- joining and commanding ----------------------------------------------------------------------

static struct later *later_new(struct link *l)
{
    struct later *x = check_alloc(calloc(1, sizeof *x));
    x->sim = l->sim;
    x->link = l;
    x->life = box_life(l->sim->box);
    x->next = l->laters;
    l->laters = x;
    return x;
}

static void later_end(struct later *x)
{
    for (struct later **at = x->link ? &x->link->laters : NULL; at && *at; at = &(*at)->next) {
        if (*at == x) {
            *at = x->next;
            break;
        }
    }
    free(x);
}

static bool alive(const struct later *x)
{
    return box_up(x->sim->box) && x->life == box_life(x->sim->box) && !check_muted(x->sim->check);
}

// Somebody who comes back is not there twice: the older connection goes.
static void close_older(struct link *l)
{
    for (struct link *o = crowd_links(l->sim->crowd); o; o = o->next) {
        if (o != l && o->server_open && o->person == l->person)
            peer_close(o);
    }
}

static void on_found(void *user, enum err e, struct room *r)
{
    struct later *x = user;
    struct link *l = x->link;
    if (l && alive(x)) {
        l->joining = false;
        if (e != ERR_OK) {
            struct wire_message m = {.type = WIRE_ERROR, .u.error.code = e};
            owe_answer(l, &m);
        } else {
            close_older(l);
            room_join(r, &l->member, box_house(l->sim->box));
            owe(l, parcel_new(WIRE_WELCOME));
            owe_state(l);
        }
    }
    later_end(x);
}

void peer_hello(struct link *l)
{
    static const enum room_key keys[] = {[ROLE_VISITOR] = ROOM_BY_CODE,
                                         [ROLE_KIOSK] = ROOM_BY_LINK,
                                         [ROLE_STAFF] = ROOM_BY_ID,
                                         [ROLE_GUIDE] = ROOM_BY_GUIDE_LINK};
    enum wire_role role = person_role(l->person);
    if (role == ROLE_STAFF) {
        owe(l, parcel_new(WIRE_WELCOME));
        return;
    }
    char key[WIRE_TOKEN_MAX + 1];
    snprintf(l->member.id, sizeof l->member.id, "%s", person_member(l->person));
    snprintf(l->member.name, sizeof l->member.name, "%s", person_name(l->person));
    l->member.role = role;
    l->member.notify = on_notify;
    l->joining = true;
    person_key(l->person, key, sizeof key);
    rooms_find(box_rooms(l->sim->box), keys[role], key, box_house(l->sim->box), on_found,
               later_new(l));
}

static void on_answer(void *user, const struct wire_message *answer)
{
    struct later *x = user;
    if (alive(x)) {
        check_answer(x->sim->check, &x->command, x->other, &x->actor, x->arrived, answer);
        if (x->link)
            owe_answer(x->link, answer);
    }
    later_end(x);
}

static void on_group(void *user, enum err e, struct room *r)
{
    struct later *x = user;
    if (e == ERR_OK && alive(x)) {
        x->arrived = box_house(x->sim->box);
        check_command(x->sim->check, &x->command);
        room_command(r, &x->command, &x->actor, x->arrived, on_answer, x);
        return;
    }
    struct wire_message m = {.type = WIRE_ERROR, .u.error.code = e};
    if (x->link && alive(x))
        owe_answer(x->link, &m);
    later_end(x);
}

// Takes people for staff who are not, on purpose: those who listen, or all guides.
static void mistake(const struct sim *s, struct later *x)
{
    bool guide = x->actor.role == ROLE_GUIDE;
    if (x->actor.role == ROLE_STAFF || s->broken != (guide ? BREAK_FENCE_STALE : BREAK_ROLE_LOST))
        return;
    x->actor.role = ROLE_STAFF;
    memcpy(x->name, x->member, sizeof x->member);
}

void peer_command(struct link *l, struct parcel *p)
{
    struct later *x = later_new(l);
    enum wire_role role = person_role(l->person);
    x->command = p->u.command;
    x->other = p->other;
    snprintf(x->name, sizeof x->name, "%s", person_name(l->person));
    if (role != ROLE_STAFF)
        snprintf(x->member, sizeof x->member, "%s", l->member.id);
    x->actor = (struct room_actor){role, x->member, x->name};
    mistake(l->sim, x);
    if (role == ROLE_STAFF)
        rooms_find(box_rooms(l->sim->box), ROOM_BY_ID, x->command.group, box_house(l->sim->box),
                   on_group, x);
    else if (l->member.room && strcmp(room_record(l->member.room)->id, x->command.group) == 0)
        on_group(x, ERR_OK, l->member.room);
    else
        later_end(x);
}
