// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_wish.h"

#include "tests/sim/sim_box.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"

#include <stdio.h>
#include <string.h>

static const enum wire_op staff_ops[] = {
    OP_LOAD,      OP_LOAD,      OP_PLAY,      OP_PLAY,      OP_PLAY,    OP_PLAY,
    OP_PAUSE,     OP_PAUSE,     OP_SEEK,      OP_GOTO,      OP_NEXT,    OP_PREV,
    OP_STOP,      OP_STOP_NOW,  OP_RELEASE,   OP_HAND_OVER, OP_DEPUTY,  OP_CLAIM,
    OP_CONFIGURE, OP_CONFIGURE, OP_CONFIGURE, OP_RESTORE,   OP_RESTORE, OP_RENEW};
static const enum wire_op guide_ops[] = {OP_PLAY,     OP_PLAY,    OP_PAUSE,     OP_SEEK,   OP_GOTO,
                                         OP_NEXT,     OP_PREV,    OP_STOP,      OP_CLAIM,  OP_CLAIM,
                                         OP_CLAIM,    OP_RELEASE, OP_HAND_OVER, OP_DEPUTY, OP_LOAD,
                                         OP_STOP_NOW, OP_DEPUTY};

static const enum wire_op lease_ops[] = {OP_CLAIM, OP_CLAIM,     OP_CLAIM,  OP_RELEASE,
                                         OP_PLAY,  OP_HAND_OVER, OP_DEPUTY, OP_PAUSE};

static enum wire_op draw_op(const struct wish_maker *m)
{
    struct world *w = m->sim->world;
    if (m->role == ROLE_STAFF)
        return staff_ops[world_below(w, sizeof staff_ops / sizeof staff_ops[0])];
    if (m->sim->story.lease)
        return lease_ops[world_below(w, sizeof lease_ops / sizeof lease_ops[0])];
    return guide_ops[world_below(w, sizeof guide_ops / sizeof guide_ops[0])];
}

// A rule whose next occurrence is seconds or minutes away, by the true wall clock.
static void make_rule(const struct wish_maker *m, char out[WIRE_RULE_MAX + 1])
{
    static const char *const days[] = {"daily", "daily", "mon-fri", "sat,sun", "mon,wed,fri"};
    static const char *const what[] = {"start", "start:1", "start:2", "stop", "hold", "start:7"};
    struct world *w = m->sim->world;
    int64_t wall = box_wall_us(m->sim->box, box_house(m->sim->box));
    int s = (int)((wall / SEC + world_between(w, 3, 180)) % 86400);
    const char *when = days[world_below(w, 5)], *action = what[world_below(w, 6)];
    if (world_chance(w, 300))
        s = s / 10 * 10; // so that rules meet
    if (world_chance(w, 30))
        snprintf(out, WIRE_RULE_MAX + 1, "daily 25:%02d start", s % 60);
    else if (world_chance(w, 500))
        snprintf(out, WIRE_RULE_MAX + 1, "%s %02d:%02d:%02d-23:59/%lldmin %s", when, s / 3600,
                 s / 60 % 60, s % 60, (long long)world_between(w, 1, 4), action);
    else
        snprintf(out, WIRE_RULE_MAX + 1, "%s %02d:%02d:%02d %s", when, s / 3600, s / 60 % 60,
                 s % 60, action);
}

static void make_configure(const struct wish_maker *m, struct wire_configure *c)
{
    struct world *w = m->sim->world;
    c->has_when_empty = world_chance(w, 600);
    c->when_empty = (enum wire_empty)world_below(w, 3);
    c->has_empty_after = world_chance(w, 600);
    c->empty_after_s = (int32_t)world_between(w, 10, 60);
    c->has_after_reboot = world_chance(w, 400);
    c->after_reboot = (enum wire_reboot)world_below(w, 2);
    c->has_schedule = world_chance(w, m->sim->story.rules_per_mille);
    if (!c->has_schedule)
        return;
    c->rule_count = (int)world_below(w, 4);
    for (int i = 0; i < c->rule_count; i++)
        make_rule(m, c->rules[i]);
}

