// SPDX-License-Identifier: Apache-2.0
// Brings content from the server into the cache: GET /content/HASH.EXT, what is needed soonest
// first, two at a time (one large track must not hold up a small one), going on by Range where an
// earlier try ended.
// The server is not trusted: sizes are limited, bytes verified by their hash, redirects not
// followed, and a download that stands still for 10 s is dropped.
// What cannot be had is tried again after 2 s, then ever more seldom, and the log says why only
// when the reason is another one. Thread: the talking thread.
#ifndef PLAYER_TRACK_FETCH_H
#define PLAYER_TRACK_FETCH_H

#include "player/track/cache.h"

#include <libwebsockets.h>

enum { FETCH_WISHES_MAX = 256, FETCH_AT_ONCE = 2 };

struct fetch_wish {
    struct cache_name name;
    int64_t most; // its size, or the most it may have
};

struct fetch;

// Its entry for the protocols of the lws context.
extern const struct lws_protocols fetch_protocol;

// `ssl_connection`: lws' LCCSCF_ flags, 0 or over TLS. `on_file` is called when a wished file has
// arrived.
struct fetch *fetch_create(struct lws_context *context, struct cache *cache, const char *host,
                           int port, int ssl_connection,
                           void (*on_file)(void *user, const struct cache_name *name), void *user);
// Files come from there from now on; "" is nowhere yet.
void fetch_aim(struct fetch *f, const char *host, int port);
// Before the context is destroyed, and after.
void fetch_stop(struct fetch *f);
void fetch_destroy(struct fetch *f);

// What is wanted, the soonest first; replaces earlier wishes. Files that are here are skipped; at
// most FETCH_WISHES_MAX count. A running download goes on even when it is no longer wished, and
// what failed before and is still wished rests on.
void fetch_wishes(struct fetch *f, const struct fetch_wish *wishes, size_t n);

// The server was reached anew: what rests after a failure is tried at once.
void fetch_again(struct fetch *f);

// How long a file rests after its so many-th failure on end, 1 and up: from 2 s to ten minutes.
int64_t fetch_rest_ms(unsigned failures);

// True while something wished is not here.
bool fetch_busy(const struct fetch *f);

#endif
