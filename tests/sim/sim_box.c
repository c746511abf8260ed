// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_box.h"

#include "common/base/check.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"

#include <string.h>

// 2026-06-01 00:00:00 UTC, a Monday.
#define WALL_START_US (INT64_C(1780272000) * SEC)
#define NEW_BOX_US HOUR
#define RESERVE_US (150 * SEC)
#define RENEW_US (60 * SEC)
#define SWEEP_US (10 * SEC)

// The row on disk.
struct anchor {
    int boot;
    house_t house, reserved, known_until;
    int64_t wall_us;
    bool trusted;
    uint32_t clock_epoch, guessed_epoch;
};

struct box {
    struct sim *sim;
    // The machine.
    int boot;
    int64_t boot_at;  // true time
    int64_t wall_off; // wall clock minus true time
    bool wall_set;    // it can be trusted
    // The server.
    struct rooms *rooms; // NULL: it does not run
    int life;
    int64_t base; // house minus true time
    struct anchor anchor, saved;
    int64_t seen_off; // wall minus house, as seen at the last look
    bool seen_set;
    int wall_changes;
    house_t highest;
    int64_t stalled_until, fine_since;
    int64_t armed; // true time of the planned waking; 0: none
    int64_t arming;
    int64_t waking; // a life's events carry it
};

static struct world *world(const struct box *b)
{
    return b->sim->world;
}

static int64_t now(const struct box *b)
{
    return world_now(b->sim->world);
}

bool box_up(const struct box *b)
{
    return b->rooms != NULL;
}

int box_life(const struct box *b)
{
    return b->life;
}

struct rooms *box_rooms(struct box *b)
{
    return b->rooms;
}

house_t box_house(struct box *b)
{
    house_t h = {now(b) + b->base};
    if (!box_up(b))
        return h;
    if (h.us < b->highest.us)
        report_fail("I12", "house time fell from %lld to %lld", (long long)b->highest.us,
                    (long long)h.us);
    b->highest = h;
    return h;
}

int64_t box_true(const struct box *b, house_t at)
{
    return at.us - b->base;
}

uint32_t box_clock_epoch(const struct box *b)
{
    return b->anchor.clock_epoch;
}

house_t box_known_until(const struct box *b)
{
    return b->anchor.known_until;
}

int64_t box_wall_us(const struct box *b, house_t at)
{
    return b->seen_set ? at.us + b->seen_off : 0;
}

int box_wall_changes(const struct box *b)
{
    return b->wall_changes;
}

bool box_stalled(const struct box *b)
{
    return now(b) < b->stalled_until;
}

int64_t box_stalled_until(const struct box *b)
{
    return b->stalled_until;
}

int64_t box_fine_since(const struct box *b)
{
    return b->fine_since;
}

// --- the clocks ----------------------------------------------------------------------------------

static bool look_at_wall(struct box *b)
{
    int64_t off = b->wall_off - b->base;
    if (off == b->seen_off && b->wall_set == b->seen_set)
        return false;
    b->seen_off = off;
    b->seen_set = b->wall_set;
    b->wall_changes++;
    return true;
}

static void renew_anchor(struct box *b)
{
    struct anchor *a = &b->anchor;
    a->boot = b->boot;
    a->house = box_house(b);
    a->wall_us = now(b) + b->wall_off;
    a->trusted = b->wall_set;
    a->reserved = house_max(a->reserved, house_add_us(a->house, RESERVE_US));
    if (disk_state(b->sim->disk) == ERR_OK)
        b->saved = *a;
}

// After a reboot; `up` is how long the machine ran before the server came.
static void resume_after_boot(struct box *b)
{
    struct anchor *a = &b->anchor;
    int64_t wall_us = now(b) + b->wall_off;
    bool by_wall = a->trusted && b->wall_set;
    int64_t outage = by_wall ? wall_us - a->wall_us : now(b) - b->boot_at;
    house_t h = house_max(house_add_us(a->house, outage), house_add_us(a->reserved, 1));
    if (b->sim->broken == BREAK_HOUSE_FALLS)
        h = house_add_us(a->house, -SEC);
    a->clock_epoch++;
    if (!by_wall) {
        a->guessed_epoch = a->clock_epoch;
        a->known_until = a->house;
    }
    b->base = h.us - now(b);
    report_say("house time %lld, %s", (long long)h.us, by_wall ? "by the wall clock" : "a guess");
}

