// SPDX-License-Identifier: Apache-2.0
#include "server/net/net.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/admit.h"
#include "server/net/crowd.h"
#include "server/net/guard.h"
#include "server/net/guides.h"
#include "server/net/listen.h"
#include "server/net/outgoing.h"
#include "server/net/overview.h"
#include "server/net/peer.h"
#include "server/net/port.h"
#include "server/net/porter.h"
#include "server/net/repeat.h"
#include "server/net/routes.h"
#include "server/net/tls.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct net {
    const struct net_house *house;
    struct lws_context *context;
    struct port http, https; // https is not open without [tls] listen
    struct tls *tls;         // NULL then
    struct crowd *crowd;
    void *loops[1];
    struct net_counters counters;
    struct guesses guesses, pin_guesses, strangers;
    struct newcomers newcomers;
    struct doubles doubles;
    struct traces *traces;
    int64_t kiosks_rev;
    struct guides *guides;
    struct outgoing *outgoing;
    struct overview *overview;
    struct peer *peers;
    uint64_t uploads;
    bool stopping;
};

// In the whole house: six digits then stand for 69 days of guessing.
enum { WRONG_PINS_PER_MINUTE = 10 };
// Twice what can be listed. An unknown kiosk costs a key agreement, which is a tenth of a ms.
enum { STRANGERS_PER_MINUTE = 2 * NEWCOMERS_MAX };

// A body comes with 1 KiB a second at least, looked at every so often: the worst network of a house
// is ten times faster, and who sends less holds a place for nothing.
enum { BODY_LOOK_S = 10, BODY_BYTES_PER_S = 1024 };
// What lws passes to the kernel in one piece: all that a peer is told at once.
enum { WRITE_MAX = 256 * 1024 };

// How much of a refused body is still read.
enum { REFUSED_BODY_MAX = UPLOAD_PIECE_MAX + 64 * 1024 };

struct http_session {
    struct request *request;
};

const struct net_house *net_house(const struct net *net)
{
    return net->house;
}

struct net_counters *net_counters(struct net *net)
{
    return &net->counters;
}

// A twenty-first is kept back: of the default 10,500 sockets 10,000 are visitors'.
bool net_full(struct net *net)
{
    int64_t most = net->house->settings->max_members;
    return net->counters.visitors >= most - most / 21;
}

struct porter *net_porter(struct net *net)
{
    return crowd_porter(net->crowd);
}

struct guesses *net_guesses(struct net *net)
{
    return &net->guesses;
}

struct guesses *net_pin_guesses(struct net *net)
{
    return &net->pin_guesses;
}

struct guesses *net_strangers(struct net *net)
{
    return &net->strangers;
}

struct newcomers *net_newcomers(struct net *net)
{
    return &net->newcomers;
}

struct traces *net_traces(struct net *net)
{
    return net->traces;
}

int64_t net_kiosks_rev(const struct net *net)
{
    return net->kiosks_rev;
}

struct doubles *net_doubles(struct net *net)
{
    return &net->doubles;
}

struct guides *net_guides(struct net *net)
{
    return net->guides;
}

struct outgoing *net_outgoing(struct net *net)
{
    return net->outgoing;
}

struct overview *net_overview(struct net *net)
{
    return net->overview;
}

struct peer **net_peers(struct net *net)
{
    return &net->peers;
}

house_t net_now(const struct net *net)
{
    return house_at(net->house->anchor, house_raw_now());
}

int64_t net_now_ns(const struct net *net)
{
    return house_ns_at(net->house->anchor, house_raw_now());
}

void net_changed(struct net *net)
{
    if (net->overview && !net->stopping)
        overview_changed(net->overview);
}

void net_access_changed(struct net *net)
{
    for (struct peer *p = net->peers; p; p = p->next)
        peer_check_login(p);
}

void net_groups_changed(struct net *net)
{
    if (net->overview)
        overview_reload(net->overview);
}

void net_zone(struct net *net, const char *kiosk)
{
    struct wire_zone zone = kiosks_zone(net->house->kiosks, kiosk);
    if (kiosks_find(net->house->kiosks, kiosk))
        newcomers_drop(&net->newcomers, kiosk);
    for (struct peer *p = net->peers; p; p = p->next) {
        if (strcmp(p->member.kiosk, kiosk) != 0)
            continue;
        if (p->greeted)
            peer_send_zone(p, &zone);
        peer_placed(p);
    }
    net->kiosks_rev++;
    net_changed(net);
}

