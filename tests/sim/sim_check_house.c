// SPDX-License-Identifier: Apache-2.0
// The house as a whole, now and then: is anything overdue, is everybody where they should be, does
// everybody hold the same.
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check_private.h"
#include "tests/sim/sim_crowd.h"

#include <string.h>

// The loop is up to 200 ms late, the disk at times half a second; a failed try comes again after a
// second, and another change that is in the air takes as long.
#define LATE_US (3 * SEC)

static bool somebody_unnoticed(struct check *c, struct disk_room *r)
{
    const struct room_state *s = &r->record.state;
    return s->plan.when_empty != EMPTY_CONTINUE &&
           (net_listeners(c->sim, r->index) > 0) != (s->presence == PRESENCE_SOMEBODY);
}

static void check_overdue(struct check *c, struct disk_room *r, house_t now)
{
    const struct room_state *s = &r->record.state;
    const struct room_change *row = &r->rows[r->row_count - 1].change;
    int64_t wall_us = box_wall_us(c->sim->box, now);
    struct oracle_wall wall = {wall_us != 0, wall_us - now.us};
    const struct tour *tour = disk_tour(c->sim->disk, s->tour_hash);
    house_t next;
    // Marks from when the clock was wrong mean nothing; a rule that has none waits for its first.
    for (int i = 0; i < s->plan.rule_count; i++)
        wall.known = wall.known && s->plan.rules[i].handled_us - wall_us <= 25 * HOUR;
    if (oracle_next(s, tour, wall, &next) && next.us < now.us - LATE_US)
        report_fail("I8", "%s %u.%lld: what was due at %lld has not happened at %lld (row of %lld)",
                    r->record.id, s->epoch, (long long)s->rev, (long long)next.us,
                    (long long)now.us, (long long)row->now.us);
}

// Where arithmetic says the room is, and where its newest row says it is.
static bool astray(struct check *c, struct disk_room *r, house_t now)
{
    struct check_room *cr = check_room(c, r);
    struct room_state want = cr->from, have = r->record.state;
    const struct tour *tour = disk_tour(c->sim->disk, have.tour_hash);
    int64_t wall_us = box_wall_us(c->sim->box, now);
    struct oracle_wall wall = {wall_us != 0, wall_us - now.us};
    if (want.plan.rule_count > 0 &&
        (!wall.known || !cr->from_wall.known || wall.off_us != cr->from_wall.off_us))
        return false;
    // A reboot that nobody knows the length of is the next thing that comes from outside.
    if (have.clock_epoch != box_clock_epoch(c->sim->box))
        return false;
    oracle_run(&want, tour, now, wall);
    oracle_run(&have, tour, now, (struct oracle_wall){0});
    return !oracle_same_place(&want, &have, tour, now);
}

static void look_at(struct check *c, struct disk_room *r, house_t now)
{
    struct check_room *cr = check_room(c, r);
    bool lost = astray(c, r, now), unnoticed = somebody_unnoticed(c, r);
    check_overdue(c, r, now);
    // Once is no fault: it may be happening just now.
    bool again = (lost || unnoticed) && cr->odd_row == r->row_count;
    if (again)
        report_fail("I8", "%s %u.%lld: %s", r->record.id, r->record.state.epoch,
                    (long long)r->record.state.rev,
                    lost ? "is not where arithmetic puts it" : "does not know who is there");
    cr->odd_row = lost || unnoticed ? r->row_count : 0;
}

void check_look(struct check *c)
{
    struct sim *s = c->sim;
    bool fine = box_up(s->box) && disk_state(s->disk) == ERR_OK && !box_stalled(s->box) &&
                world_now(s->world) - box_fine_since(s->box) > 5 * SEC &&
                world_now(s->world) - disk_slow_until(s->disk) > 5 * SEC;
    // Where not all rooms can be awake, some are late, and no harm done.
    if (!fine || s->story.max_awake < s->story.rooms)
        return;
    for (int i = 0; i < disk_count(s->disk); i++)
        look_at(c, disk_room(s->disk, i), box_house(s->box));
}

void check_agreed(struct check *c)
{
    struct sim *s = c->sim;
    for (int i = 0; i < crowd_count(s->crowd); i++) {
        struct person *p = crowd_person(s->crowd, i);
        if (person_role(p) == ROLE_STAFF)
            continue;
        const struct disk_room *r = disk_room(s->disk, person_room(p));
        const struct heard *h = person_view(p);
        int row = h && strcmp(h->state.group, r->record.id) == 0
                      ? disk_row_of(r, h->state.epoch, h->state.rev)
                      : -1;
        if (s->story.max_awake < s->story.rooms && !person_joined(p))
            continue; // found no place in a house that is full
        // The newest is on its way to everybody; the one before it no longer.
        bool newest = row == r->row_count - 1;
        if (!newest && (row < 0 || world_now(s->world) - r->rows[row + 1].durable > SEC))
            report_fail("I5", "%s holds %u.%lld of %s, which is at %u.%lld", person_name(p),
                        h ? h->state.epoch : 0, h ? (long long)h->state.rev : 0, r->record.id,
                        r->record.state.epoch, (long long)r->record.state.rev);
    }
}

void check_end(struct check *c)
{
    for (int i = 0; i < disk_count(c->sim->disk); i++)
        check_replay(c, disk_room(c->sim->disk, i));
    for (int n = 0; n < c->ask_cap; n++) {
        const struct check_ask *a = &c->asks[n];
        if (a->acked && disk_row_of(disk_find(c->sim->disk, a->room), a->ack.epoch, a->ack.rev) < 0)
            report_fail("I1", "command %d was acked and is lost", n);
    }
}
