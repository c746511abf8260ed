// SPDX-License-Identifier: Apache-2.0
#include "player/link/link.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "player/link/ask.h"
#include "player/link/bond.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

enum {
    MS = 1000, // lws counts microseconds
    // A kiosk that joined with a wrong code asks again; the house allows 30 wrong tries a minute
    // to everybody together.
    HELLO_AGAIN_MS = 10000,
    // A house that has not shown its key by then is left.
    SHOW_S = 20,
};

enum link_phase { WAITING, CONNECTING, JOINING, NEW, JOINED };

struct link {
    struct lws_context *context;
    struct link_config config; // strings owned; host and port are not in it
    char host[256];
    int port;
    struct bond bond;
    struct wire_proof proof;
    char run[WIRE_RUN_LEN + 1];
    bool refused; // the house was not obeyed, and that was said
    struct lws *wsi;
    enum link_phase phase;
    bool stopped;
    unsigned attempt;
    int64_t extra_ms; // asked for by the server's bye
    uint32_t connections;
    enum err told; // the last error that was logged, so that it is logged once

    lws_sorted_usec_list_t connect_timer, hello_timer;
    bool want_hello, want_proof, want_question, want_report;
    struct wire_report report;
    struct bytes in;

    struct ask *ask;

    uint64_t time_id; // of this connection's session over UDP
    bool state_known; // since this welcome
    bool waiting;     // the newest, until house time is known in its epoch
    struct wire_state state;
    uint32_t state_epoch;
    int64_t state_rev;
};

int64_t link_delay_ms(unsigned attempt, double random)
{
    // The first is spread from 0: a server that just restarts gets its kiosks back at once but not
    // all in one instant. Later ones lie between half and all of a growing span.
    if (attempt == 0)
        return (int64_t)(250 * random);
    double span = fmin(250 * pow(1.6, attempt), 5000);
    return (int64_t)(span * (0.5 + 0.5 * random));
}

static void connect_now(lws_sorted_usec_list_t *timer);
static void hello_now(lws_sorted_usec_list_t *timer);

static void wait_and_connect(struct link *l)
{
    if (l->stopped)
        return;
    l->wsi = NULL;
    l->phase = WAITING;
    lws_sul_cancel(&l->hello_timer);
    ask_close(l->ask);
    if (!l->host[0])
        return;
    double random = randombytes_uniform(1000000) / 1e6;
    int64_t ms = link_delay_ms(l->attempt++, random) + l->extra_ms;
    l->extra_ms = 0;
    lws_sul_schedule(l->context, 0, &l->connect_timer, connect_now, ms * MS);
}

static void connect_now(lws_sorted_usec_list_t *timer)
{
    struct link *l = lws_container_of(timer, struct link, connect_timer);
    char host[300];
    snprintf(host, sizeof host, "%s:%d", l->host, l->port);
    struct lws_client_connect_info info = {
        .context = l->context,
        .address = l->host,
        .port = l->port,
        .path = "/ws",
        .host = host,
        .ssl_connection = l->config.ssl_connection,
        .alpn = "http/1.1",
        .protocol = WIRE_SUBPROTOCOL,
        .local_protocol_name = WIRE_SUBPROTOCOL,
        .opaque_user_data = l,
        .pwsi = &l->wsi,
    };
    l->phase = CONNECTING;
    // On failure lws has called back already, or gives NULL without; both end in waiting.
    if (!lws_client_connect_via_info(&info) && l->phase == CONNECTING)
        wait_and_connect(l);
}

static void on_dead(void *user)
{
    struct link *l = user;
    if (l->wsi)
        lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

static void hello_now(lws_sorted_usec_list_t *timer)
{
    struct link *l = lws_container_of(timer, struct link, hello_timer);
    l->want_hello = true;
    lws_callback_on_writable(l->wsi);
}

static void on_want(void *user)
{
    struct link *l = user;
    l->want_question = true;
    lws_callback_on_writable(l->wsi);
}

static void on_state(struct link *l, const struct wire_state *s)
{
    bool newer = !l->state_known || s->epoch > l->state_epoch ||
                 (s->epoch == l->state_epoch && s->rev > l->state_rev);
    if (l->phase != JOINED || !newer)
        return;
    ask_epoch(l->ask, s->clock_epoch);
    l->state_known = true;
    l->state_epoch = s->epoch;
    l->state_rev = s->rev;
    // Its times mean nothing on the map of an epoch that is over.
    l->waiting = !ask_current(l->ask);
    if (l->waiting)
        l->state = *s;
    else
        l->config.on_state(l->config.user, s);
}

static void on_renewed(void *user)
{
    struct link *l = user;
    if (l->waiting)
        l->config.on_state(l->config.user, &l->state);
    l->waiting = false;
}

static void set_port(struct udp_peer *server, int port)
{
    struct sockaddr *a = (struct sockaddr *)&server->address;
    if (a->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)a)->sin_port = htons((uint16_t)port);
    else if (a->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)a)->sin6_port = htons((uint16_t)port);
}