static void on_look(void *user, int64_t life)
{
    struct box *b = user;
    if (life != b->life || !box_up(b))
        return;
    bool changed = look_at_wall(b);
    renew_anchor(b);
    if (changed) {
        report_say("the wall clock %s", b->seen_set ? "was set" : "cannot be trusted");
        rooms_replan(b->rooms, box_house(b));
        box_settle(b);
    }
}

static void on_renew(void *user, int64_t life)
{
    struct box *b = user;
    if (life != b->life || !box_up(b))
        return;
    on_look(user, life);
    // Tried again soon: house time must not outrun what is reserved.
    bool saved = b->saved.house.us == b->anchor.house.us;
    world_after(world(b), saved ? RENEW_US : SEC, on_renew, b, life);
}

// --- the loop ------------------------------------------------------------------------------------

static void on_waking(void *user, int64_t arming)
{
    struct box *b = user;
    if (arming != b->arming || !box_up(b))
        return;
    if (box_stalled(b)) {
        world_at(world(b), b->stalled_until, on_waking, b, arming);
        return;
    }
    b->armed = 0;
    rooms_run(b->rooms, box_house(b));
    box_settle(b);
}

// How much later than planned the loop wakes.
static int64_t draw_lateness(struct box *b)
{
    if (b->sim->broken == BREAK_ALARM_LOST && world_chance(world(b), 50))
        return HOUR;
    if (world_chance(world(b), 50))
        return world_between(world(b), 0, 200 * MS);
    return world_between(world(b), 0, 2 * MS);
}

void box_settle(struct box *b)
{
    house_t due;
    if (!box_up(b))
        return;
    check_turn(b->sim->check);
    if (!rooms_due(b->rooms, &due)) {
        b->armed = 0;
        b->arming++;
        return;
    }
    int64_t at = box_true(b, due);
    if (at < now(b))
        at = now(b);
    // Already planned for then, give or take how late that is.
    if (b->armed && b->armed == at)
        return;
    b->armed = at;
    world_at(world(b), at + draw_lateness(b), on_waking, b, ++b->arming);
}

static void on_sweep(void *user, int64_t life)
{
    struct box *b = user;
    if (life != b->life || !box_up(b))
        return;
    rooms_sweep(b->rooms, box_house(b));
    box_settle(b);
    world_after(world(b), SWEEP_US, on_sweep, b, life);
}

static void on_changed(void *user)
{
    (void)user;
}

// --- power ---------------------------------------------------------------------------------------

static void start(struct box *b)
{
    bool reboot = b->boot != b->saved.boot;
    bool was_set = b->saved.trusted;
    int64_t was_off = b->saved.wall_us - b->saved.house.us;
    b->life++;
    b->anchor = b->saved;
    report_say("the server starts");
    if (reboot)
        resume_after_boot(b);
    look_at_wall(b);
    renew_anchor(b);
    if (was_set != b->wall_set || was_off - b->seen_off > SEC || b->seen_off - was_off > SEC)
        disk_make_due(b->sim->disk);
    struct rooms_config c = {
        .port = disk_port(b->sim->disk),
        .clock_epoch = b->anchor.clock_epoch,
        .guessed_epoch = b->anchor.guessed_epoch,
        .known_until = b->anchor.known_until,
        .max_awake = b->sim->story.max_awake,
        .forget_every = b->sim->story.forget_every,
        .changed = on_changed,
        .seed = world_random(world(b)),
    };
    b->rooms = rooms_new(&c);
    b->fine_since = now(b);
    b->stalled_until = 0;
    world_after(world(b), RENEW_US, on_renew, b, b->life);
    world_after(world(b), SWEEP_US, on_sweep, b, b->life);
    check_started(b->sim->check);
    box_settle(b);
}

