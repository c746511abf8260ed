// SPDX-License-Identifier: Apache-2.0
#include "server/box.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/adopt.h"
#include "server/announce/announce.h"
#include "server/catalogue/sources.h"
#include "server/catalogue/venue.h"
#include "server/house/calendar.h"
#include "server/life.h"
#include "server/net/net.h"
#include "server/net/outgoing.h"
#include "server/nightly.h"
#include "server/plug.h"
#include "server/state_dir.h"
#include "server/store/db.h"
#include "server/store/house_key.h"
#include "server/store/reserve.h"
#include "server/store/restore.h"
#include "server/timekeeper.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    SWEEP_MS = 10 * 1000, // idle rooms sleep after 10 to 20 s
    HOP_MS = 1000,        // timers run on a clock that may bend: never sleep longer than this
    BYE_MS = 200,         // to write the goodbyes
    GATHER_MAX_NS = 10 * 1000 * 1000,
};

struct box {
    struct settings *settings;
    struct service *service;
    struct life life;
    struct state_dir dir;
    uv_loop_t loop;
    uv_async_t wake;
    uv_signal_t sigint, sigterm, sighup;
    uv_timer_t agenda, sweep, bye;
    bool again; // after the goodbyes, start anew
    uv_prepare_t prepare;
    struct timekeeper time;
    struct sealed_pair key; // the house's
    bool has_key;
    struct store *store;
    uint64_t begun_ns; // uv_hrtime() when nothing gathered for it
    enum err health;   // the store's, when looked at last
    int64_t generation;
    struct plug plug;
    struct room_port port;
    struct rooms *rooms;
    struct access *access;
    struct kiosks *kiosks;
    struct jobs *jobs;
    struct uploads *uploads;
    struct nightly nightly;
    struct net_house house;
    struct net *net;
    struct announce *announce; // NULL: the network is not told
};

static bool trusts_clock(const struct settings *s)
{
    return strcmp(s->trust_clock, "yes") == 0;
}

static void on_store_done(void *user)
{
    uv_async_send(&((struct box *)user)->wake);
}

static void on_changed(void *user)
{
    struct box *b = user;
    if (b->net)
        net_changed(b->net);
}

static void on_zone(void *user, const char *kiosk)
{
    struct box *b = user;
    if (b->net)
        net_zone(b->net, kiosk);
}

static void on_access_changed(void *user)
{
    struct box *b = user;
    if (b->net)
        net_access_changed(b->net);
}

static bool on_tell_wall(void *user, int64_t wall_us)
{
    struct box *b = user;
    if (!timekeeper_tell(&b->time, wall_us))
        return false;
    on_changed(b);
    return true;
}

// The zone of the machine itself, before anything else was put in force.
static char own_zone[CALENDAR_ZONE_SIZE];

static void on_use_zone(void *user, const char *zone)
{
    struct box *b = user;
    if (!b->settings->zone[0])
        timekeeper_zone(&b->time, zone[0] ? zone : own_zone);
}

// The settings' time zone goes before what staff have set, and that before the machine's.
static void begin_zone(const struct box *b, sqlite3 *db)
{
    char zone[VENUE_ZONE_MAX + 1];
    if (b->settings->zone[0])
        return;
    if (!own_zone[0])
        calendar_zone_name(own_zone);
    venue_zone(db, zone);
    if (!zone[0])
        snprintf(zone, sizeof zone, "%.63s", own_zone);
    char now[CALENDAR_ZONE_SIZE];
    calendar_zone_name(now);
    if (strcmp(now, zone) != 0 && !calendar_zone_use(zone))
        log_warn("box", "the time zone %s is none of this machine: it goes by %s", zone, now);
}

static void on_wake(uv_async_t *h)
{
    struct box *b = h->data;
    store_drain(b->store);
    enum err health = store_health(b->store);
    int64_t generation = store_stats(b->store).generation;
    if (health == b->health && generation == b->generation)
        return;
    if (health == ERR_OK && generation != b->generation) {
        b->generation = generation;
        rooms_reread(b->rooms);
        kiosks_reread(b->kiosks);
    }
    b->health = health;
    if (health == ERR_OK)
        rooms_recovered(b->rooms, timekeeper_now(&b->time));
    on_changed(b);
}

static void on_agenda(uv_timer_t *h)
{
    struct box *b = h->data;
    rooms_run(b->rooms, timekeeper_now(&b->time));
}

