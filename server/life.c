// SPDX-License-Identifier: Apache-2.0
#include "server/life.h"

#include "common/base/log.h"

#include <stdio.h>

// Of the time systemd gives; a lost one or two matter little.
enum { SIGNS_PER_SPAN = 4, LOOK_MS_MAX = 5000, AGAIN_S_MAX = 600 };

static const char *clock_word(const struct house_anchor *a)
{
    if (house_is_guessed(a))
        return "guessed";
    return a->realtime_trusted ? "trusted" : "not trusted";
}

static void tell(struct life *l)
{
    const struct net_house *h = l->house;
    char text[300];
    enum err health = store_health(h->store);
    int len = snprintf(text, sizeof text, "%d groups awake, %d kiosks, %lld connected, clock %s",
                       rooms_count(h->rooms), net_kiosk_count(l->net),
                       (long long)net_counters(l->net)->connections, clock_word(h->anchor));
    if (health != ERR_OK)
        snprintf(text + len, sizeof text - (size_t)len, ", %s", err_code(health));
    service_status(l->service, text);
}

static void on_look(uv_timer_t *timer)
{
    struct life *l = timer->data;
    int64_t still_s = store_still_us(l->house->store) / 1000000;
    bool stuck = still_s >= l->house->settings->disk_patience_s;
    tell(l);
    if (!stuck && service_watchdog_us(l->service) > 0)
        service_notify(l->service, "WATCHDOG=1");
    if (stuck && !l->stuck)
        log_error("life", "the store's thread has stood still for %lld s: no more signs of life",
                  (long long)still_s);
    l->stuck = stuck;
}

void life_start(struct life *l, struct service *service, const struct net_house *house,
                struct net *net)
{
    l->service = service;
    l->house = house;
    l->net = net;
    l->timer.data = l;
    int64_t ms = service_watchdog_us(service) / 1000 / SIGNS_PER_SPAN;
    ms = ms > 0 && ms < LOOK_MS_MAX ? ms : LOOK_MS_MAX;
    uv_timer_start(&l->timer, on_look, (uint64_t)ms, (uint64_t)ms);
    if (service_watchdog_us(service) > 0) // after life_stop() it was another
        service_notify(service, "READY=1\nWATCHDOG_USEC=%lld",
                       (long long)service_watchdog_us(service));
    else
        service_notify(service, "READY=1");
    tell(l);
}

void life_stop(struct life *l, bool again)
{
    uv_timer_stop(&l->timer);
    if (!again)
        service_notify(l->service, "STOPPING=1\nSTATUS=says goodbye");
    else if (service_watchdog_us(l->service) > 0)
        service_notify(l->service, "WATCHDOG_USEC=%lld\nSTATUS=puts a backup in place",
                       (long long)AGAIN_S_MAX * 1000000);
}