static struct net *net_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static void header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    if (lws_hdr_copy(wsi, out, (int)size, token) <= 0)
        out[0] = '\0';
}

// For those that decide something: "" when it is not there. False when it is there twice, does not
// fit or goes on behind a NUL: two readers could then read two things.
static bool one_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    int len = lws_hdr_total_length(wsi, token);
    header(wsi, token, out, size);
    return (int)strlen(out) == len && lws_hdr_fragment_length(wsi, token, 1) == 0;
}

static bool door_ok(struct net *net, struct lws *wsi)
{
    char host[256], origin[300];
    bool clear = one_header(wsi, WSI_TOKEN_HOST, host, sizeof host);
    clear = one_header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin) && clear;
    if (clear && guard_host_ok(host, net->house->settings->names) &&
        guard_origin_ok(origin, host, lws_is_ssl(wsi)))
        return true;
    net->counters.refused++;
    log_debug("net", "refused host '%s' origin '%s'", host, origin);
    return false;
}

// When all are taken, one that never said who it is makes room for a kiosk or for staff.
static bool has_place(struct net *net, struct lws *wsi)
{
    struct guest *g = lws_get_opaque_user_data(wsi);
    if (net->counters.connections < net->house->settings->max_members)
        return true;
    g = guest_is_welcome(g) ? porter_make_room(net_porter(net), net_now(net)) : NULL;
    if (g)
        listener_send_away(g);
    return g != NULL;
}

// Debian's libwebsockets would take "Upgrade: h2c" on plain HTTP and then speak HTTP/2, whose
// parser has known holes. Only WebSockets on /ws with our subprotocol are let through. The header
// is read with lws_hdr_copy, never from the callback's `in`: that pointer may be stale here.
static bool upgrade_ok(struct net *net, struct lws *wsi)
{
    char upgrade[32], path[32], protocol[128];
    header(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade);
    header(wsi, WSI_TOKEN_GET_URI, path, sizeof path);
    header(wsi, WSI_TOKEN_PROTOCOL, protocol, sizeof protocol);
    if (strcasecmp(upgrade, "websocket") == 0 && strcmp(path, "/ws") == 0 &&
        strstr(protocol, WIRE_SUBPROTOCOL) && door_ok(net, wsi) && has_place(net, wsi) &&
        !net->stopping)
        return true;
    net->counters.refused++;
    return false;
}

const char *net_cookie_name(bool over_tls)
{
    // Browsers take a __Host- cookie from HTTPS alone, for this host and no other.
    return over_tls ? "__Host-roomtone_session" : "roomtone_session";
}

static void cookie_token(struct lws *wsi, char *out, size_t size)
{
    char cookies[1024];
    const char *name = net_cookie_name(lws_is_ssl(wsi));
    size_t name_len = strlen(name);
    header(wsi, WSI_TOKEN_HTTP_COOKIE, cookies, sizeof cookies);
    out[0] = '\0';
    for (const char *p = cookies; *p;) {
        if (strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
            p += name_len + 1;
            size_t len = strcspn(p, "; ");
            if (len < size) {
                memcpy(out, p, len);
                out[len] = '\0';
            }
            return;
        }
        p += strcspn(p, ";");
        p += strspn(p, "; ");
    }
}

void net_session_token(struct request *r, char *out, size_t size)
{
    char text[1024];
    request_header(r, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text);
    if (strncmp(text, "Bearer ", 7) == 0) {
        snprintf(out, size, "%.*s", (int)size - 1, text + 7);
        return;
    }
    out[0] = '\0';
    if (r->wsi)
        cookie_token(r->wsi, out, size);
    r->by_cookie = out[0] != '\0';
}