static void on_start(void *user, int64_t life)
{
    struct box *b = user;
    if (box_up(b) || life != b->life)
        return;
    // Without an anchor on disk it does not start; the supervisor tries again.
    if (disk_state(b->sim->disk) == ERR_OK)
        start(b);
    else
        world_after(world(b), SEC, on_start, b, life);
}

// The server's end: what it had in memory is gone, connections with it.
static void stop(struct box *b, bool power)
{
    check_stopping(b->sim->check);
    net_server_gone(b->sim, power);
    disk_crash(b->sim->disk);
    rooms_free(b->rooms);
    b->rooms = NULL;
    b->armed = 0;
    b->arming++;
}

void box_kill(struct box *b, int64_t off_us)
{
    report_say("the server is killed, and comes again in %.1f s", (double)off_us / 1e6);
    stop(b, false);
    world_after(world(b), off_us, on_start, b, b->life);
}

void box_power_off(struct box *b, int64_t off_us, bool battery)
{
    b->boot++;
    b->boot_at = now(b) + off_us;
    b->wall_set = battery;
    report_say("power off for %.1f s; the wall clock %s", (double)off_us / 1e6,
               battery ? "has a battery" : "will not be known");
    stop(b, true);
    world_after(world(b), off_us + world_between(world(b), 3 * SEC, 20 * SEC), on_start, b,
                b->life);
}

// --- what goes wrong but leaves it running -------------------------------------------------------

void box_move_wall(struct box *b, int64_t by_us, bool trusted)
{
    b->wall_off += by_us;
    b->wall_set = trusted;
    b->fine_since = now(b);
    report_say("the wall clock moves by %.3f s, and is %s", (double)by_us / 1e6,
               trusted ? "trusted" : "not trusted");
    world_after(world(b), world_between(world(b), 0, SEC), on_look, b, b->life);
}

bool box_wall_trusted(const struct box *b)
{
    return b->wall_set;
}

void box_stall(struct box *b, int64_t span_us)
{
    b->stalled_until = now(b) + span_us;
    if (b->stalled_until > b->sim->story.end)
        b->stalled_until = b->sim->story.end; // what is put off until then is put off no longer
    b->fine_since = b->stalled_until;
    report_say("the loop stalls for %.1f s", (double)(b->stalled_until - now(b)) / 1e6);
}

void box_fault(struct box *b, enum err e)
{
    b->fine_since = now(b);
    disk_fault(b->sim->disk, e);
    // The store finds out by itself that it can save again; at times only a change does.
    if (e == ERR_OK && box_up(b) && world_chance(world(b), 700)) {
        rooms_recovered(b->rooms, box_house(b));
        box_settle(b);
    }
    // What was reported as failed may be there.
    if (e == ERR_OK && box_up(b))
        rooms_reread(b->rooms);
}

void box_begin(struct box *b)
{
    renew_anchor(b);
    start(b);
}

void box_heal(struct box *b)
{
    disk_fault(b->sim->disk, ERR_OK);
    b->wall_set = true;
    b->stalled_until = 0;
    b->fine_since = now(b);
    if (!box_up(b)) {
        // Wherever the boot had got to, it is through now.
        if (b->boot_at > now(b))
            b->boot_at = now(b);
        start(b);
    } else {
        rooms_recovered(b->rooms, box_house(b));
        rooms_reread(b->rooms);
        on_look(b, b->life);
    }
    box_settle(b);
}

struct box *box_new(struct sim *s)
{
    struct box *b = check_alloc(calloc(1, sizeof *b));
    b->sim = s;
    b->boot = 1;
    b->base = NEW_BOX_US;
    b->wall_off = WALL_START_US + world_below(s->world, 7 * 24 * HOUR);
    b->wall_set = world_chance(s->world, 800);
    b->anchor.clock_epoch = 1;
    look_at_wall(b);
    return b;
}

void box_free(struct box *b)
{
    if (box_up(b))
        stop(b, false);
    free(b);
}
