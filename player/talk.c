// SPDX-License-Identifier: Apache-2.0
#include "player/talk.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "player/link/device.h"
#include "player/link/link.h"
#include "player/link/time_udp.h"
#include "player/playout/render.h"
#include "player/track/cache.h"
#include "player/track/fetch.h"
#include "player/track/holdover.h"
#include "player/track/library.h"
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
    // Five blocks at a time; what changes the plan is looked at at once.
    TICK_MS = 50,
    BUSY_US = 3000, // of rendering in one go; then the sockets have their turn
    PREP_MAX_US = 1000000,
    // The setting and the zone together, either way: below the second by which the playing thread's
    // place may differ from house time (tick).
    EARLY_MAX_US = 500000,
};

struct talk {
    struct lws_context *context;
    struct link *link;
    struct fetch *fetch;
    struct cache *cache;
    struct library *library;
    struct render *render;
    struct clockmap *clock;
    struct playout *playout;
    char lang[WIRE_LANG_MAX + 1];
    int64_t setting_us; // earlier, by the settings
    struct wire_zone zone;
    char zone_path[1200];

    bool state_known;
    char tour[WIRE_HASH_LEN + 1];
    struct timeline timeline;
    bool planned;    // there was a plan
    int64_t undue;   // frames missed before that: nothing was due
    bool plan_stale; // the timeline, the tour or what is on disk has changed

    lws_sorted_usec_list_t tick_timer, report_timer;
    int64_t slowest_ns; // rendering of a block, slowly forgotten
    struct playout_stats stats;
};

static void tick(lws_sorted_usec_list_t *timer);

static void plan_anew(struct talk *t)
{
    t->plan_stale = true;
    lws_sul_schedule(t->context, 0, &t->tick_timer, tick, 1);
}

static void wish(struct talk *t)
{
    struct fetch_wish wishes[FETCH_WISHES_MAX];
    int32_t next = t->timeline.has_next ? t->timeline.next.cue : -1;
    size_t n = library_wishes(t->library, t->timeline.now.cue, next, wishes);
    fetch_wishes(t->fetch, wishes, n);
}

static void on_state(void *user, const struct wire_state *state)
{
    struct talk *t = user;
    bool other_tour = strcmp(t->tour, state->tour) != 0;
    bool other_cue = t->timeline.now.cue != state->timeline.now.cue;
    t->state_known = true;
    t->timeline = state->timeline;
    plan_anew(t);
    snprintf(t->tour, sizeof t->tour, "%s", state->tour);
    library_tour(t->library, t->tour);
    if (other_tour || other_cue)
        wish(t);
}

// Sound leaves this much earlier. The setting is about what stands behind this card, the zone about
// where it stands in the room; its sign is that of the wire.
static int64_t early_us(const struct talk *t)
{
    int64_t us = t->setting_us - t->zone.trim_us;
    return us > EARLY_MAX_US ? EARLY_MAX_US : us < -EARLY_MAX_US ? -EARLY_MAX_US : us;
}