// Digits and nothing else: libwebsockets takes what atoll() takes, and somebody in front of us may
// not.
static bool read_length(struct request *r, struct lws *wsi)
{
    char text[16];
    if (!one_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    r->content_length = text[0] ? strtoll(text, NULL, 10) : 0;
    return true;
}

// Names that another reader takes for what they nearly are.
static bool has_lookalike(struct lws *wsi)
{
    static const char *const names[] = {"content-length :", "transfer-encoding :", "host :"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (lws_hdr_custom_length(wsi, names[i], (int)strlen(names[i])) >= 0)
            return true;
    }
    return false;
}

static bool version_known(struct lws *wsi)
{
    char version[16];
    return one_header(wsi, WSI_TOKEN_HTTP, version, sizeof version) &&
           (strcmp(version, "HTTP/1.1") == 0 || strcmp(version, "HTTP/1.0") == 0);
}

static bool read_line(struct request *r, struct lws *wsi)
{
    char *uri;
    int len, kind = lws_http_get_uri_and_method(wsi, &uri, &len);
    static const enum request_method methods[] = {
        [LWSHUMETH_GET] = METHOD_GET,       [LWSHUMETH_POST] = METHOD_POST,
        [LWSHUMETH_OPTIONS] = METHOD_OTHER, [LWSHUMETH_PUT] = METHOD_PUT,
        [LWSHUMETH_PATCH] = METHOD_PATCH,   [LWSHUMETH_DELETE] = METHOD_DELETE,
        [LWSHUMETH_CONNECT] = METHOD_OTHER, [LWSHUMETH_HEAD] = METHOD_GET,
    };
    if (kind < 0 || kind > LWSHUMETH_HEAD || len <= 0 || len >= REQUEST_PATH_MAX || uri[0] != '/')
        return false;
    r->method = methods[kind];
    r->head = kind == LWSHUMETH_HEAD;
    memcpy(r->path, uri, (size_t)len);
    r->path[len] = '\0';
    for (char *p = r->path + 1; *p;) {
        if (r->part_count == REQUEST_PARTS_MAX)
            return false;
        r->parts[r->part_count++] = p;
        p += strcspn(p, "/");
        if (*p)
            *p++ = '\0';
    }
    return version_known(wsi) && !has_lookalike(wsi) && read_length(r, wsi);
}

// Where an upload goes until the ingest child has read it.
static bool open_upload(struct net *net, struct request *r)
{
    snprintf(r->body_path, sizeof r->body_path, "%s/%d-%llu", net->house->upload_dir, (int)getpid(),
             (unsigned long long)++net->uploads);
    r->body_fd = open(r->body_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    return r->body_fd >= 0;
}

static void prepare_body(struct net *net, struct request *r, enum route_body kind)
{
    switch (kind) {
    case BODY_NONE:
        break;
    case BODY_JSON:
        r->body_max = REQUEST_JSON_MAX;
        break;
    case BODY_TEXT:
        r->body_max = REQUEST_TEXT_MAX;
        break;
    case BODY_FILE:
        r->body_max = net->house->settings->upload_max_mb * 1024 * 1024;
        break;
    case BODY_ARCHIVE:
        r->body_max = net->house->settings->exhibition_max_mb * 1024 * 1024;
        break;
    case BODY_PIECE:
        r->body_max = UPLOAD_PIECE_MAX;
        break;
    }
    if (r->content_length > r->body_max)
        request_problem(r, ERR_TOO_LARGE, NULL);
    else if ((kind == BODY_FILE || kind == BODY_ARCHIVE) && !open_upload(net, r))
        request_problem(r, ERR_STORAGE_FAILED, NULL);
    else if (kind == BODY_PIECE)
        api_uploads_begin(r);
}

static void dispatch(struct request *r)
{
    if (!r->answered && !repeat_begin(r))
        r->route->handle(r);
}

static void begin_request(struct net *net, struct request *r)
{
    enum err why;
    const struct route *route = routes_find(r, &why);
    if (!route) {
        request_problem(r, why, NULL);
        return;
    }
    r->route = route;
    why = admit(r, route);
    if (why != ERR_OK) {
        request_problem(r, why, NULL);
        return;
    }
    prepare_body(net, r, route->body);
    if (!r->answered && repeat_read(r) && r->content_length == 0)
        dispatch(r);
}

static int on_http(struct net *net, struct lws *wsi, struct http_session *s)
{
    net->counters.requests++;
    guest_is(lws_get_opaque_user_data(wsi), GUEST_BUSY, net_now(net));
    // A request that came on a kept-alive connection: the last one is over.
    if (s->request)
        request_detach(s->request);
    struct request *r = s->request = request_new(net, wsi);
    if (!read_line(r, wsi)) {
        r->close_after = true; // where the next one begins is anybody's guess
        request_problem(r, ERR_BAD_REQUEST, NULL);
    } else if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        r->close_after = true;
        request_problem(r, ERR_BAD_REQUEST, "bodies need a content-length");
    } else if (!door_ok(net, wsi)) {
        request_problem(r, ERR_BAD_ORIGIN, NULL);
    } else {
        begin_request(net, r);
    }
    // Answers may take a moment (the store, a password); a body has its own limit below, and
    // libwebsockets' between its pieces.
    r->body_look = net_now(net);
    bool body = r->content_length > 0 && !r->answered;
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, body ? BODY_LOOK_S : 30);
    return 0;
}

