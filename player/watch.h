// SPDX-License-Identifier: Apache-2.0
// What the player says of itself once a second: to the room as a report, to a file as a line that
// plots as it is.
// Thread: the talking thread.
#ifndef PLAYER_WATCH_H
#define PLAYER_WATCH_H

#include "common/time/timeline.h"
#include "common/wire/wire.h"
#include "player/link/link.h"
#include "player/playout/playout.h"
#include "player/playout/render.h"

// What is looked at.
struct watch_view {
    house_t now;
    const struct timeline *timeline; // NULL: no state is known
    const struct render *render;
    const struct playout_stats *playout;
    const struct link_stats *link;
    const char *lang;
    int64_t prep_us; // time to be ready for another position
};

// Pure.
struct wire_report watch_report(const struct watch_view *v);

struct watch_trace;

enum {
    // A line is about 150 bytes: two and a half days, and as much again in PATH.1.
    WATCH_TRACE_MAX = 32 * 1024 * 1024,
};

// Appends to the file; NULL with one line in `error`. Comma-separated, the first line names the
// columns: seconds of house time, us, ppm, ms, counts.
struct watch_trace *watch_trace_open(const char *path, char *error, size_t error_size);
void watch_trace_close(struct watch_trace *t);
// Begins a new file when the old is full, after renaming it to PATH.1. A disk that fails is a
// warning, once.
void watch_trace_line(struct watch_trace *t, const struct watch_view *v,
                      const struct wire_report *r);

#endif
