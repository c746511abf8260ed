// SPDX-License-Identifier: Apache-2.0
#include "player/track/fetch.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    MS = 1000,
    // After a failure a file rests: a server that has not got it yet has it a little later; one
    // that never will is not asked for ever, and the disk not written for nothing.
    REST_MIN_MS = 2000,
    REST_MAX_MS = 600000,
    STALL_S = 10,
    WHY_MAX = 48,
};

// How it went so far, kept as long as the file is wished for.
struct trouble {
    unsigned failures; // one after the other
    lws_usec_t not_before;
    char why[WHY_MAX]; // as it was told last
};

struct wish {
    struct fetch_wish wish;
    bool here;
    struct trouble trouble;
};

struct slot {
    struct fetch *fetch;
    struct lws *wsi; // NULL: free
    struct cache_part *part;
    struct cache_name name;
    int64_t had; // bytes, from earlier tries
    bool complete;
    bool refused;      // the answer was of no use
    enum err storage;  // what the disk said
    char why[WHY_MAX]; // for the log; "" for a connection that broke: the link tells that
};

struct fetch {
    struct lws_context *context;
    struct cache *cache;
    char host[256];
    int port, ssl_connection;
    void (*on_file)(void *user, const struct cache_name *name);
    void *user;
    bool stopped;
    enum err storage; // what was told of the disk since a file came
    lws_sorted_usec_list_t timer;
    size_t count;
    struct wish wishes[FETCH_WISHES_MAX];
    struct slot slots[FETCH_AT_ONCE];
};

static bool same_name(const struct cache_name *a, const struct cache_name *b)
{
    return strcmp(a->hash, b->hash) == 0 && strcmp(a->ext, b->ext) == 0;
}

static bool under_way(const struct fetch *f, const struct cache_name *name)
{
    for (int i = 0; i < FETCH_AT_ONCE; i++) {
        if (f->slots[i].part && same_name(&f->slots[i].name, name))
            return true;
    }
    return false;
}

static void look_around(lws_sorted_usec_list_t *timer);

static void look_soon(struct fetch *f, int64_t ms)
{
    if (!f->stopped)
        lws_sul_schedule(f->context, 0, &f->timer, look_around, ms * MS + 1);
}

int64_t fetch_rest_ms(unsigned failures)
{
    int64_t ms = REST_MIN_MS;
    for (unsigned i = 1; i < failures && ms < REST_MAX_MS; i++)
        ms *= 2;
    return ms < REST_MAX_MS ? ms : REST_MAX_MS;
}

static struct wish *find_wish(struct wish *wishes, size_t n, const struct cache_name *name)
{
    for (size_t i = 0; i < n; i++) {
        if (same_name(&wishes[i].wish.name, name))
            return &wishes[i];
    }
    return NULL;
}

// Tells what is new, and lets the file rest. `got_on`: there is more of it than before, so that it
// is only a matter of time.
static void failed(struct fetch *f, const struct cache_name *name, bool got_on, const char *why)
{
    struct wish *w = find_wish(f->wishes, f->count, name);
    if (why[0] && (!w || strcmp(w->trouble.why, why) != 0))
        log_warn("fetch", "%s.%s: %s", name->hash, name->ext, why);
    if (!w)
        return;
    struct trouble *t = &w->trouble;
    t->failures = got_on ? 1 : t->failures + 1;
    t->not_before = lws_now_usecs() + fetch_rest_ms(t->failures) * MS;
    if (why[0])
        snprintf(t->why, sizeof t->why, "%s", why);
}

// The disk is one for all files, and told of once.
static void disk_failed(struct fetch *f, const struct cache_name *name, enum err e)
{
    if (e != f->storage)
        log_warn("fetch", "%s",
                 e == ERR_STORAGE_FULL
                     ? "no room for new tracks: the disk is full, or [cache] limit_mb too small"
                     : "the disk takes no new tracks");
    f->storage = e;
    failed(f, name, false, "");
}

