// SPDX-License-Identifier: Apache-2.0
#include "server/timekeeper.h"

#include "common/base/log.h"
#include "server/house/calendar.h"
#include "server/store/anchor_store.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 1000 };

// What somebody said about the wall clock holds until the machine is told better.
static bool told(const struct house_anchor *a, const struct house_reading *r)
{
    return !r->synchronised && a->told_us && strcmp(a->boot_id, r->boot_id) == 0;
}

static void heed(const struct house_anchor *a, struct house_reading *r)
{
    if (!told(a, r))
        return;
    r->realtime_us += a->told_us;
    r->battery = true;
}

static bool is_step(int64_t us)
{
    return us > HOUSE_STEP_US || us < -HOUSE_STEP_US;
}

// Whoever sets the machine's clock meanwhile does not move what somebody said: it goes on unbroken,
// on top of the new clock. Otherwise a clock that is set right at last would be corrected twice.
static bool hold_on(struct house_anchor *a, struct house_reading *r)
{
    int64_t step_us = house_wall_step_us(a, r);
    if (!told(a, r) || house_was_suspended(a, r) || !is_step(step_us))
        return false;
    a->told_us -= step_us;
    a->told_us += a->told_us == 0; // 0 is nobody
    r->realtime_us -= step_us;
    log_info("house", "the machine's clock was set; what staff said is the time goes on");
    return true;
}

static bool read_clocks(const struct timekeeper *t, struct house_reading *r)
{
    if (!house_read(r))
        return false;
    r->battery = r->battery || t->trust_clock;
    heed(&t->anchor, r);
    return true;
}

house_t timekeeper_now(const struct timekeeper *t)
{
    return house_at(&t->anchor, house_raw_now());
}

void timekeeper_trust(struct timekeeper *t, bool trust_clock)
{
    t->trust_clock = trust_clock;
}

// Were the schedules on disk planned for another zone, or by another wall clock?
static bool plans_are_stale(sqlite3 *db, const struct house_anchor *last,
                            const struct house_reading *reading, bool trusted, const char *zone)
{
    char planned[CALENDAR_ZONE_SIZE];
    if (anchor_store_zone(db, planned, sizeof planned) != ERR_OK || strcmp(planned, zone) != 0)
        return true;
    int64_t step_us = last->present ? house_wall_step_us(last, reading) : 0;
    return last->realtime_trusted != trusted || is_step(step_us);
}

// When there is no place to mark every room, the rooms are asked to wake instead; the zone stays
// the old one on disk, so that the next start does it again.
static enum err put_on_disk(struct timekeeper *t, sqlite3 *db, bool stale, const char *zone)
{
    if (stale && anchor_store_replan(db, &t->anchor, zone) == ERR_OK)
        return ERR_OK;
    t->replan = stale;
    return anchor_store_write(db, &t->anchor);
}

bool timekeeper_resume(struct timekeeper *t, sqlite3 *db, bool trust_clock, char *error,
                       size_t error_size)
{
    struct house_anchor last;
    struct house_reading reading;
    char zone[CALENDAR_ZONE_SIZE];
    t->trust_clock = trust_clock;
    calendar_zone_name(zone);
    if (!read_clocks(t, &reading)) {
        snprintf(error, error_size, "/proc/sys/kernel/random/boot_id cannot be read");
        return false;
    }
    if (anchor_store_read(db, &last) == ERR_OK) {
        heed(&last, &reading);
        hold_on(&last, &reading);
        t->anchor = house_resume(&last, &reading);
        bool stale = plans_are_stale(db, &last, &reading, t->anchor.realtime_trusted, zone);
        t->renewed = reading.raw;
        if (house_is_guessed(&t->anchor))
            log_warn("house", "the wall clock cannot be trusted: nobody knows how long the box was"
                              " off, house time goes on by a guess");
        if (put_on_disk(t, db, stale, zone) == ERR_OK)
            return true;
    }
    snprintf(error, error_size, "the clock anchor cannot be kept");
    return false;
}

// Without a reservation on disk house time could fall after a power cut: it is tried at every look.
static void on_saved(void *user, enum err e)
{
    struct timekeeper *t = user;
    if (e != ERR_OK && !t->unsaved)
        log_warn("house", "the clock anchor could not be saved: %s", err_code(e));
    t->unsaved = e != ERR_OK;
}

static void put_in_force(struct timekeeper *t, const struct house_anchor *a, mono_t raw)
{
    t->anchor = *a;
    t->renewed = raw;
    if (t->time_server)
        time_server_set_anchor(t->time_server, a);
    anchor_store_submit(t->store, &t->anchor, on_saved, t);
}

static void on_look(uv_timer_t *h)
{
    struct timekeeper *t = h->data;
    struct house_reading reading;
    if (!read_clocks(t, &reading))
        return; // once, at the start, it could; the reservation holds for a while
    struct house_anchor before = t->anchor;
    bool held = hold_on(&before, &reading);
    struct house_anchor next = house_renew(&before, &reading);
    int64_t step_us = house_wall_step_us(&before, &reading);
    bool suspended = house_was_suspended(&before, &reading);
    bool set = !suspended && is_step(step_us);
    bool trust = next.realtime_trusted != before.realtime_trusted;
    if (suspended || set || trust || held || t->unsaved ||
        mono_diff_ns(reading.raw, t->renewed) >= HOUSE_RENEW_US * 1000)
        put_in_force(t, &next, reading.raw);
    if (suspended) {
        log_warn("house", "the machine was suspended; house time makes up for it");
        rooms_set_clock_epoch(t->rooms, t->anchor.clock_epoch);
    }
    if (set || trust) {
        log_info("house", "the wall clock %s; schedules are planned anew",
                 !trust                  ? "was set"
                 : next.realtime_trusted ? "can be trusted now"
                                         : "cannot be trusted any more");
        rooms_replan(t->rooms, timekeeper_now(t));
    }
}

bool timekeeper_tell(struct timekeeper *t, int64_t wall_us)
{
    struct house_reading reading;
    struct house_anchor a = t->anchor;
    if (!house_read(&reading) || reading.synchronised)
        return false;
    a.told_us = wall_us - reading.realtime_us;
    a.told_us += a.told_us == 0; // 0 is nobody
    // As if it had been so all along: what was taken for the time before, right or wrong, is over.
    a.realtime_us = wall_us - house_diff_us(house_at(&a, reading.raw), a.house);
    heed(&a, &reading);
    struct house_anchor next = house_renew(&a, &reading);
    put_in_force(t, &next, reading.raw);
    log_info("house", "staff said what the time is; schedules are planned anew");
    rooms_replan(t->rooms, timekeeper_now(t));
    return true;
}

void timekeeper_zone(struct timekeeper *t, const char *zone)
{
    char now[CALENDAR_ZONE_SIZE];
    calendar_zone_name(now);
    if (strcmp(now, zone) == 0 || !calendar_zone_use(zone))
        return;
    log_info("house", "the time zone is %s now; schedules are planned anew", zone);
    rooms_replan(t->rooms, timekeeper_now(t));
}

void timekeeper_start(struct timekeeper *t, uv_loop_t *loop, struct store *store,
                      struct rooms *rooms)
{
    t->store = store;
    t->rooms = rooms;
    uv_timer_init(loop, &t->timer);
    t->timer.data = t;
    uv_timer_start(&t->timer, on_look, LOOK_MS, LOOK_MS);
    if (t->replan)
        rooms_replan(rooms, timekeeper_now(t));
}