// UDP goes where the WebSocket goes; over TLS to another port there.
static void take_offer(struct link *l, const struct wire_time *time)
{
    struct udp_peer server = {.len = sizeof server.address};
    uint8_t house[SEALED_KEY_BYTES];
    struct sealed_session session;
    if (time->id == 0) {
        log_info("link", "the box offers no time over UDP: it comes over the WebSocket");
    } else if (!sealed_key_from_text(time->key, house) ||
               !sealed_session_kiosk(&session, &l->config.device, house, time->id)) {
        log_warn("link", "the key of the box is none: the time comes over the WebSocket");
    } else if (getpeername(lws_get_socket_fd(l->wsi), (struct sockaddr *)&server.address,
                           &server.len) == 0) {
        if (time->port)
            set_port(&server, time->port);
        ask_offer(l->ask, lws_get_vhost(l->wsi), &server, &session);
    }
}

// From here on it may be asked and believed.
static void on_shown(struct link *l)
{
    lws_set_timeout(l->wsi, NO_PENDING_TIMEOUT, 0);
    ask_open(l->ask);
}

// False closes the connection.
static bool on_prove(struct link *l, const struct wire_prove *m)
{
    bool before = l->bond.shown;
    enum bond_answer a = bond_prove(&l->bond, &l->config.device, m, &l->proof);
    if (a != BOND_GOOD) {
        if (!l->refused)
            log_warn("link", "%s:%d %s: not obeyed", l->host, l->port,
                     a == BOND_STRANGER ? "is another house than the one this kiosk belongs to"
                                        : "does not hold the key it names");
        l->refused = true;
        return false;
    }
    if (l->bond.wanted && !before)
        on_shown(l);
    l->want_proof = true;
    lws_callback_on_writable(l->wsi);
    return true;
}

static void on_new(struct link *l)
{
    if (l->phase != JOINING || !l->bond.wanted)
        return;
    char id[WIRE_KIOSK_LEN + 1], key[SEALED_KEY_TEXT];
    sealed_key_text(l->config.device.public_key, key);
    CHECK(key_id(key, id));
    log_info("link", "%s:%d does not know this kiosk (%s): staff may adopt it", l->host, l->port,
             id);
    l->phase = NEW;
    l->attempt = 0;
    l->told = ERR_OK;
    l->bond.house[0] = '\0';
    l->config.on_house(l->config.user, "");
}

// Another one on the same socket: staff have put this machine elsewhere.
static void on_welcome(struct link *l, const struct wire_welcome *w)
{
    if (l->phase != JOINING && l->phase != NEW && l->phase != JOINED)
        return;
    ask_epoch(l->ask, w->clock_epoch);
    l->phase = JOINED;
    l->refused = false;
    l->attempt = 0;
    l->told = ERR_OK;
    l->state_known = false; // the state that follows is the truth, whatever was known
    lws_sul_cancel(&l->hello_timer);
    log_info("link", "joined %s (%s)", w->group, w->group_name);
    if (w->time.id == 0 || w->time.id != l->time_id)
        take_offer(l, &w->time);
    l->time_id = w->time.id;
    if (l->bond.wanted) {
        memcpy(l->bond.house, l->bond.key, sizeof l->bond.house);
        l->config.on_house(l->config.user, l->bond.key);
    }
}

static void on_error(struct link *l, const struct wire_error *e)
{
    if (l->told != e->code)
        log_warn("link", "the server says %s: %s", err_code(e->code), err_text(e->code));
    l->told = e->code;
    if (l->phase == JOINING)
        lws_sul_schedule(l->context, 0, &l->hello_timer, hello_now, HELLO_AGAIN_MS * MS);
}