// The turn is over: what it asked of the store begins. While the loop has more to say than a turn
// takes, what comes meanwhile would be said after that anyway: it gathers, for one fsync.
static void begin_changes(struct box *b)
{
    uint64_t now = uv_hrtime();
    struct outgoing *o = net_outgoing(b->net);
    if (!store_gathers(b->store))
        b->begun_ns = now;
    else if (!o || !outgoing_behind(o) || now - b->begun_ns > GATHER_MAX_NS)
        store_begin(b->store);
}

// Before the loop sleeps: until when may it?
static void on_prepare(uv_prepare_t *h)
{
    struct box *b = h->data;
    begin_changes(b);
    house_t due;
    if (!rooms_due(b->rooms, &due)) {
        uv_timer_stop(&b->agenda);
        return;
    }
    int64_t ms = (house_diff_us(due, timekeeper_now(&b->time)) + 999) / 1000;
    uv_timer_start(&b->agenda, on_agenda, (uint64_t)(ms < 0 ? 0 : ms > HOP_MS ? HOP_MS : ms), 0);
}

static int64_t keep_uploads_us(const struct settings *s)
{
    return s->uploads_keep_h * 3600 * INT64_C(1000000);
}

static void on_sweep(uv_timer_t *h)
{
    struct box *b = h->data;
    rooms_sweep(b->rooms, timekeeper_now(&b->time));
    uploads_sweep(b->uploads, timekeeper_now(&b->time).us, keep_uploads_us(b->settings));
}

static void close_handle(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

// Everything that keeps the loop going, but for `wake`: the store speaks until it is stopped.
static void close_handles(struct box *b)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&b->sigint,     (uv_handle_t *)&b->sigterm,
                              (uv_handle_t *)&b->agenda,     (uv_handle_t *)&b->sweep,
                              (uv_handle_t *)&b->time.timer, (uv_handle_t *)&b->bye,
                              (uv_handle_t *)&b->prepare,    (uv_handle_t *)&b->sighup,
                              (uv_handle_t *)&b->life.timer, (uv_handle_t *)&b->nightly.timer};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        close_handle(handles[i]);
}

static void on_bye_said(uv_timer_t *h)
{
    struct box *b = h->data;
    jobs_stop(b->jobs);
    net_stop(b->net);
    close_handles(b);
    uv_unref((uv_handle_t *)&b->wake);
}

static void say_bye(struct box *b)
{
    if (uv_is_active((uv_handle_t *)&b->bye) || uv_is_closing((uv_handle_t *)&b->bye))
        return;
    life_stop(&b->life, b->again);
    net_bye(b->net);
    uv_timer_start(&b->bye, on_bye_said, BYE_MS, 0);
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct box *b = h->data;
    (void)signum;
    b->again = false;
    say_bye(b);
}

// What can change live does, and nothing is dropped; a mistake anywhere changes nothing.
static void reload(struct box *b)
{
    char error[CONF_ERROR_SIZE];
    struct conf_news news;
    if (!settings_reload(b->settings, &news, error, sizeof error)) {
        options_not_reloaded("box", error);
        return;
    }
    settings_log_level(b->settings);
    timekeeper_trust(&b->time, trusts_clock(b->settings));
    rooms_set_max_awake(b->rooms, (int)b->settings->max_rooms_awake);
    net_reload(b->net);
    options_reloaded("box", &news);
}

static void on_hup(uv_signal_t *h, int signum)
{
    struct box *b = h->data;
    (void)signum;
    if (uv_is_active((uv_handle_t *)&b->bye))
        return; // the next start reads them anyway
    service_reloading(b->service);
    reload(b);
    service_notify(b->service, "READY=1");
}

static void on_restart(void *user)
{
    struct box *b = user;
    if (uv_is_active((uv_handle_t *)&b->bye) || uv_is_closing((uv_handle_t *)&b->bye))
        return; // it stops anyway; what is staged is done at the next start
    b->again = true;
    say_bye(b);
}

// One descriptor a socket: the usual limit of 1,024 is far below a full house. Nor is it to be much
// more, since libwebsockets has a table as long.
static void raise_file_limit(const struct settings *s)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)(s->max_members + NET_OTHER_FILES);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < want)
        log_warn("box", "only %llu files may be open: fewer sockets than max_members fit",
                 (unsigned long long)limit.rlim_cur);
}