static bool fast_enough(struct request *r, size_t len)
{
    house_t now = net_now(r->net);
    r->body_seen += (int64_t)len;
    if (house_diff_us(now, r->body_look) < BODY_LOOK_S * INT64_C(1000000))
        return true;
    bool fast = r->body_seen >= BODY_LOOK_S * BODY_BYTES_PER_S;
    r->body_look = now;
    r->body_seen = 0;
    return fast;
}

static int on_body(struct request *r, const void *data, size_t len)
{
    if (!r || !fast_enough(r, len))
        return -1;
    request_take_body(r, data, len);
    return 0;
}

// libwebsockets says it again for whatever comes behind the body before the answer is out, without
// taking that away: it would go round and round in there and never come back.
static int on_body_complete(struct request *r)
{
    if (!r || r->whole)
        return -1;
    r->whole = true;
    // One without a body was handled when it came, and may still be under way.
    if (r->route && r->content_length > 0)
        dispatch(r);
    return r->close_after && request_done(r) ? -1 : 0;
}

static int on_http_writable(struct lws *wsi, struct http_session *s)
{
    struct request *r = s->request;
    if (!r)
        return 0;
    if (request_write(r) < 0)
        return -1;
    if (!request_done(r))
        return 0;
    // Closing on a client that still sends would reset the connection and lose it our answer: a
    // body that was refused is read to its end first, unless it is too long for that. Where there
    // is none, nobody would ever say that it ended.
    int64_t to_come = r->content_length - r->body_received;
    if (r->close_after && to_come > 0 && to_come <= REFUSED_BODY_MAX)
        return 0;
    bool close_after = r->close_after;
    s->request = NULL;
    request_detach(r);
    guest_is(lws_get_opaque_user_data(wsi), GUEST_IDLE, net_now(net_of(wsi)));
    return close_after || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static void on_gone(struct lws *wsi)
{
    struct guest *g = lws_get_opaque_user_data(wsi);
    if (g && g->adopting)
        g->gone = true;
    else if (g)
        porter_left(g);
    lws_set_opaque_user_data(wsi, NULL);
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t len)
{
    struct http_session *s = user;
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        tls_setup(net_of(wsi)->tls, user);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return upgrade_ok(net_of(wsi), wsi) ? 0 : -1;
    case LWS_CALLBACK_HTTP:
        return on_http(net_of(wsi), wsi, s);
    case LWS_CALLBACK_HTTP_BODY:
        return on_body(s->request, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return on_body_complete(s->request);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_http_writable(wsi, s);
    case LWS_CALLBACK_WSI_CREATE:
        listener_created();
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_gone(wsi);
        return 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        if (s && s->request) {
            request_detach(s->request);
            s->request = NULL;
        }
        return 0;
    default:
        return 0;
    }
}

static int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    struct peer *p = user;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: {
        char token[64];
        cookie_token(wsi, token, sizeof token);
        peer_open(p, net_of(wsi), wsi, token);
        return 0;
    }
    case LWS_CALLBACK_RECEIVE:
        return peer_receive(p, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return peer_write(p);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        peer_farewell(p);
        return 0;
    case LWS_CALLBACK_CLOSED:
        peer_close(p);
        return 0;
    default:
        return 0;
    }
}

