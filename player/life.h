// SPDX-License-Identifier: Apache-2.0
// Signs of life to systemd: what the player does or waits for, in a line, and that both of its
// threads get on. The talking thread does when this is called; the playing thread does when its
// periods count up while there is a card.
// Thread: the talking thread.
#ifndef PLAYER_LIFE_H
#define PLAYER_LIFE_H

#include "common/base/service.h"
#include "common/time/instant.h"
#include "player/link/link.h"
#include "player/playout/playout.h"
#include "player/settings.h"

struct life {
    struct service *service;
    const struct settings *settings;
    int64_t periods; // of the playing thread, when looked at last
    bool still;      // said once
    mono_t told;     // the last sign
};

// Says READY: the card is open.
void life_start(struct life *l, struct service *service, const struct settings *settings,
                mono_t now);
// Once a second or so; the watchdog's span is to be longer than two of these.
void life_look(struct life *l, const struct playout_stats *playout, const struct link_stats *link,
               mono_t now);

// What is done or waited for. Pure.
void life_words(const struct settings *settings, const struct playout_stats *playout,
                const struct link_stats *link, char *out, size_t size);

#endif
