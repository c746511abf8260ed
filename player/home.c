// SPDX-License-Identifier: Apache-2.0
#include "player/home.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/adopt.h"
#include "player/find/find.h"
#include "player/keep/keep.h"

#include <string.h>

struct home {
    const struct settings *settings;
    struct find *find;     // NULL: nothing is looked for
    struct house_pin kept; // the house it belongs to
    struct house_pin first;
    char path[KEEP_PATH_MAX];
    bool told_several;
};

struct home *home_open(const struct settings *s)
{
    struct home *h = check_alloc(calloc(1, sizeof *h));
    h->settings = s;
    keep_path(s->cache_dir, "house", s->name, "json", h->path);
    if (!settings_chosen(s))
        h->kept = house_file_read(h->path);
    h->first = h->kept;
    if (s->server[0]) {
        snprintf(h->first.host, sizeof h->first.host, "%s", s->host);
        h->first.port = s->port;
    }
    return h;
}

void home_close(struct home *h)
{
    if (!h)
        return;
    find_stop(h->find);
    free(h);
}

const struct house_pin *home_first(const struct home *h)
{
    return &h->first;
}

const char *home_name(const struct home *h)
{
    return h->settings->server[0] ? h->settings->server : h->kept.key;
}

void home_look_around(struct home *h)
{
    if (!h->settings->server[0])
        h->find = find_start();
}

// The house has moved, says the network: should this connection end, the next goes there.
static void follow(const struct find_way *seen, int count, const struct find_way *own,
                   struct link *link)
{
    const struct find_way *other = NULL;
    char host[FIND_HOST_MAX];
    int port;
    link_target(link, host, sizeof host, &port);
    for (int i = 0; i < count; i++) {
        if (strcmp(seen[i].id, own->id) != 0)
            continue;
        if (seen[i].port == port && strcmp(seen[i].host, host) == 0)
            return;
        other = &seen[i];
    }
    if (other)
        link_aim(link, other->host, other->port);
}

void home_turn(struct home *h, struct link *link)
{
    struct link_stats s = link_stats(link);
    struct find_way seen[FIND_MAX], own = {.port = h->kept.port}, way;
    if (h->settings->server[0] || s.new)
        return;
    if (h->kept.key[0])
        CHECK(key_id(h->kept.key, own.id));
    snprintf(own.host, sizeof own.host, "%s", h->kept.host);
    int count = find_ways(h->find, seen);
    if (s.joined) {
        follow(seen, count, &own, link);
        return;
    }
    switch (choose(seen, count, &own, s.attempts, &way)) {
    case CHOOSE_NONE:
        break;
    case CHOOSE_SEVERAL:
        if (!h->told_several)
            log_warn("find", "several houses are here and this player belongs to none of them: say "
                             "which by [server] address");
        h->told_several = true;
        link_aim(link, "", 0);
        break;
    case CHOOSE_THIS:
        h->told_several = false;
        link_aim(link, way.host, way.port);
        break;
    }
}

void home_taken(struct home *h, const struct link *link, struct fetch *fetch, const char *key)
{
    struct house_pin now = {.key = ""};
    if (key[0]) {
        snprintf(now.key, sizeof now.key, "%s", key);
        link_target(link, now.host, sizeof now.host, &now.port);
        fetch_aim(fetch, now.host, now.port);
    }
    if (strcmp(now.key, h->kept.key) == 0 && strcmp(now.host, h->kept.host) == 0 &&
        now.port == h->kept.port)
        return;
    h->kept = now;
    house_file_write(h->path, &now);
}
