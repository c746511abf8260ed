// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_trouble.h"

#include "tests/sim/sim_box.h"
#include "tests/sim/sim_disk.h"

static void expect(struct sim *s, int64_t mean_us, world_fn fn)
{
    if (mean_us)
        world_after(s->world, world_wait(s->world, mean_us), fn, s, 0);
}

static int64_t draw_outage(const struct sim *s)
{
    struct world *w = s->world;
    if (world_chance(w, s->story.long_per_mille))
        return world_between(w, 10 * MINUTE, 3 * HOUR);
    return world_chance(w, 700) ? world_between(w, 100 * MS, 3 * SEC)
                                : world_between(w, 3 * SEC, 90 * SEC);
}

static void power_off(struct sim *s)
{
    struct world *w = s->world;
    bool battery = world_chance(w, 500);
    int64_t off_us = draw_outage(s);
    // The clock of a board without a battery begins anew; others drift.
    if (!battery || world_chance(w, 200))
        box_move_wall(s->box, world_between(w, -2 * MINUTE, 2 * MINUTE), battery);
    box_power_off(s->box, off_us, battery);
}

static void on_crash(void *user, int64_t arg)
{
    struct sim *s = user;
    (void)arg;
    if (s->calm)
        return;
    if (box_up(s->box) && world_chance(s->world, s->story.reboot_per_mille))
        power_off(s);
    else if (box_up(s->box))
        box_kill(s->box, draw_outage(s));
    expect(s, s->story.crash_mean, on_crash);
}

static void on_disk(void *user, int64_t arg)
{
    struct sim *s = user;
    struct world *w = s->world;
    (void)arg;
    if (s->calm)
        return;
    if (disk_state(s->disk) != ERR_OK) {
        box_fault(s->box, ERR_OK);
        expect(s, s->story.disk_mean, on_disk);
        return;
    }
    box_fault(s->box, world_chance(w, 500) ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED);
    world_after(w, world_between(w, 10 * MS, 20 * SEC), on_disk, s, 0);
}

static void on_wall(void *user, int64_t arg)
{
    struct sim *s = user;
    struct world *w = s->world;
    bool trusted = box_wall_trusted(s->box);
    (void)arg;
    if (s->calm)
        return;
    switch (world_below(w, 4)) {
    case 0:
        box_move_wall(s->box, 0, !trusted);
        break;
    case 1:
        box_move_wall(s->box, world_between(w, -3 * MS, 3 * MS), trusted);
        break;
    case 2:
        box_move_wall(s->box, world_between(w, -5 * MINUTE, 5 * MINUTE), trusted);
        break;
    default:
        box_move_wall(s->box, world_between(w, -30, 30) * HOUR, trusted);
        break;
    }
    expect(s, s->story.wall_mean, on_wall);
}

static void on_stall(void *user, int64_t arg)
{
    struct sim *s = user;
    (void)arg;
    if (s->calm)
        return;
    box_stall(s->box, world_between(s->world, 100 * MS, 8 * SEC));
    expect(s, s->story.stall_mean, on_stall);
}

void trouble_begin(struct sim *s)
{
    expect(s, s->story.crash_mean, on_crash);
    expect(s, s->story.disk_mean, on_disk);
    expect(s, s->story.wall_mean, on_wall);
    expect(s, s->story.stall_mean, on_stall);
}