// The end of a download, however it ended.
static void end_slot(struct slot *s)
{
    struct fetch *f = s->fetch;
    if (!s->part)
        return;
    bool arrived = false, broke = !s->complete && !s->refused;
    bool got_on = broke && cache_part_size(s->part) > s->had;
    if (s->complete && !s->refused) {
        enum err e = cache_part_finish(s->part);
        arrived = e == ERR_OK;
        if (e == ERR_BAD_MESSAGE)
            snprintf(s->why, sizeof s->why, "the bytes are not those of the hash");
        else
            s->storage = e;
    } else {
        cache_part_leave(s->part);
    }
    struct cache_name name = s->name;
    s->part = NULL;
    s->wsi = NULL;
    if (f->stopped)
        return;
    struct wish *w = find_wish(f->wishes, f->count, &name);
    if (s->storage != ERR_OK)
        disk_failed(f, &name, s->storage);
    else if (!arrived)
        failed(f, &name, got_on, s->why);
    else
        f->storage = ERR_OK;
    if (arrived && w)
        *w = (struct wish){.wish = w->wish, .here = true};
    look_soon(f, 0);
    if (arrived)
        f->on_file(f->user, &name);
}

static void start(struct fetch *f, struct slot *s, size_t wish)
{
    // Everything wished sooner is kept on disk for this one's sake.
    struct cache_name keep[FETCH_WISHES_MAX];
    for (size_t i = 0; i < wish; i++)
        keep[i] = f->wishes[i].wish.name;
    const struct fetch_wish *w = &f->wishes[wish].wish;
    *s = (struct slot){.fetch = f, .name = w->name};
    enum err why;
    s->part = cache_begin(f->cache, &w->name, w->most, keep, wish, &why);
    if (!s->part) {
        disk_failed(f, &w->name, why);
        return;
    }
    s->had = cache_part_size(s->part);
    char path[200], host[300];
    snprintf(path, sizeof path, "/content/%s.%s", w->name.hash, w->name.ext);
    snprintf(host, sizeof host, "%s:%d", f->host, f->port);
    struct lws_client_connect_info info = {
        .context = f->context,
        .address = f->host,
        .port = f->port,
        .path = path,
        .host = host,
        .method = "GET",
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | f->ssl_connection,
        .alpn = "http/1.1",
        .local_protocol_name = fetch_protocol.name,
        .protocol = fetch_protocol.name,
        .opaque_user_data = s,
        .pwsi = &s->wsi,
    };
    if (!lws_client_connect_via_info(&info))
        end_slot(s);
}

static void look_around(lws_sorted_usec_list_t *timer)
{
    struct fetch *f = lws_container_of(timer, struct fetch, timer);
    if (!f->host[0])
        return;
    lws_usec_t now = lws_now_usecs();
    bool waiting = false;
    for (size_t w = 0; w < f->count; w++) {
        struct wish *wish = &f->wishes[w];
        if (wish->here || under_way(f, &wish->wish.name))
            continue;
        char path[CACHE_PATH_MAX];
        if (cache_find(f->cache, &wish->wish.name, path)) {
            wish->here = true;
            continue;
        }
        waiting = true;
        for (int i = 0; i < FETCH_AT_ONCE && wish->trouble.not_before <= now; i++) {
            if (!f->slots[i].part) {
                start(f, &f->slots[i], w);
                break;
            }
        }
    }
    if (waiting)
        look_soon(f, 250);
}

static bool answer_is_useful(struct slot *s, struct lws *wsi)
{
    unsigned status = lws_http_client_http_response(wsi);
    int64_t have = cache_part_size(s->part);
    if (status == 200)
        return have == 0 || cache_part_rewind(s->part);
    if (status == 206 && have > 0) {
        char range[80] = "", want[40];
        lws_hdr_copy(wsi, range, sizeof range, WSI_TOKEN_HTTP_CONTENT_RANGE);
        snprintf(want, sizeof want, "bytes %lld-", (long long)have);
        if (strncmp(range, want, strlen(want)) == 0)
            return true;
    }
    if (status == 416)
        cache_part_rewind(s->part);
    else
        snprintf(s->why, sizeof s->why, "the server answers %u", status);
    return false;
}

