// SPDX-License-Identifier: Apache-2.0
#include "player/talk.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "player/home.h"
#include "player/keep/keep.h"
#include "player/life.h"
#include "player/link/device.h"
#include "player/link/link.h"
#include "player/link/time_udp.h"
#include "player/link/trust.h"
#include "player/loop/wake.h"
#include "player/output.h"
#include "player/playout/render.h"
#include "player/rates.h"
#include "player/track/cache.h"
#include "player/track/fetch.h"
#include "player/track/holdover.h"
#include "player/track/library.h"
#include "player/watch.h"
#include "player/zone_file.h"

#include <libwebsockets.h>
#include <math.h>
#include <string.h>

enum {
    MS = 1000,
    // Rendered ahead: rides out 2.5 s in which this thread gets nowhere (a slow disk, a name
    // server), and is thrown away at no cost when the plan changes.
    AHEAD_FRAMES = FRAME_RATE * 5 / 2,
    // A new plan holds from here on after the playing thread's place: three blocks, in which the
    // first new one can be decoded.
    MARGIN_FRAMES = 3 * PROGRAM_BLOCK,
    // With this much rendered, time questions have the thread for themselves while an answer is
    // awaited, so that its arrival is stamped at once.
    CALM_FRAMES = FRAME_RATE,
    // Ten blocks at a time; what changes the plan is looked at at once.
    TICK_MS = 100,
    BUSY_US = 3000, // of rendering in one go; then the sockets have their turn
    // The setting and the zone together, either way: below the second by which the playing thread's
    // place may differ from house time (tick).
    EARLY_MAX_US = 500000,
    // Rates are looked at this often, and kept when they have changed by more than they are good
    // to.
    RATES_S = 60,
    RATES_PPB = 200,
};

struct talk {
    struct lws_context *context;
    struct trust *trust; // NULL: plain HTTP
    struct link *link;
    struct fetch *fetch;
    struct cache *cache;
    struct library *library;
    struct render *render;
    struct clockmap *clock;
    struct output *output;
    struct settings *settings;
    struct service *service;
    struct life life;
    struct wire_zone zone;
    char zone_path[KEEP_PATH_MAX];
    struct home *home;
    struct rates rates; // as kept
    char rates_path[KEEP_PATH_MAX];
    int rates_due; // reports until they are looked at
    struct watch_trace *trace;

    bool state_known;
    char tour[WIRE_HASH_LEN + 1];
    struct timeline timeline;
    // A newer edition of the tour is on its way, in which what sounds goes on: until it is here,
    // the edition and the timeline of before.
    bool waits;
    struct timeline waiting; // for it
    bool planned;            // there was a plan
    int64_t undue;           // frames missed before that: nothing was due
    uint32_t connections;    // of the link, as of the last report
    bool plan_stale;         // the timeline, the tour or what is on disk has changed

    struct wake *tick, *report;
    int64_t slowest_ns; // rendering of a block, slowly forgotten
};

static void plan_anew(struct talk *t)
{
    t->plan_stale = true;
    wake_in_us(t->tick, 0);
}

static void wish(struct talk *t)
{
    struct fetch_wish wishes[FETCH_WISHES_MAX];
    int32_t next = t->timeline.has_next ? t->timeline.next.cue : -1;
    size_t n = library_wishes(t->library, t->timeline.now.cue, next, wishes);
    if (t->waits) {
        size_t kept = n < FETCH_WISHES_MAX ? n : FETCH_WISHES_MAX - 1;
        memmove(&wishes[1], &wishes[0], kept * sizeof wishes[0]);
        wishes[0] = (struct fetch_wish){.name = {.ext = "json"}, .most = TOUR_BYTES_MAX};
        memcpy(wishes[0].name.hash, t->tour, sizeof wishes[0].name.hash);
        n = kept + 1;
    }
    fetch_wishes(t->fetch, wishes, n);
}

// Is the sound of a timeline going on in another one, under whatever number of its cue?
static bool goes_on(const struct timeline *was, const struct timeline *is)
{
    const struct tl_part *a = &was->now, *b = &is->now;
    return a->cue >= 0 && b->cue >= 0 && a->vec.rate != 0 && b->vec.rate != 0 &&
           a->vec.p0_us == b->vec.p0_us && a->vec.t0.us == b->vec.t0.us && a->dur_us == b->dur_us;
}

// The newest state is taken as soon as the edition it speaks of is here.
static void take_waiting(struct talk *t)
{
    t->waits = false;
    t->timeline = t->waiting;
    plan_anew(t);
    wish(t);
}

