// SPDX-License-Identifier: Apache-2.0
#include "player/life.h"

#include "common/base/log.h"

#include <stdio.h>

// Of the time systemd gives; a lost one or two matter little.
enum { SIGNS_PER_SPAN = 4 };

void life_words(const struct settings *settings, const struct playout_stats *playout,
                const struct link_stats *link, char *out, size_t size)
{
    if (playout->gone)
        snprintf(out, size, "waits for the card %s", settings->device);
    else if (link->joined)
        snprintf(out, size, "%s on %s", playout->running ? "in step" : "waits for the time",
                 settings->device);
    else if (link->new)
        snprintf(out, size, "waits to be adopted");
    else if (link->connections == 0 && !settings->server[0])
        snprintf(out, size, "looks for its box");
    else if (link->connections == 0)
        snprintf(out, size, "waits for the box at %s", settings->server);
    else
        snprintf(out, size, "the box is away; plays on by itself on %s", settings->device);
}

void life_start(struct life *l, struct service *service, const struct settings *settings,
                mono_t now)
{
    *l = (struct life){.service = service, .settings = settings, .periods = -1, .told = now};
    service_notify(service, "READY=1");
}

void life_look(struct life *l, const struct playout_stats *playout, const struct link_stats *link,
               mono_t now)
{
    char words[400];
    life_words(l->settings, playout, link, words, sizeof words);
    service_status(l->service, words);
    bool still = !playout->gone && playout->periods == l->periods;
    if (still && !l->still)
        log_error("life", "the playing thread stands still: no more signs of life");
    l->still = still;
    l->periods = playout->periods;
    int64_t span_us = service_watchdog_us(l->service);
    if (still || span_us == 0 || mono_diff_ns(now, l->told) < span_us * 1000 / SIGNS_PER_SPAN)
        return;
    l->told = now;
    service_notify(l->service, "WATCHDOG=1");
}
