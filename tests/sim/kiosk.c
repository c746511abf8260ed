// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/kiosk.h"

#include "player/clock/pace.h"
#include "player/playout/steer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { PERIOD = 960, BUFFER = 2880, FLIGHT_MAX = 128 };
static const double OFFSET_S = 86400.25; // house time at true time 0
static const double WAKE_S = 0.0003;     // the writer wakes up to this late
static const double AT_ONCE_S = 5e-6;    // the server's answer
// A cue runs from the start: sound is there as soon as the clock is good enough.

struct way {
    double walk_ms, burst_ms, burst_from, burst_to;
    double stepped; // true time of the last step of the walk
};

struct flight {
    double t4; // true time; INFINITY: lost
    struct clock_sample sample;
    uint32_t seq;
};

struct kiosk {
    const struct kiosk_world *w;
    uint64_t random;
    struct exchange exchange;
    struct clock_estimate estimate;
    struct pace pace;
    double next_ask;
    int64_t questions;
    struct way out, back;
    struct flight flights[FLIGHT_MAX];
    int flying;

    struct steer steer;
    double card_base; // card frames at which this run of the card began
    double next_wild, next_stall, stall_to, next_xrun;
    bool sounding;
    double last_ratio;
    struct kiosk_result result;
};

// splitmix64 (Steele, Lea, Flood 2014), as 0..1.
static double uniform(struct kiosk *k)
{
    uint64_t z = (k->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

// --- truth ---

static double house_s(const struct kiosk_world *w, double t)
{
    bool jumped = w->house_jump_us != 0 && t >= w->house_jump_at;
    return t + OFFSET_S + (jumped ? w->house_jump_us / 1e6 : 0);
}

// Local seconds: the integral of a rate that is level, then ramps, then is level again.
static double local_s(const struct kiosk_world *w, double t)
{
    double ramp = 0;
    if (w->warm_ppm != 0 && t > w->warm_from) {
        double span = w->warm_to - w->warm_from, into = fmin(t, w->warm_to) - w->warm_from;
        ramp = w->warm_ppm * (into * into / (2 * span) + fmax(t - w->warm_to, 0));
    }
    return t - (w->skew_ppm * t + ramp) * 1e-6;
}

static mono_t local(const struct kiosk_world *w, double t)
{
    return (mono_t){INT64_C(5000000000) + (int64_t)(local_s(w, t) * 1e9)};
}

static int card_rate(const struct kiosk_world *w)
{
    return w->rate ? w->rate : FRAME_RATE;
}

// Card frames played at true time t, from 0 on: the integral of its rate.
static double card_frames(const struct kiosk_world *w, double t)
{
    double wander = 0;
    if (w->wander_ppm != 0) {
        double k = 2 * M_PI / w->wander_s;
        wander = w->wander_ppm * 1e-6 * (cos(w->wander_phase) - cos(k * t + w->wander_phase)) / k;
    }
    return card_rate(w) * (t * (1 + w->dac_ppm * 1e-6) + wander);
}

// --- network ---

static void sway(struct kiosk *k, struct way *way, double t)
{
    for (; way->stepped + 0.01 <= t; way->stepped += 0.01) {
        way->walk_ms += uniform(k) < 0.5 ? 0.5 : -0.5;
        if (way->walk_ms < 0)
            way->walk_ms = -way->walk_ms;
        if (way->walk_ms > 10)
            way->walk_ms = 20 - way->walk_ms;
    }
    if (t > way->burst_to) {
        way->burst_from = t + 2 + 4 * uniform(k);
        way->burst_to = way->burst_from + 0.05 + 0.15 * uniform(k);
        way->burst_ms = 5 + 10 * uniform(k);
    }
}

// Seconds one message takes that is sent at t.
static double delay(struct kiosk *k, struct way *way, double floor_us, double t)
{
    const struct kiosk_world *w = k->w;
    double us = floor_us - w->queue_us * log(uniform(k));
    if (w->repath_us != 0 && t >= w->repath_at)
        us += w->repath_us;
    if (w->sway) {
        sway(k, way, t);
        us += 1e3 * (way->walk_ms + 5 * uniform(k) + (t > way->burst_from ? way->burst_ms : 0));
    }
    return us / 1e6;
}

static void ask(struct kiosk *k, double t)
{
    const struct kiosk_world *w = k->w;
    double back_us = w->floor_back_us > 0 ? w->floor_back_us : w->floor_us;
    double t2 = t + delay(k, &k->out, w->floor_us, t), t3 = t2 + AT_ONCE_S;
    double t4 = t3 + delay(k, &k->back, back_us, t3);
    uint32_t seq = exchange_ask(&k->exchange, local(w, t));
    k->questions++;
    k->next_ask = t + (double)pace_interval_ns(&k->pace, &k->exchange, &k->estimate) / 1e9;
    bool cut = t >= w->cut_from && t < w->cut_to;
    if (cut || uniform(k) < w->loss || uniform(k) < w->loss || k->flying == FLIGHT_MAX)
        return;
    k->flights[k->flying++] = (struct flight){t4,
                                              {local(w, t), (int64_t)(house_s(w, t2) * 1e9),
                                               (int64_t)(house_s(w, t3) * 1e9), local(w, t4)},
                                              seq};
}

static void land(struct kiosk *k, const struct flight *f)
{
    struct clock_sample s;
    if (exchange_answer(&k->exchange, f->seq, f->sample.t1, f->sample.t2_house_ns,
                        f->sample.t3_house_ns, f->sample.t4, &s) &&
        clock_add(&k->estimate, &s)) {
        pace_note(&k->pace, &k->estimate, &s);
        double sooner = (double)pace_interval_ns(&k->pace, &k->exchange, &k->estimate) / 1e9;
        k->next_ask = fmin(k->next_ask, f->t4 + sooner);
    }
}

// What happens on the network up to t, in order.
static void network(struct kiosk *k, double t)
{
    for (;;) {
        int first = -1;
        for (int i = 0; i < k->flying; i++) {
            if (first < 0 || k->flights[i].t4 < k->flights[first].t4)
                first = i;
        }
        double landing = first >= 0 ? k->flights[first].t4 : INFINITY;
        if (fmin(landing, k->next_ask) > t)
            return;
        if (k->next_ask <= landing) {
            ask(k, k->next_ask);
            continue;
        }
        struct flight f = k->flights[first];
        k->flights[first] = k->flights[--k->flying];
        land(k, &f);
    }
}

// --- the card ---

static bool due(struct kiosk *k, double *next, double every, double t)
{
    if (every <= 0 || t < *next)
        return false;
    *next = t + every * (0.5 + uniform(k));
    return true;
}

static int step(const struct kiosk_world *w)
{
    return w->pointer_step ? w->pointer_step : 1;
}

// What the pointer says at t.
static int64_t reading(struct kiosk *k, double t)
{
    const struct kiosk_world *w = k->w;
    double at = t;
    if (due(k, &k->next_stall, w->stall_every_s, t))
        k->stall_to = t + 0.02;
    if (t < k->stall_to)
        at = fmin(at, k->stall_to - 0.02);
    if (w->stale_share > 0 && uniform(k) < w->stale_share)
        at -= uniform(k) * w->stale_us / 1e6;
    double frames = card_frames(w, at) - k->card_base;
    if (due(k, &k->next_wild, w->wild_every_s, t))
        frames += (uniform(k) - 0.5) * 0.1 * card_rate(w);
    return (int64_t)floor(frames / step(w)) * step(w);
}

// True time at which the card has room for a period.
static double wait_for_room(const struct kiosk *k, double t)
{
    const struct kiosk_world *w = k->w;
    double shown = ceil((double)(k->steer.frame + PERIOD - BUFFER) / step(w)) * step(w);
    while (card_frames(w, t) - k->card_base < shown)
        t += fmax((shown - (card_frames(w, t) - k->card_base)) / card_rate(w), 1e-9);
    return t;
}

// What leaves the card at t against house time, us; NAN when it is silence.
static double true_error_us(const struct kiosk *k, double t)
{
    double leaving = card_frames(k->w, t) - k->card_base;
    for (uint64_t back = 1; back <= STEER_WRITTEN && back <= k->steer.written_count; back++) {
        const struct steer_written *p =
            &k->steer.written[(k->steer.written_count - back) % STEER_WRITTEN];
        if (leaving < (double)p->frame)
            continue;
        struct frame_pos heard = frame_pos_add(p->pos, (leaving - (double)p->frame) * p->ratio);
        double house = house_s(k->w, t) * FRAME_RATE;
        return ((double)heard.whole - house + heard.part) * 1e6 / FRAME_RATE;
    }
    return NAN;
}

static void note_ratio(struct kiosk *k, const struct steer_order *o)
{
    double ff = (1 + k->estimate.map.skew) * FRAME_RATE / dac_rate(&k->steer.dac);
    if (k->sounding && !o->fade_in) {
        double change = fabs(o->ratio - k->last_ratio) / ff * 1e6 * card_rate(k->w) / PERIOD;
        k->result.ratio_step_ppm_s = fmax(k->result.ratio_step_ppm_s, change);
        k->result.ratio_worst_ppm = fmax(k->result.ratio_worst_ppm, fabs(o->ratio / ff - 1) * 1e6);
    }
    k->last_ratio = o->ratio;
}

static void restart_card(struct kiosk *k, double t)
{
    steer_restart(&k->steer);
    k->steer.frame = BUFFER;
    k->card_base = card_frames(k->w, t);
    k->sounding = false;
}

static void play_period(struct kiosk *k, double t)
{
    if (due(k, &k->next_xrun, k->w->xrun_every_s, t))
        restart_card(k, t);
    steer_reading(&k->steer, reading(k, t), local(k->w, t));
    bool known = pace_settled(&k->pace, &k->estimate, local(k->w, t));
    struct steer_order o = steer_next(&k->steer, known ? &k->estimate.map : NULL, k->sounding);
    if (o.play)
        note_ratio(k, &o);
    steer_wrote(&k->steer, o.play ? frame_pos_add(o.pos, o.ratio * PERIOD) : o.pos);
    k->sounding = o.play;
}

// --- a run ---

int kiosk_trace_length(double seconds)
{
    return (int)(seconds / KIOSK_GRID_S);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void note_error(struct kiosk *k, double t, double e)
{
    struct kiosk_result *r = &k->result;
    if (isnan(e))
        return;
    if (r->first_sound_s == 0) {
        r->first_sound_s = t;
        r->first_error_us = e;
    }
    if (fabs(e) > 1000)
        r->below_1ms_s = t;
    if (fabs(e) > 100)
        r->below_100us_s = t;
}

static void note_clock(struct kiosk *k, double t, int *beyond)
{
    if (!clock_valid(&k->estimate))
        return;
    mono_t now = local(k->w, t);
    double e = (double)clock_house_ns(&k->estimate.map, now) - house_s(k->w, t) * 1e9;
    *beyond += fabs(e) > clock_uncertainty_ns(&k->estimate.map, now);
    if (t > k->w->settle)
        k->result.clock_worst_us = fmax(k->result.clock_worst_us, fabs(e) / 1e3);
}

static void begin(struct kiosk *k, const struct kiosk_world *w, uint64_t seed)
{
    *k = (struct kiosk){.w = w, .random = seed * UINT64_C(7919) + 1};
    exchange_init(&k->exchange);
    clock_init(&k->estimate);
    pace_init(&k->pace);
    k->out.walk_ms = floor(20 * uniform(k)) / 2;
    k->back.walk_ms = floor(20 * uniform(k)) / 2;
    if (w->recall_sigma_ppm > 0) {
        double off = (uniform(k) - 0.5) * 2 * w->recall_sigma_ppm;
        clock_recall(&k->estimate, (w->skew_ppm + off) * 1e-6, w->recall_sigma_ppm * 1e-6);
    }
    steer_init(&k->steer, card_rate(w), PERIOD, 0);
    if (w->recall_sigma_ppm > 0) {
        double off = w->dac_ppm + w->skew_ppm + (uniform(k) - 0.5) * 2 * w->recall_sigma_ppm;
        dac_recall(&k->steer.dac, off * 1e-6, w->recall_sigma_ppm * 1e-6);
    }
    k->steer.frame = BUFFER; // filled with silence before it began to play
    k->next_wild = w->wild_every_s * uniform(k);
    k->next_stall = w->stall_every_s * uniform(k);
    k->next_xrun = 10 + w->xrun_every_s * uniform(k);
}

struct kiosk_result kiosk_run(const struct kiosk_world *w, uint64_t seed, double *trace)
{
    static struct kiosk k;
    int length = kiosk_trace_length(w->seconds), count = 0, at = 0, beyond = 0;
    double *errors = malloc((size_t)length * sizeof *errors);
    assert(errors);
    begin(&k, w, seed);
    for (double t = 0; at < length;) {
        double wake = wait_for_room(&k, t) + WAKE_S * uniform(&k);
        for (; at < length && at * KIOSK_GRID_S < wake; at++) {
            network(&k, at * KIOSK_GRID_S);
            double e = true_error_us(&k, at * KIOSK_GRID_S);
            note_error(&k, at * KIOSK_GRID_S, e);
            note_clock(&k, at * KIOSK_GRID_S, &beyond);
            if (trace)
                trace[at] = e;
            if (!isnan(e) && at * KIOSK_GRID_S > w->settle)
                errors[count++] = fabs(e);
        }
        network(&k, wake);
        play_period(&k, wake);
        t = wake;
    }
    qsort(errors, (size_t)count, sizeof *errors, by_size);
    struct kiosk_result r = k.result;
    if (count > 0) {
        r.worst_us = errors[count - 1];
        r.p99_us = errors[count * 99 / 100];
        r.median_us = errors[count / 2];
    }
    r.beyond_share = (double)beyond / length;
    r.jumps = k.steer.jumps;
    r.questions = k.questions;
    free(errors);
    return r;
}

struct kiosk_pair kiosk_worst_pair(double *const traces[], int count, double seconds, double settle)
{
    struct kiosk_pair p = {0};
    int length = kiosk_trace_length(seconds), n = 0;
    double *worst = malloc((size_t)length * sizeof *worst);
    assert(worst);
    for (int i = 0; i < length; i++) {
        double low = INFINITY, high = -INFINITY;
        for (int k = 0; k < count; k++) {
            low = fmin(low, traces[k][i]); // fmin and fmax pass over NAN
            high = fmax(high, traces[k][i]);
        }
        if (high - low > 1000)
            p.below_1ms_s = i * KIOSK_GRID_S;
        if (i * KIOSK_GRID_S > settle && high >= low)
            worst[n++] = high - low;
    }
    qsort(worst, (size_t)n, sizeof *worst, by_size);
    if (n > 0) {
        p.median_us = worst[n / 2];
        p.p99_us = worst[n * 99 / 100];
        p.worst_us = worst[n - 1];
    }
    free(worst);
    return p;
}