static void on_state(void *user, const struct wire_state *state)
{
    struct talk *t = user;
    bool other_tour = strcmp(t->tour, state->tour) != 0;
    bool other_cue = t->timeline.now.cue != state->timeline.now.cue;
    bool waits = (other_tour || t->waits) && t->state_known && library_current(t->library) &&
                 goes_on(&t->timeline, &state->timeline);
    snprintf(t->tour, sizeof t->tour, "%s", state->tour);
    if (waits && !library_has(t->library, t->tour)) {
        t->waits = true;
        t->waiting = state->timeline;
        wish(t);
        return;
    }
    other_tour |= t->waits;
    t->waits = false;
    t->state_known = true;
    t->timeline = state->timeline;
    plan_anew(t);
    library_tour(t->library, t->tour);
    if (other_tour || other_cue)
        wish(t);
}

// Sound leaves this much earlier. The setting is about what stands behind this card, the zone about
// where it stands in the room; its sign is that of the wire.
static int64_t early_us(const struct talk *t)
{
    int64_t us = t->settings->trim_us - t->zone.trim_us;
    return us > EARLY_MAX_US ? EARLY_MAX_US : us < -EARLY_MAX_US ? -EARLY_MAX_US : us;
}

static void apply_zone(struct talk *t)
{
    log_info("zone", "trim %lld us, gain %.1f dB%s", (long long)t->zone.trim_us,
             t->zone.gain_ddb / 10.0, t->zone.mute ? ", muted" : "");
    float linear = powf(10, (float)t->zone.gain_ddb / 200);
    output_set_gain(t->output, t->zone.mute ? 0 : linear);
    output_set_early(t->output, early_us(t));
    library_map(t->library, t->zone.map);
}

static void on_zone(void *user, const struct wire_zone *zone)
{
    struct talk *t = user;
    if (wire_zone_same(&t->zone, zone))
        return;
    bool other_map = !wire_map_same(t->zone.map, zone->map);
    t->zone = *zone;
    apply_zone(t);
    if (other_map) {
        plan_anew(t);
        wish(t);
    }
    zone_file_write(t->zone_path, zone);
}

static void on_house(void *user, const char *key)
{
    struct talk *t = user;
    home_taken(t->home, t->link, t->fetch, key);
}

static void on_identify(void *user)
{
    struct talk *t = user;
    log_info("talk", "chirping, for somebody looks for this machine");
    // As loud as the zone lets anything be, and also when it is muted.
    output_chirp(t->output, powf(10, (float)t->zone.gain_ddb / 200));
}

static void on_tone(void *user)
{
    struct talk *t = user;
    log_info("talk", "the tone, for somebody sets how loud this machine is");
    output_tone(t->output);
}

static void on_file(void *user, const struct cache_name *name)
{
    struct talk *t = user;
    plan_anew(t);
    if (strcmp(name->hash, t->tour) == 0 && library_tour(t->library, t->tour)) {
        log_info("tour", "%s is here", library_current(t->library)->title);
        if (t->waits)
            take_waiting(t);
        else
            wish(t);
    }
}

static int resolve(void *user, int32_t cue, struct plan_fades *fades)
{
    struct talk *t = user;
    const struct tour *tour = library_current(t->library);
    if (tour && cue >= 0 && cue < tour->cue_count) {
        const struct tour_cue *c = &tour->cues[cue];
        *fades = (struct plan_fades){frames_from_us(c->fade_in_us), frames_from_us(c->fade_out_us),
                                     frames_from_us(c->dur_us)};
    }
    return library_track(t->library, cue);
}

static void read_track(void *user, int track, int64_t frame, int n, float *stereo)
{
    struct talk *t = user;
    library_read(t->library, track, frame, n, stereo);
}

// House time now; false while it is not known.
static bool house_now(const struct talk *t, house_t *now)
{
    struct clock_map map;
    if (!clockmap_get(t->clock, &map))
        return false;
    *now = clock_house(&map, mono_now());
    return true;
}

static void renew_plan(struct talk *t, int64_t from)
{
    struct plan plan;
    plan_build(&plan, &t->timeline, resolve, t);
    render_plan(t->render, &plan, from);
    t->plan_stale = false;
    t->planned = true;
    if (library_lost(t->library))
        wish(t);
}

// False when there is more to do at once.
static bool render_ahead(struct talk *t, int64_t from, int64_t now)
{
    mono_t begin = mono_now(), before = begin;
    for (;;) {
        bool enough = render_end(t->render) > now + CALM_FRAMES;
        if (enough && link_stats(t->link).asking)
            return true;
        if (!render_step(t->render, from, now + AHEAD_FRAMES))
            return true;
        mono_t after = mono_now();
        if (mono_diff_ns(after, before) > t->slowest_ns)
            t->slowest_ns = mono_diff_ns(after, before);
        if (mono_diff_ns(after, begin) > BUSY_US * INT64_C(1000))
            return false;
        before = after;
    }
}