static int add_range(struct slot *s, struct lws *wsi, unsigned char **p, size_t len)
{
    char value[40];
    int n = snprintf(value, sizeof value, "bytes=%lld-", (long long)cache_part_size(s->part));
    if (cache_part_size(s->part) == 0)
        return 0;
    return lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_RANGE, (unsigned char *)value, n, p,
                                        *p + len);
}

static bool take(struct slot *s, const void *data, size_t len)
{
    enum err e = cache_part_append(s->part, data, len);
    if (e == ERR_TOO_LARGE)
        snprintf(s->why, sizeof s->why, "more bytes than it may have");
    else if (e != ERR_OK)
        s->storage = e;
    return e == ERR_OK;
}

static int read_body(struct lws *wsi)
{
    char buffer[LWS_PRE + 16384];
    char *p = buffer + LWS_PRE;
    int len = sizeof buffer - LWS_PRE;
    return lws_http_client_read(wsi, &p, &len) < 0 ? -1 : 0;
}

static int fetch_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t len)
{
    struct slot *s = lws_get_opaque_user_data(wsi);
    if (!s || !s->part || (s->wsi && s->wsi != wsi))
        return 0; // no download, or the end of one whose slot has been given to another
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_range(s, wsi, in, len);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        s->refused = !answer_is_useful(s, wsi);
        return s->refused ? -1 : 0;
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, STALL_S);
        return read_body(wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        s->refused |= !take(s, in, len);
        return s->refused ? -1 : 0;
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        s->complete = true;
        end_slot(s);
        return -1;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
        end_slot(s);
        return 0;
    default:
        return 0;
    }
}

const struct lws_protocols fetch_protocol = {
    .name = "fetch", .callback = fetch_callback, .rx_buffer_size = 16384};

struct fetch *fetch_create(struct lws_context *context, struct cache *cache, const char *host,
                           int port, int ssl_connection,
                           void (*on_file)(void *user, const struct cache_name *name), void *user)
{
    struct fetch *f = check_alloc(calloc(1, sizeof *f));
    f->context = context;
    f->cache = cache;
    snprintf(f->host, sizeof f->host, "%s", host);
    f->port = port;
    f->ssl_connection = ssl_connection;
    f->on_file = on_file;
    f->user = user;
    return f;
}

void fetch_aim(struct fetch *f, const char *host, int port)
{
    snprintf(f->host, sizeof f->host, "%s", host);
    f->port = port;
    look_soon(f, 0);
}

void fetch_stop(struct fetch *f)
{
    f->stopped = true;
    lws_sul_cancel(&f->timer);
}

void fetch_destroy(struct fetch *f)
{
    if (!f)
        return;
    for (int i = 0; i < FETCH_AT_ONCE; i++) {
        if (f->slots[i].part)
            cache_part_leave(f->slots[i].part);
    }
    free(f);
}

void fetch_wishes(struct fetch *f, const struct fetch_wish *wishes, size_t n)
{
    struct wish before[FETCH_WISHES_MAX];
    size_t count = f->count;
    memcpy(before, f->wishes, count * sizeof *before);
    f->count = n < FETCH_WISHES_MAX ? n : FETCH_WISHES_MAX;
    for (size_t i = 0; i < f->count; i++) {
        const struct wish *was = find_wish(before, count, &wishes[i].name);
        f->wishes[i] = (struct wish){.wish = wishes[i]};
        if (was)
            f->wishes[i].trouble = was->trouble;
    }
    look_soon(f, 0);
}

void fetch_again(struct fetch *f)
{
    for (size_t i = 0; i < f->count; i++)
        f->wishes[i].trouble.not_before = 0;
    look_soon(f, 0);
}

bool fetch_busy(const struct fetch *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (!f->wishes[i].here)
            return true;
    }
    return false;
}
