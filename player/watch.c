// SPDX-License-Identifier: Apache-2.0
#include "player/watch.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a report may say (common/wire/report.c).
enum { PREP_MAX_US = 1000000, PPB_MAX = 10000000 };

struct watch_trace {
    char *path;
    FILE *file; // NULL after a disk that failed
};

static enum wire_playing playing(const struct watch_view *v)
{
    const struct tl_part *part = v->timeline ? tl_part_at(v->timeline, v->now) : NULL;
    if (!part || part->cue < 0)
        return PLAYING_IDLE;
    if (!tl_sounds(part, v->now))
        return PLAYING_SILENT;
    return plan_at(render_current(v->render), tl_house_frame(v->now)) ? PLAYING_SOUND
                                                                      : PLAYING_FETCHING;
}

static enum wire_servo servo(const struct watch_view *v)
{
    if (v->playout->gone || v->playout->state == STEER_IDLE)
        return WIRE_SERVO_SILENT;
    if (v->playout->state == STEER_DEGRADED)
        return WIRE_SERVO_DEGRADED;
    if (v->link->via == WIRE_VIA_NONE)
        return WIRE_SERVO_HOLDOVER;
    return v->playout->state == STEER_LOCK ? WIRE_SERVO_LOCK : WIRE_SERVO_ACQUIRE;
}

static int64_t between(int64_t least, int64_t v, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

struct wire_report watch_report(const struct watch_view *v)
{
    const struct playout_stats *p = v->playout;
    struct wire_report r = {
        .playing = playing(v),
        .servo = servo(v),
        .via = v->link->via,
        .at = v->now,
        .error_us = p->error_ns / 1000,
        .peak_us = p->error_peak_ns / 1000,
        .uncertainty_us = between(0, v->link->uncertainty_us, WIRE_TIME_MAX),
        .rtt_us = between(0, v->link->rtt_us, WIRE_TIME_MAX),
        .skew_ppb = v->link->skew_ppb,
        .dac_ppb = between(-PPB_MAX, p->dac_ppb, PPB_MAX),
        .corr_ppb = between(-PPB_MAX, p->corr_ppb, PPB_MAX),
        .buffer_ms =
            between(0, (render_end(v->render) - tl_house_frame(v->now)) / 48, WIRE_TIME_MAX),
        .xruns = p->xruns,
        .jumps = p->jumps,
        .missing = between(0, p->missing, WIRE_TIME_MAX),
        .prep_us = between(0, v->prep_us, PREP_MAX_US),
    };
    if (v->timeline) {
        const struct tl_part *part = tl_part_at(v->timeline, v->now);
        r.position_us = tl_position_us(&part->vec, part->dur_us, v->now);
    }
    if (r.playing == PLAYING_SOUND)
        r.position_us = between(0, r.position_us + r.error_us, WIRE_TIME_MAX);
    snprintf(r.lang, sizeof r.lang, "%s", v->lang);
    return r;
}

static bool begin(struct watch_trace *t)
{
    t->file = fopen(t->path, "ae");
    if (t->file && ftell(t->file) == 0)
        fputs("house_s,playing,servo,via,error_us,peak_us,uncertainty_us,rtt_us,skew_ppm,dac_ppm,"
              "corr_ppm,ahead_ms,sink_ms,xruns,jumps,missing\n",
              t->file);
    return t->file != NULL;
}

struct watch_trace *watch_trace_open(const char *path, char *error, size_t error_size)
{
    struct watch_trace *t = check_alloc(calloc(1, sizeof *t));
    t->path = check_alloc(strdup(path));
    if (begin(t))
        return t;
    snprintf(error, error_size, "trace %s: %s", path, strerror(errno));
    watch_trace_close(t);
    return NULL;
}

void watch_trace_close(struct watch_trace *t)
{
    if (!t)
        return;
    if (t->file)
        fclose(t->file);
    free(t->path);
    free(t);
}

static void turn_page(struct watch_trace *t)
{
    char old[4096];
    snprintf(old, sizeof old, "%s.1", t->path);
    fclose(t->file);
    t->file = NULL;
    if (rename(t->path, old) == 0)
        begin(t);
}

void watch_trace_line(struct watch_trace *t, const struct watch_view *v,
                      const struct wire_report *r)
{
    if (!t || !t->file)
        return;
    const struct playout_stats *p = v->playout;
    fprintf(t->file, "%.3f,%s,%s,%s,%.3f,%.3f,%lld,%lld,%.3f,%.3f,%.3f,%lld,%.3f,%lld,%lld,%lld\n",
            (double)v->now.us / 1e6, wire_playing_name(r->playing), wire_servo_name(r->servo),
            wire_via_name(r->via), (double)p->error_ns / 1e3, (double)p->error_peak_ns / 1e3,
            (long long)r->uncertainty_us, (long long)r->rtt_us, (double)r->skew_ppb / 1e3,
            (double)r->dac_ppb / 1e3, (double)r->corr_ppb / 1e3, (long long)r->buffer_ms,
            (double)p->buffer_us / 1e3, (long long)r->xruns, (long long)r->jumps,
            (long long)r->missing);
    if (fflush(t->file) != 0) {
        log_warn("trace", "%s: %s", t->path, strerror(errno));
        fclose(t->file);
        t->file = NULL;
    } else if (ftell(t->file) >= WATCH_TRACE_MAX) {
        turn_page(t);
    }
}
