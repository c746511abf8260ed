// SPDX-License-Identifier: Apache-2.0
// Backups that the server makes by itself, once a day at an hour of the venue's clock:
//
//   DIR/.part  ──copied beside the show, checked, synced──►  DIR/roomtone-000123-2026-11-27.backup
//
// Of a box that was off at that hour it is made up for as soon as it is on again. The number rises
// with each, so that a clock that was wrong confuses nothing: the newest are kept by number.
// Without a clock to trust one is made at the start and every 24 hours. What fails is tried again
// after five seconds, and after twice as long each time up to ten minutes. Thread: the loop's;
// files on a worker.
#ifndef SERVER_NIGHTLY_H
#define SERVER_NIGHTLY_H

#include "server/house/house.h"
#include "server/settings.h"
#include "server/store/store.h"

#include <uv.h>

// How they go; read by the net.
struct nightly_state {
    bool wanted;    // a folder is set
    bool failing;   // the last try came to nothing
    int64_t last_s; // the newest backup there is, s since 1970 by its file; 0: none
    char why[200];  // failing: the reason
};

struct nightly {
    struct nightly_state state;
    const struct settings *settings;
    const struct house_anchor *anchor;
    struct store *store;
    uv_loop_t *loop;
    uv_timer_t timer;
    uv_work_t work;
    const char *db_path;
    bool busy;
    mono_t tried;   // when the last try began
    bool has_tried; // since the start
    int again_s;    // failing: from one try to the next
    char dir[512];  // of the one under way
    char part[600];
    int keep;
    enum err err;
};

// `n` is zeroed and stays where it is until the loop has ended.
void nightly_start(struct nightly *n, const struct settings *settings,
                   const struct house_anchor *anchor, struct store *store, uv_loop_t *loop,
                   const char *db_path);

#endif