static void apply_zone(struct talk *t)
{
    log_info("zone", "trim %lld us, gain %.1f dB%s", (long long)t->zone.trim_us,
             t->zone.gain_ddb / 10.0, t->zone.mute ? ", muted" : "");
    float linear = powf(10, (float)t->zone.gain_ddb / 200);
    playout_set_gain(t->playout, t->zone.mute ? 0 : linear);
    playout_set_early(t->playout, early_us(t));
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

static void on_file(void *user, const struct cache_name *name)
{
    struct talk *t = user;
    plan_anew(t);
    if (strcmp(name->hash, t->tour) == 0 && library_tour(t->library, t->tour)) {
        log_info("tour", "%s is here", library_current(t->library)->title);
        wish(t);
    }
}

static int resolve(void *user, int32_t cue)
{
    struct talk *t = user;
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

static void tick(lws_sorted_usec_list_t *timer)
{
    struct talk *t = lws_container_of(timer, struct talk, tick_timer);
    struct playout_stats stats = playout_stats(t->playout);
    if (llabs(stats.error_peak_ns) < llabs(t->stats.error_peak_ns))
        stats.error_peak_ns = t->stats.error_peak_ns; // the report's second goes on
    t->stats = stats;
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
    lws_sul_schedule(t->context, 0, timer, tick, done ? TICK_MS * MS : 1);
}

static enum wire_playing playing(const struct talk *t, house_t now)
{
    if (!t->state_known)
        return PLAYING_IDLE;
    const struct tl_part *part = tl_part_at(&t->timeline, now);
    if (part->cue < 0)
        return PLAYING_IDLE;
    if (!tl_sounds(part, now))
        return PLAYING_SILENT;
    return plan_at(render_current(t->render), tl_house_frame(now)) ? PLAYING_SOUND
                                                                   : PLAYING_FETCHING;
}

static struct wire_report make_report(const struct talk *t, house_t now)
{
    const struct tl_part *part = tl_part_at(&t->timeline, now);
    struct link_stats link = link_stats(t->link);
    int64_t early = early_us(t), prep_us = t->slowest_ns / 1000 + us_from_frames(MARGIN_FRAMES);
    prep_us += early > 0 ? early : 0; // what is to be heard earlier must be known earlier
    struct wire_report r = {
        .playing = playing(t, now),
        .position_us = tl_position_us(&part->vec, part->dur_us, now),
        .at = now,
        .error_us = t->stats.error_ns / 1000,
        .peak_us = t->stats.error_peak_ns / 1000,
        .uncertainty_us = link.uncertainty_us,
        .rtt_us = link.rtt_us,
        .skew_ppb = link.skew_ppb,
        .dac_ppb = t->stats.dac_ppb,
        .buffer_ms = (render_end(t->render) - tl_house_frame(now)) / 48,
        .xruns = t->stats.xruns,
        .jumps = t->stats.jumps,
        .missing = t->stats.missing - t->undue,
        .prep_us = prep_us < PREP_MAX_US ? prep_us : PREP_MAX_US,
    };
    if (r.playing == PLAYING_SOUND)
        r.position_us += r.error_us;
    if (r.position_us < 0)
        r.position_us = 0;
    if (r.buffer_ms < 0)
        r.buffer_ms = 0;
    snprintf(r.lang, sizeof r.lang, "%s", t->lang);
    return r;
}

static void report(lws_sorted_usec_list_t *timer)
{
    struct talk *t = lws_container_of(timer, struct talk, report_timer);
    house_t now;
    if (house_now(t, &now)) {
        struct wire_report r = make_report(t, now);
        link_report(t->link, &r);
        log_debug(
            "sync",
            "playing=%d via=%d position_us=%lld error_ns=%lld peak_ns=%lld uncertainty_us=%lld "
            "rtt_us=%lld skew_ppb=%lld dac_ppb=%lld ahead_ms=%lld sink_us=%lld xruns=%lld "
            "jumps=%lld missing=%lld prep_us=%lld",
            (int)r.playing, (int)link_stats(t->link).via, (long long)r.position_us,
            (long long)t->stats.error_ns, (long long)t->stats.error_peak_ns,
            (long long)r.uncertainty_us, (long long)r.rtt_us, (long long)r.skew_ppb,
            (long long)r.dac_ppb, (long long)r.buffer_ms, (long long)t->stats.buffer_us,
            (long long)r.xruns, (long long)r.jumps, (long long)r.missing, (long long)r.prep_us);
    }
    t->stats.error_peak_ns = 0;
    t->slowest_ns -= t->slowest_ns / 60; // a slow moment is remembered for a minute
    lws_sul_schedule(t->context, 0, timer, report, 1000 * MS);
}

static void lws_line(int level, const char *line)
{
    log_debug("lws", "%.*s", (int)strcspn(line, "\n"), line);
}

static struct lws_context *open_context(void)
{
    // The first protocol is also called for sockets that are not bound to any yet; whose they are
    // cannot be known there, so it is none of ours.
    static struct lws_protocols protocols[5] = {
        {.name = "unbound", .callback = lws_callback_http_dummy}};
    protocols[1] = link_protocol;
    protocols[2] = fetch_protocol;
    protocols[3] = time_udp_protocol;
    lws_set_log_level(LLL_ERR | LLL_WARN, lws_line);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .timeout_secs = 5,
        .connect_timeout_secs = 5,
        .fd_limit_per_thread = 32,
    };
    return lws_create_context(&info);
}

struct talk *talk_create(const struct settings *settings, struct program *program,
                         struct clockmap *clock, char *error, size_t error_size)
{
    struct talk *t = check_alloc(calloc(1, sizeof *t));
    t->clock = clock;
    t->timeline.now.cue = -1;
    snprintf(t->lang, sizeof t->lang, "%s", settings->lang);
    t->setting_us = settings->trim_us;
    t->cache = cache_open(settings->cache_dir, settings->cache_mb * 1024 * 1024, error, error_size);
    if (!t->cache) {
        talk_destroy(t);
        return NULL;
    }
    t->context = open_context();
    if (!t->context) {
        snprintf(error, error_size, "the network loop cannot be made");
        talk_destroy(t);
        return NULL;
    }
    zone_file_path(settings->cache_dir, settings->name, t->zone_path, sizeof t->zone_path);
    t->zone = zone_file_read(t->zone_path);
    t->library = library_create(t->cache, settings->lang);
    t->render = render_create(program, (struct render_source){t, read_track});
    t->fetch = fetch_create(t->context, t->cache, settings->host, settings->port, on_file, t);
    struct link_config link = {
        .host = settings->host,
        .port = settings->port,
        .code = settings->code,
        .name = settings->name,
        .lang = settings->lang,
        .clock = clock,
        .user = t,
        .on_state = on_state,
        .on_zone = on_zone,
    };
    device_load(settings->cache_dir, settings->name, &link.device);
    t->link = link_create(t->context, &link);
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
    link_destroy(t->link);
    fetch_destroy(t->fetch);
    render_destroy(t->render);
    library_destroy(t->library);
    cache_close(t->cache);
    free(t);
}

bool talk_run(struct talk *t, struct playout *playout, const volatile sig_atomic_t *stop)
{
    t->playout = playout;
    apply_zone(t);
    lws_sul_schedule(t->context, 0, &t->tick_timer, tick, 1);
    lws_sul_schedule(t->context, 0, &t->report_timer, report, 1000 * MS);
    while (!*stop && !t->stats.gone && lws_service(t->context, 0) >= 0)
        ;
    lws_sul_cancel(&t->tick_timer);
    lws_sul_cancel(&t->report_timer);
    return !t->stats.gone;
}