// False closes the connection.
static bool on_text(struct link *l, const char *text, size_t len)
{
    struct wire_message m;
    char detail[200] = "";
    enum err e = wire_decode(text, len, &m, detail, sizeof detail);
    if (e == ERR_UNKNOWN_TYPE)
        return true; // from a newer server
    if (e != ERR_OK) {
        log_warn("link", "a message could not be read (%s)", detail);
        return false;
    }
    if (!bond_obeys(&l->bond, m.type)) {
        if (!l->refused)
            log_warn("link", "%s:%d does not show its key: not obeyed", l->host, l->port);
        l->refused = true;
        return false;
    }
    switch (m.type) {
    case WIRE_PROVE:
        return l->phase != JOINING || on_prove(l, &m.u.prove);
    case WIRE_NEW:
        on_new(l);
        return true;
    case WIRE_IDENTIFY:
        if (l->phase == JOINED || l->phase == NEW)
            l->config.on_identify(l->config.user);
        return true;
    case WIRE_TONE:
        if (l->phase == JOINED)
            l->config.on_tone(l->config.user);
        return true;
    case WIRE_WELCOME:
        on_welcome(l, &m.u.welcome);
        return true;
    case WIRE_STATE:
        on_state(l, &m.u.state);
        return true;
    case WIRE_ERROR:
        on_error(l, &m.u.error);
        return true;
    case WIRE_ZONE:
        if (l->phase == JOINED)
            l->config.on_zone(l->config.user, &m.u.zone);
        return true;
    case WIRE_BYE:
        l->extra_ms = m.u.bye.retry_ms < 60000 ? m.u.bye.retry_ms : 60000;
        return true;
    case WIRE_HELLO:
    case WIRE_PROOF:
    case WIRE_COMMAND:
    case WIRE_REPORT:
    case WIRE_KEEP:
    case WIRE_FORGET:
    case WIRE_HAND:
    case WIRE_REACT:
    case WIRE_ASK:
    case WIRE_LEAD:
    case WIRE_AUDIENCE:
    case WIRE_GUIDE:
    case WIRE_SESSION:
    case WIRE_ACK:
        return true;
    }
    return true;
}

static int on_receive(struct link *l, const void *data, size_t len, mono_t t4)
{
    if (lws_is_first_fragment(l->wsi))
        bytes_clear(&l->in);
    if (!bytes_append(&l->in, data, len)) {
        log_warn("link", "a message is too large");
        return -1;
    }
    if (lws_remaining_packet_payload(l->wsi) > 0 || !lws_is_final_fragment(l->wsi))
        return 0;
    if (lws_frame_is_binary(l->wsi)) {
        if (l->bond.wanted && !l->bond.shown)
            return -1; // nothing was asked yet
        ask_answer(l->ask, l->in.data, l->in.len, t4);
        return 0;
    }
    return on_text(l, l->in.data, l->in.len) ? 0 : -1;
}

static int write_message(struct lws *wsi, const struct wire_message *m)
{
    struct bytes out;
    static const char room[LWS_PRE];
    bytes_init(&out, LWS_PRE + WIRE_MESSAGE_MAX);
    bool fits = bytes_append(&out, room, sizeof room) && wire_encode(m, &out);
    size_t len = out.len - LWS_PRE;
    int n = fits ? lws_write(wsi, (unsigned char *)out.data + LWS_PRE, len, LWS_WRITE_TEXT) : -1;
    bytes_free(&out);
    return n < (int)len ? -1 : 0;
}

static int write_hello(struct link *l)
{
    struct wire_message m = {.type = WIRE_HELLO};
    struct wire_hello *h = &m.u.hello;
    h->version = WIRE_VERSION;
    h->role = ROLE_KIOSK;
    snprintf(h->code, sizeof h->code, "%s", l->config.code);
    snprintf(h->name, sizeof h->name, "%s", l->config.name);
    snprintf(h->lang, sizeof h->lang, "%s", l->config.lang);
    sealed_key_text(l->config.device.public_key, h->device);
    bond_hello(&l->bond);
    memcpy(h->nonce, l->bond.nonce, sizeof h->nonce);
    memcpy(h->run, l->run, sizeof h->run);
    return write_message(l->wsi, &m);
}

static int write_question(struct link *l)
{
    unsigned char buffer[LWS_PRE + STAMP_QUESTION_BYTES];
    ask_question(l->ask, buffer + LWS_PRE);
    int n = lws_write(l->wsi, buffer + LWS_PRE, STAMP_QUESTION_BYTES, LWS_WRITE_BINARY);
    return n < STAMP_QUESTION_BYTES ? -1 : 0;
}

// One write a call: lws' rule. The question first: it is small and its instant matters.
static int on_writable(struct link *l)
{
    int result = 0;
    if (l->want_hello) {
        l->want_hello = false;
        result = write_hello(l);
    } else if (l->want_proof) {
        struct wire_message m = {.type = WIRE_PROOF, .u.proof = l->proof};
        l->want_proof = false;
        result = write_message(l->wsi, &m);
    } else if (l->want_question) {
        l->want_question = false;
        result = write_question(l);
    } else if (l->want_report && l->phase == JOINED) {
        struct wire_message m = {.type = WIRE_REPORT, .u.report = l->report};
        l->want_report = false;
        result = write_message(l->wsi, &m);
    }
    if (l->want_hello || l->want_proof || l->want_question ||
        (l->want_report && l->phase == JOINED))
        lws_callback_on_writable(l->wsi);
    return result;
}