static void make_point(const struct wish_maker *m, const struct disk_room *r, struct wire_point *p)
{
    struct world *w = m->sim->world;
    house_t now = box_house(m->sim->box);
    p->kind = (enum wire_point_kind)world_below(w, 3);
    const struct room_state *s = &r->rows[world_below(w, r->row_count)].change.state;
    p->epoch = s->epoch;
    p->rev = s->rev + (world_chance(w, 100) ? 7 : 0);
    p->time = house_add_us(now, -world_below(w, 5 * MINUTE));
    p->wall_us = box_wall_us(m->sim->box, now) - world_below(w, 5 * MINUTE);
    if (p->wall_us < 0)
        p->wall_us = 0;
    // What the kind does not use is not on the wire.
    if (p->kind != POINT_REV)
        p->epoch = 0, p->rev = 0;
    if (p->kind != POINT_TIME)
        p->time.us = 0;
    if (p->kind != POINT_WALL)
        p->wall_us = 0;
}

static void make_guide(const struct wish_maker *m, struct wire_command *c)
{
    struct world *w = m->sim->world;
    struct crowd *crowd = m->sim->crowd;
    for (int tries = 0; tries < 8; tries++) {
        struct person *p = crowd_person(crowd, (int)world_below(w, crowd_count(crowd)));
        if (person_role(p) == ROLE_GUIDE && person_member(p)[0]) {
            snprintf(c->member, sizeof c->member, "%s", person_member(p));
            return;
        }
    }
}

static void make_position(const struct wish_maker *m, struct wire_command *c, int per_mille)
{
    struct world *w = m->sim->world;
    c->has_position = world_chance(w, per_mille);
    if (c->has_position)
        c->position_us = world_chance(w, 200) ? 0 : world_below(w, 40 * SEC);
}

static void make_arguments(const struct wish_maker *m, const struct disk_room *r,
                           struct wire_command *c)
{
    struct world *w = m->sim->world;
    switch (c->op) {
    case OP_LOAD:
        snprintf(c->tour, sizeof c->tour, "tour-%d", (int)world_below(w, 4));
        c->cue = world_chance(w, 700) ? 0 : (int32_t)world_below(w, 6);
        c->keep = world_chance(w, 400);
        if (world_chance(w, 100))
            disk_publish(m->sim->disk, "tour-0");
        break;
    case OP_GOTO:
        c->cue = (int32_t)world_below(w, 6);
        make_position(m, c, 500);
        break;
    case OP_PLAY:
        make_position(m, c, 300);
        break;
    case OP_SEEK:
        make_position(m, c, 1000);
        break;
    case OP_CONFIGURE:
        make_configure(m, &c->configure);
        break;
    case OP_RESTORE:
        make_point(m, r, &c->to);
        break;
    case OP_HAND_OVER:
        make_guide(m, c);
        if (!c->member[0]) // the wire does not know a hand-over to nobody
            c->op = OP_RELEASE;
        break;
    case OP_DEPUTY:
        if (world_chance(w, 900))
            make_guide(m, c);
        break;
    default:
        break;
    }
}

void wish_make(const struct wish_maker *m, struct wire_command *c)
{
    struct world *w = m->sim->world;
    bool staff = m->role == ROLE_STAFF;
    int room = staff ? (int)world_below(w, m->sim->story.rooms) : m->room;
    const struct disk_room *r = disk_room(m->sim->disk, room);
    memset(c, 0, sizeof *c);
    memcpy(c->group, r->record.id, sizeof c->group);
    c->op = draw_op(m);
    make_arguments(m, r, c);
    if (world_chance(w, 150))
        c->at = house_add_us(box_house(m->sim->box), world_between(w, -SEC, 30 * SEC));
    if (m->view && !staff && world_chance(w, 150)) {
        c->has_if_rev = true;
        c->if_epoch = m->view->epoch;
        c->if_rev = m->view->rev - (world_chance(w, 200) ? 1 : 0);
    } else if (staff && world_chance(w, 150)) {
        c->has_if_rev = true;
        c->if_epoch = r->record.state.epoch;
        c->if_rev = r->record.state.rev - (world_chance(w, 200) ? 1 : 0);
    }
    if (m->role == ROLE_GUIDE && (m->fence || world_chance(w, 100))) {
        c->has_fence = true;
        c->fence = m->fence - (m->fence > 0 && world_chance(w, 50));
    }
}