static void open_loop(struct box *b)
{
    CHECK(uv_loop_init(&b->loop) == 0);
    uv_async_init(&b->loop, &b->wake, on_wake);
    uv_signal_init(&b->loop, &b->sigint);
    uv_signal_init(&b->loop, &b->sigterm);
    uv_signal_init(&b->loop, &b->sighup);
    uv_timer_init(&b->loop, &b->agenda);
    uv_timer_init(&b->loop, &b->sweep);
    uv_timer_init(&b->loop, &b->bye);
    uv_prepare_init(&b->loop, &b->prepare);
    uv_timer_init(&b->loop, &b->life.timer);
    uv_timer_init(&b->loop, &b->nightly.timer);
    b->wake.data = b->sigint.data = b->sigterm.data = b->sighup.data = b->agenda.data =
        b->sweep.data = b->bye.data = b->prepare.data = b;
}

static void start_timers(struct box *b)
{
    signal(SIGPIPE, SIG_IGN);
    uv_signal_start(&b->sigint, on_signal, SIGINT);
    uv_signal_start(&b->sigterm, on_signal, SIGTERM);
    uv_signal_start(&b->sighup, on_hup, SIGHUP);
    uv_timer_start(&b->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    uv_prepare_start(&b->prepare, on_prepare);
}

static void fill_house(struct box *b, const char *version, const struct box_ports *ports)
{
    b->house = (struct net_house){
        .settings = b->settings,
        .loop = &b->loop,
        .anchor = &b->time.anchor,
        .store = b->store,
        .rooms = b->rooms,
        .access = b->access,
        .kiosks = b->kiosks,
        .key = b->has_key ? &b->key : NULL,
        .jobs = b->jobs,
        .uploads = b->uploads,
        .nightly = &b->nightly.state,
        .content_dir = b->dir.content,
        .upload_dir = b->dir.uploads,
        .sources_dir = b->dir.sources,
        .db_path = b->dir.db,
        .port = ports->http,
        .tls_port = ports->https,
        .service = b->service,
        .restart = on_restart,
        .tell_wall = on_tell_wall,
        .use_zone = on_use_zone,
        .box = b,
        .version = version,
        .started = house_raw_now(),
    };
}

static void say_ready(struct box *b)
{
    const char *listen = b->settings->listen, *tls = b->settings->tls_listen;
    if (access_is_new(b->access))
        log_info("box", "the first password for user admin is in %s", b->dir.password);
    printf("ready http://%.*s:%d", (int)(strrchr(listen, ':') - listen), listen, net_port(b->net));
    if (tls[0])
        printf(" https://%.*s:%d", (int)(strrchr(tls, ':') - tls), tls, net_tls_port(b->net));
    putchar('\n');
    fflush(stdout);
    life_start(&b->life, b->service, &b->house, b->net);
    for (int unused; (unused = service_unused_port(b->service)) >= 0;)
        log_warn("box", "systemd opened port %d and nothing serves it: listen is %s", unused,
                 listen);
}

static void load_key(struct box *b, sqlite3 *db)
{
    enum err e = house_key_load(db, &b->key);
    b->has_key = e == ERR_OK;
    if (!b->has_key)
        log_warn("box", "no time over UDP: the house's key cannot be kept (%s)", err_code(e));
}

// What was read before anything ran; NULL, and said why, when the box cannot start.
static sqlite3 *open_state(struct box *b, char *error, size_t error_size)
{
    if (!state_dir_make(&b->dir, b->settings->state_dir, error, error_size))
        return NULL;
    if (!restore_apply(b->dir.db, error, error_size))
        return NULL;
    sqlite3 *db = db_open(b->dir.db, error, error_size);
    if (!db)
        return NULL;
    begin_zone(b, db);
    bool trust = trusts_clock(b->settings);
    bool resumed = timekeeper_resume(&b->time, db, trust, error, error_size);
    if (!resumed) {
        // A full disk: what was put aside is for just this.
        reserve_give(b->dir.reserve);
        resumed = timekeeper_resume(&b->time, db, trust, error, error_size);
    }
    if (resumed)
        load_key(b, db);
    char given[512];
    bool is_given = service_credential("first-password", given, sizeof given);
    struct access_files files = {b->dir.password, is_given ? given : NULL, b->dir.reset};
    if (resumed &&
        (b->access = access_open(db, &files, timekeeper_now(&b->time), error, error_size))) {
        b->kiosks = kiosks_open(db);
        sources_care(db, b->dir.sources); // a full disk will do it at the next start
        return db;
    }
    db_close(db);
    return NULL;
}

// At the address and port of HTTP. Whatever goes wrong, kiosks still have their WebSocket.
static void start_time_server(struct box *b)
{
    char address[100], error[200];
    int port;
    if (!b->settings->time_udp || !b->has_key ||
        !settings_address_parse(b->settings->listen, address, sizeof address, &port))
        return;
    port = net_port(b->net);
    b->house.time_server =
        time_server_start(address, port, service_socket(b->service, SOCK_DGRAM, port), &b->key,
                          &b->time.anchor, error, sizeof error);
    b->time.time_server = b->house.time_server;
    if (!b->house.time_server)
        log_warn("box", "no time over UDP, kiosks ask over their WebSockets: %s", error);
}

// A house without a key cannot be found by who would have to know it again.
static void start_announce(struct box *b)
{
    char address[100], key[SEALED_KEY_TEXT], id[WIRE_KIOSK_LEN + 1];
    int port;
    if (!b->settings->announce || !b->has_key ||
        !settings_address_parse(b->settings->listen, address, sizeof address, &port) ||
        strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
        return;
    sealed_key_text(b->key.public_key, key);
    CHECK(key_id(key, id));
    b->announce = announce_start(&(struct announce_facts){
        .id = id,
        .version = b->house.version,
        .port = net_port(b->net),
        .tls_port = b->settings->tls_listen[0] ? net_tls_port(b->net) : 0,
        .ipv4_only = strchr(address, ':') == NULL,
    });
}

static void start_rooms(struct box *b)
{
    b->plug = (struct plug){b->store, &b->time};
    b->port = plug_port(&b->plug);
    struct rooms_config c = {
        .port = &b->port,
        .clock_epoch = b->time.anchor.clock_epoch,
        .guessed_epoch = b->time.anchor.guessed_epoch,
        .known_until = b->time.anchor.known_until,
        .max_awake = (int)b->settings->max_rooms_awake,
        .forget_every = (int)b->settings->forget_every,
        .changed = on_changed,
        .changed_user = b,
    };
    randombytes_buf(&c.seed, sizeof c.seed);
    b->rooms = rooms_new(&c);
    timekeeper_start(&b->time, &b->loop, b->store, b->rooms);
}

int box_run(struct settings *settings, struct service *service, const char *version,
            struct box_ports *ports)
{
    struct box *b = check_alloc(calloc(1, sizeof *b));
    char error[700];
    signal(SIGHUP, SIG_IGN); // until there is a loop; the settings were read a moment ago
    b->settings = settings;
    b->service = service;
    CHECK(sodium_init() >= 0);
    raise_file_limit(settings);
    sqlite3 *db = open_state(b, error, sizeof error);
    if (!db) {
        log_refusal("roomtoned", error);
        free(b);
        return 1;
    }
    open_loop(b);
    b->store = store_start(db, on_store_done, b);
    store_gather(b->store);
    access_use_store(b->access, b->store, on_access_changed, b);
    kiosks_use_store(b->kiosks, b->store, on_zone, b);
    start_rooms(b);
    b->jobs = jobs_new(&b->loop, settings->ingest, b->dir.content);
    b->uploads = uploads_open(&b->loop, b->dir.incoming);
    uploads_sweep(b->uploads, timekeeper_now(&b->time).us, keep_uploads_us(settings));
    fill_house(b, version, ports);
    b->net = net_start(&b->house, error, sizeof error);
    if (b->net) {
        start_timers(b);
        *ports = (struct box_ports){net_port(b->net), net_tls_port(b->net)};
        start_time_server(b);
        nightly_start(&b->nightly, settings, &b->time.anchor, b->store, &b->loop, b->dir.db);
        say_ready(b);
        start_announce(b);
        uv_run(&b->loop, UV_RUN_DEFAULT);
    } else {
        log_refusal("roomtoned", error);
        jobs_stop(b->jobs);
    }

    // What is still in flight lands, then everything goes in reverse.
    store_stop(b->store);
    rooms_free(b->rooms);
    access_free(b->access);
    kiosks_free(b->kiosks);
    if (b->net)
        net_free(b->net);
    time_server_stop(b->house.time_server);
    announce_stop(b->announce); // may take long, and has nothing to save
    int code = !b->net ? 1 : b->again ? BOX_AGAIN : 0;
    close_handle((uv_handle_t *)&b->wake);
    close_handles(b); // a start that failed has not done it yet
    uv_ref((uv_handle_t *)&b->wake);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    uploads_free(b->uploads);
    uv_loop_close(&b->loop);
    free(b);
    return code;
}
