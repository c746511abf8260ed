// SPDX-License-Identifier: Apache-2.0
#include "server/net/net.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/crowd.h"
#include "server/net/door.h"
#include "server/net/http.h"
#include "server/net/listen.h"
#include "server/net/outgoing.h"
#include "server/net/overview.h"
#include "server/net/peer.h"
#include "server/net/port.h"
#include "server/net/porter.h"
#include "server/net/take_in.h"
#include "server/net/tls.h"

#include <string.h>

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
    struct outgoing *outgoing;
    struct overview *overview;
    struct peer *peers;
    bool stopping;
};

// In the whole house: six digits then stand for 69 days of guessing.
enum { WRONG_PINS_PER_MINUTE = 10 };
// Twice what can be listed. An unknown kiosk costs a key agreement, which is a tenth of a ms.
enum { STRANGERS_PER_MINUTE = 2 * NEWCOMERS_MAX };

// What lws passes to the kernel in one piece: all that a peer is told at once.
enum { WRITE_MAX = 256 * 1024 };

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

struct crowd *net_crowd(struct net *net)
{
    return net->crowd;
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

bool net_stopping(const struct net *net)
{
    return net->stopping;
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
        return door_upgrade_ok(net_of(wsi), wsi) ? 0 : -1;
    case LWS_CALLBACK_HTTP:
        return http_request(net_of(wsi), wsi, s);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(s, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(s);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_writable(wsi, s);
    case LWS_CALLBACK_WSI_CREATE:
        listener_created();
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_gone(wsi);
        return 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        http_gone(s);
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
        door_cookie(wsi, token, sizeof token);
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
    crowd_start(net->crowd);
    net->outgoing = outgoing_new(house->loop);
    rooms_set_fanout(house->rooms, outgoing_fanout(net->outgoing));
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
    take_in_stop();
    overview_stop(net->overview);
    crowd_stop(net->crowd);
    rooms_set_fanout(net->house->rooms, NULL);
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