static void tick(void *user)
{
    struct talk *t = user;
    output_look(t->output, mono_now());
    struct playout_stats stats = output_stats(t->output);
    if (!t->planned)
        t->undue = stats.missing;
    house_t now;
    bool done = true;
    if (t->state_known && house_now(t, &now)) {
        int64_t frame = tl_house_frame(now);
        // The playing thread's place, unless that is of another time (a clock that broke).
        int64_t at = stats.running && llabs(stats.next_frame - frame) < FRAME_RATE
                         ? stats.next_frame
                         : frame;
        if (!link_stats(t->link).joined)
            t->plan_stale |= holdover_advance(&t->timeline, library_current(t->library), now);
        if (t->plan_stale)
            renew_plan(t, at + MARGIN_FRAMES);
        done = render_ahead(t, at, frame);
    }
    wake_in_us(t->tick, done ? TICK_MS * MS : 0);
}

// What is known now, should it be news.
static void keep_rates(struct talk *t, const struct playout_stats *stats)
{
    struct rates now = t->rates;
    struct link_stats link = link_stats(t->link);
    if (link.skew_known) {
        now.has_skew = true;
        now.skew = (double)link.skew_ppb * 1e-9;
    }
    if (stats->card_known) {
        now.has_card = true;
        now.card = (double)stats->card_ppb * 1e-9;
    }
    bool news = now.has_skew != t->rates.has_skew || now.has_card != t->rates.has_card ||
                fabs(now.skew - t->rates.skew) > RATES_PPB * 1e-9 ||
                fabs(now.card - t->rates.card) > RATES_PPB * 1e-9;
    if (!news)
        return;
    t->rates = now;
    rates_write(t->rates_path, home_name(t->home), t->settings->device, &now);
}

static void report(void *user)
{
    struct talk *t = user;
    struct playout_stats stats = output_stats(t->output);
    struct link_stats link = link_stats(t->link);
    int64_t early = early_us(t);
    struct watch_view view = {
        .timeline = t->state_known ? &t->timeline : NULL,
        .render = t->render,
        .playout = &stats,
        .link = &link,
        .lang = t->settings->lang,
        // What is to be heard earlier must be known earlier.
        .prep_us = t->slowest_ns / 1000 + us_from_frames(MARGIN_FRAMES) + (early > 0 ? early : 0),
    };
    home_turn(t->home, t->link);
    if (link.connections != t->connections)
        fetch_again(t->fetch);
    t->connections = link.connections;
    life_look(&t->life, &stats, &link, mono_now());
    stats.missing -= t->undue;
    if (house_now(t, &view.now)) {
        struct wire_report r = watch_report(&view);
        link_report(t->link, &r);
        watch_trace_line(t->trace, &view, &r);
    }
    output_new_peak(t->output);
    if (--t->rates_due <= 0) {
        keep_rates(t, &stats);
        t->rates_due = RATES_S;
    }
    t->slowest_ns -= t->slowest_ns / 60; // a slow moment is remembered for a minute
    wake_in_us(t->report, 1000 * MS);
}

static void lws_line(int level, const char *line)
{
    log_debug("lws", "%.*s", (int)strcspn(line, "\n"), line);
}

static struct lws_context *open_context(struct trust *trust)
{
    // The first protocol is also called for sockets that are not bound to any yet; whose they are
    // cannot be known there, so it is none of ours.
    static struct lws_protocols protocols[6] = {
        {.name = "unbound", .callback = lws_callback_http_dummy}};
    protocols[1] = link_protocol;
    protocols[2] = fetch_protocol;
    protocols[3] = time_udp_protocol;
    protocols[4] = wake_protocol;
    lws_set_log_level(LLL_ERR | LLL_WARN, lws_line);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .timeout_secs = 5,
        // The kernel asks again after 1 s, and then 2 s later only: a new connection is sooner
        // there when a crowd is at the house's door.
        .connect_timeout_secs = 2,
        .fd_limit_per_thread = 32,
        .options = trust ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
        .provided_client_ssl_ctx = trust ? trust_context(trust) : NULL,
        .alpn = "http/1.1",
    };
    return lws_create_context(&info);
}