// protocols[0] takes all HTTP; the second one is spoken on /ws. rx_buffer_size bounds what one idle
// socket costs; longer messages come in pieces. The last figure is what lws passes to the kernel in
// one piece: without it, it would be what rx_buffer_size says.
static const struct lws_protocols protocols[] = {
    {"http", http_callback, sizeof(struct http_session), 512, 0, NULL, WRITE_MAX},
    {WIRE_SUBPROTOCOL, ws_callback, sizeof(struct peer), 512, 0, NULL, WRITE_MAX},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static bool open_context(struct net *net)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, port_log);
    net->loops[0] = net->house->loop;
    // No fd_limit_per_thread: with one that is not the process's own limit (box.c sets that), lws
    // looks for the connection of a descriptor by going through all of them.
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_LIBUV |
                   LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   (net->tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .foreign_loops = net->loops,
        .user = net,
        // One for each that waits, or somebody who sends headers letter by letter would keep all
        // others from theirs. Memory is taken for those alone that are in use.
        .max_http_header_pool = PORTER_WAITING_MAX + 256,
        .pt_serv_buf_size = 16 * 1024,
        .timeout_secs = PORT_PIECE_S,
    };
    net->context = lws_create_context(&info);
    return net->context != NULL;
}

static house_t now_of(void *user)
{
    return net_now(user);
}

static bool open_all(struct net *net, char *error, size_t error_size)
{
    const struct net_house *h = net->house;
    const struct settings *s = h->settings;
    if (s->tls_listen[0] && !(net->tls = tls_open(s, h->anchor, error, error_size)))
        return false;
    if (!open_context(net)) {
        snprintf(error, error_size, "libwebsockets does not start; is its libuv plugin installed?");
        return false;
    }
    struct port_plan plan = {.context = net->context,
                             .loop = h->loop,
                             .service = h->service,
                             .protocols = protocols,
                             .name = "http",
                             .listen = s->listen,
                             .number = h->port,
                             .porter = net_porter(net),
                             .now = now_of,
                             .user = net};
    if (!port_open(&net->http, &plan, error, error_size))
        return false;
    plan.name = "https";
    plan.listen = s->tls_listen;
    plan.number = h->tls_port;
    plan.tls = true;
    return !net->tls || port_open(&net->https, &plan, error, error_size);
}

struct net *net_start(const struct net_house *house, char *error, size_t error_size)
{
    struct net *net = check_alloc(calloc(1, sizeof *net));
    net->house = house;
    net->traces = traces_new();
    guesses_init(&net->guesses, house->settings->wrong_codes_per_minute, net_now(net));
    guesses_init(&net->pin_guesses, WRONG_PINS_PER_MINUTE, net_now(net));
    guesses_init(&net->strangers, STRANGERS_PER_MINUTE, net_now(net));
    net->crowd = crowd_new(net);
    if (!open_all(net, error, error_size)) {
        port_close(&net->http);
        lws_context_destroy(net->context);
        tls_free(net->tls);
        crowd_free(net->crowd);
        traces_free(net->traces);
        free(net);
        return NULL;
    }
    if (net->tls)
        tls_watch(net->tls, house->loop);
    net->overview = overview_new(net);
    net->guides = guides_new(net);
    crowd_start(net->crowd);
    net->outgoing = outgoing_new(house->loop);
    return net;
}

int net_port(const struct net *net)
{
    return net->http.number;
}

int net_tls_port(const struct net *net)
{
    return net->https.number;
}

const struct tls *net_tls(const struct net *net)
{
    return net->tls;
}

int net_kiosk_count(const struct net *net)
{
    int n = 0;
    for (const struct peer *p = net->peers; p; p = p->next)
        n += p->greeted && p->member.role == ROLE_KIOSK;
    return n;
}

void net_bye(struct net *net)
{
    net->stopping = true;
    port_close(&net->http);
    port_close(&net->https);
    for (struct peer *p = net->peers; p; p = p->next)
        peer_bye(p, "restarting", 1000);
}

void net_reload(struct net *net)
{
    guesses_limit(&net->guesses, net->house->settings->wrong_codes_per_minute);
    crowd_reload(net->crowd);
    if (net->tls && !net->stopping)
        tls_reload(net->tls);
    net_changed(net);
}

void net_stop(struct net *net)
{
    overview_stop(net->overview);
    guides_stop(net->guides);
    crowd_stop(net->crowd);
    for (struct peer *p = net->peers; p; p = p->next)
        outgoing_remove(net->outgoing, p);
    outgoing_stop(net->outgoing);
    net->overview = NULL;
    net->outgoing = NULL;
    if (net->tls)
        tls_unwatch(net->tls);
    lws_context_destroy(net->context);
}

void net_free(struct net *net)
{
    // On a loop of ours libwebsockets ends in two steps: the second after the loop has run out.
    lws_context_destroy(net->context);
    crowd_free(net->crowd);
    tls_free(net->tls);
    traces_free(net->traces);
    free(net);
}