static void on_established(struct link *l)
{
    l->phase = JOINING;
    l->connections++;
    l->want_hello = true;
    l->want_proof = l->want_question = l->want_report = false;
    l->time_id = 0;
    bond_open(&l->bond);
    lws_callback_on_writable(l->wsi);
    // Not even the time is taken from a house that may be anybody.
    if (l->bond.wanted)
        lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_OK, SHOW_S);
    else
        ask_open(l->ask);
}

static int link_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t len)
{
    mono_t now = mono_now(); // t4, should this be an answer
    struct link *l = lws_get_opaque_user_data(wsi);
    if (!l || l->stopped)
        return 0;
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        l->wsi = wsi;
        on_established(l);
        return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return on_receive(l, in, len, now);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(l);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
        if (l->phase == JOINED)
            log_warn("link", "the server is gone: playing on by what is known");
        else if (l->phase == CONNECTING && l->attempt == 1)
            log_warn("link", "%s:%d cannot be reached: trying again", l->host, l->port);
        wait_and_connect(l);
        return 0;
    default:
        return 0;
    }
}

const struct lws_protocols link_protocol = {
    .name = WIRE_SUBPROTOCOL, .callback = link_callback, .rx_buffer_size = 4096};

struct link *link_create(struct lws_context *context, const struct link_config *config)
{
    struct link *l = check_alloc(calloc(1, sizeof *l));
    l->context = context;
    l->config = *config;
    snprintf(l->host, sizeof l->host, "%s", config->host);
    l->port = config->port;
    l->bond.wanted = !config->obey_any;
    snprintf(l->bond.house, sizeof l->bond.house, "%s", config->house);
    unsigned char run[WIRE_RUN_LEN / 2];
    randombytes_buf(run, sizeof run);
    sodium_bin2hex(l->run, sizeof l->run, run, sizeof run);
    l->config.code = check_alloc(strdup(config->code));
    l->config.name = check_alloc(strdup(config->name));
    l->config.lang = check_alloc(strdup(config->lang));
    bytes_init(&l->in, WIRE_MESSAGE_MAX);
    l->ask = ask_create(&(struct ask_config){.context = context,
                                             .clock = config->clock,
                                             .skew = config->skew,
                                             .skew_sigma = config->skew_sigma,
                                             .user = l,
                                             .want = on_want,
                                             .dead = on_dead,
                                             .renewed = on_renewed});
    if (l->host[0])
        lws_sul_schedule(context, 0, &l->connect_timer, connect_now, 1);
    return l;
}

void link_aim(struct link *l, const char *host, int port)
{
    bool idle = !l->host[0];
    if (strcmp(l->host, host) != 0 || l->port != port)
        l->refused = false;
    snprintf(l->host, sizeof l->host, "%s", host);
    l->port = port;
    if (idle && host[0] && !l->stopped)
        lws_sul_schedule(l->context, 0, &l->connect_timer, connect_now, 1);
}

void link_target(const struct link *l, char *host, size_t size, int *port)
{
    snprintf(host, size, "%s", l->host);
    *port = l->port;
}

void link_stop(struct link *l)
{
    l->stopped = true;
    lws_sul_cancel(&l->connect_timer);
    lws_sul_cancel(&l->hello_timer);
    ask_stop(l->ask);
}

void link_destroy(struct link *l)
{
    if (!l)
        return;
    free((void *)l->config.code);
    free((void *)l->config.name);
    free((void *)l->config.lang);
    bytes_free(&l->in);
    ask_destroy(l->ask);
    sodium_memzero(&l->config.device, sizeof l->config.device);
    free(l);
}

void link_report(struct link *l, const struct wire_report *report)
{
    l->report = *report;
    l->want_report = true;
    if (l->phase == JOINED)
        lws_callback_on_writable(l->wsi);
}

struct link_stats link_stats(const struct link *l)
{
    struct ask_stats a = ask_stats(l->ask);
    return (struct link_stats){
        .joined = l->phase == JOINED,
        .new = l->phase == NEW,
        .attempts = l->attempt,
        .asking = a.asking,
        .via = a.via,
        .rtt_us = a.rtt_us,
        .skew_ppb = a.skew_ppb,
        .skew_known = a.skew_known,
        .uncertainty_us = a.uncertainty_us,
        .connections = l->connections,
    };
}