static bool open_all(struct talk *t, struct program *program, char *error, size_t error_size)
{
    const struct settings *s = t->settings;
    t->cache = cache_open(s->cache_dir, s->cache_mb * 1024 * 1024, error, error_size);
    if (!t->cache)
        return false;
    keep_path(s->cache_dir, "zone", s->name, "json", t->zone_path);
    keep_path(s->cache_dir, "rates", s->name, "json", t->rates_path);
    t->home = home_open(s);
    t->zone = zone_file_read(t->zone_path);
    t->rates = rates_read(t->rates_path, home_name(t->home), s->device);
    t->rates_due = RATES_S;
    if (s->trace[0]) {
        t->trace = watch_trace_open(s->trace, error, error_size);
        if (!t->trace)
            return false;
    }
    struct playout_card card = {t->rates.card, RATES_SIGMA};
    t->output =
        output_open(s, program, t->clock, t->rates.has_card ? &card : NULL, error, error_size);
    if (!t->output)
        return false;
    if (s->tls && !(t->trust = trust_open(s->host, s->ca, s->pin, error, error_size)))
        return false;
    t->context = open_context(t->trust);
    if (!t->context) {
        snprintf(error, error_size, "the network loop cannot be made");
        return false;
    }
    t->tick = wake_create(t->context, tick, t);
    t->report = wake_create(t->context, report, t);
    return true;
}

struct talk *talk_create(struct settings *settings, struct service *service,
                         struct program *program, struct clockmap *clock, char *error,
                         size_t error_size)
{
    struct talk *t = check_alloc(calloc(1, sizeof *t));
    t->settings = settings;
    t->service = service;
    t->clock = clock;
    t->timeline.now.cue = -1;
    if (!open_all(t, program, error, error_size)) {
        talk_destroy(t);
        return NULL;
    }
    t->library = library_create(t->cache, settings->lang);
    t->render = render_create(program, (struct render_source){t, read_track});
    const struct house_pin *house = home_first(t->home);
    // Whether it is the box is for trust.h to say, by name too.
    int over_tls = settings->tls ? LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK : 0;
    t->fetch = fetch_create(t->context, t->cache, house->host, house->port, over_tls, on_file, t);
    struct link_config link = {
        .host = house->host,
        .port = house->port,
        .ssl_connection = over_tls,
        .obey_any = settings_chosen(settings),
        .house = house->key,
        .code = settings->code,
        .name = settings->name,
        .lang = settings->lang,
        .clock = clock,
        .skew = t->rates.skew,
        .skew_sigma = t->rates.has_skew ? RATES_SIGMA : 0,
        .user = t,
        .on_state = on_state,
        .on_zone = on_zone,
        .on_house = on_house,
        .on_identify = on_identify,
        .on_tone = on_tone,
    };
    char given[KEEP_PATH_MAX];
    if (!service_credential("device-key", given, sizeof given) ||
        !device_given(given, &link.device))
        device_load(settings->cache_dir, settings->name, &link.device);
    t->link = link_create(t->context, &link);
    home_look_around(t->home);
    return t;
}

void talk_destroy(struct talk *t)
{
    if (!t)
        return;
    if (t->context) {
        link_stop(t->link);
        fetch_stop(t->fetch);
        lws_context_destroy(t->context);
    }
    wake_destroy(t->tick);
    wake_destroy(t->report);
    output_close(t->output); // before the program that it reads
    watch_trace_close(t->trace);
    link_destroy(t->link);
    trust_close(t->trust);
    fetch_destroy(t->fetch);
    render_destroy(t->render);
    library_destroy(t->library);
    home_close(t->home);
    cache_close(t->cache);
    free(t);
}

// What can change live does; a mistake anywhere changes nothing.
static void reload(struct talk *t)
{
    char error[CONF_ERROR_SIZE];
    struct conf_news news;
    if (!settings_reload(t->settings, &news, error, sizeof error)) {
        options_not_reloaded("player", error);
        return;
    }
    log_setup(t->settings->debug ? LOG_DEBUG : LOG_INFO);
    output_set_early(t->output, early_us(t));
    options_reloaded("player", &news);
}

void talk_run(struct talk *t, struct talk_orders *orders)
{
    apply_zone(t);
    wake_in_us(t->tick, 0);
    wake_in_us(t->report, 1000 * MS);
    life_start(&t->life, t->service, t->settings, mono_now());
    while (!orders->stop && lws_service(t->context, 0) >= 0) {
        if (orders->reload) {
            orders->reload = 0;
            service_reloading(t->service);
            reload(t);
            service_notify(t->service, "READY=1");
        }
    }
    service_notify(t->service, "STOPPING=1");
    struct playout_stats stats = output_stats(t->output);
    keep_rates(t, &stats);
}
