// SPDX-License-Identifier: Apache-2.0
// The talking thread: network, disk, decoding and rendering ahead, in one lws loop.
//
//   link ──state──► timeline ─┐
//   fetch ──tour, tracks──────┼──► plan ──► render ──► program ring ··· playing thread
//   link ──stamps──► clock map ······································· playing thread
//
// When the server is lost everything stays in force: the timeline says what follows, and beyond
// it the tour does.
#ifndef PLAYER_TALK_H
#define PLAYER_TALK_H

#include "common/base/service.h"
#include "player/clock/clockmap.h"
#include "player/playout/program.h"
#include "player/settings.h"

#include <signal.h>

struct talk;

// Opens the card too, and plays from then on. None is owned. NULL, with one line in `error`, when
// the card, the cache or the loop cannot be had.
struct talk *talk_create(struct settings *settings, struct service *service,
                         struct program *program, struct clockmap *clock, char *error,
                         size_t error_size);
void talk_destroy(struct talk *t);

// Set by signals, which also end the wait.
struct talk_orders {
    volatile sig_atomic_t stop;
    volatile sig_atomic_t reload; // read the settings anew; taken back when it is done
};

// Runs until it is told to stop.
void talk_run(struct talk *t, struct talk_orders *orders);

#endif
