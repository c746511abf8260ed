// SPDX-License-Identifier: Apache-2.0
// Keeps house time while the program runs: looks at the machine's clocks once a second, renews the
// anchor on disk, and tells the rooms when something about the clocks is not what it was (the
// machine was suspended, the wall clock was set or can be trusted now). Thread: the loop's.
#ifndef SERVER_TIMEKEEPER_H
#define SERVER_TIMEKEEPER_H

#include "server/house/house.h"
#include "server/room/rooms.h"
#include "server/store/store.h"
#include "server/timeserver/time_server.h"

#include <uv.h>

struct timekeeper {
    struct house_anchor anchor; // the one in force
    bool trust_clock;           // settings: a plausible wall clock is enough
    bool replan;                // the schedules on disk are still for another zone, or clock
    mono_t renewed;
    bool unsaved; // the last renewal is not on disk
    uv_timer_t timer;
    struct store *store;
    struct rooms *rooms;
    struct time_server *time_server; // is told of each new anchor; NULL: there is none
};

// Resumes house time from the database and writes the anchor back. False with one line in `error`.
bool timekeeper_resume(struct timekeeper *t, sqlite3 *db, bool trust_clock, char *error,
                       size_t error_size);

void timekeeper_start(struct timekeeper *t, uv_loop_t *loop, struct store *store,
                      struct rooms *rooms);
// Another word of the settings on whether the wall clock is to be trusted; seen at the next look.
void timekeeper_trust(struct timekeeper *t, bool trust_clock);
// Staff say that it is `wall_us` now (us since 1970). The machine's clock stays as it is: only the
// house goes by this, until the machine is synchronised or starts anew. False, and nothing changes,
// while the machine is synchronised.
bool timekeeper_tell(struct timekeeper *t, int64_t wall_us);
// Another time zone: schedules are planned anew by it.
void timekeeper_zone(struct timekeeper *t, const char *zone);
house_t timekeeper_now(const struct timekeeper *t);

#endif
