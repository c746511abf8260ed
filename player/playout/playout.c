// SPDX-License-Identifier: Apache-2.0
#include "player/playout/playout.h"

#include "common/base/check.h"
#include "common/base/thread.h"
#include "player/playout/chirp.h"
#include "player/playout/gain.h"
#include "player/playout/steer.h"
#include "player/playout/tone.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    PERIOD_MAX = 4096,
    // What one period may touch of the program: the widest ratio (44.1 kHz) and the filter.
    SPAN_MAX = PERIOD_MAX * 48 / 44 + 256,
    // Readings stray by up to so much (a step of USB's pointers); not with periods so short (Hz)
    // that the card could run dry of it.
    STRAY_NS = 1000000,
    STRAY_PERIODS_MAX = 200,
};

struct playout {
    struct sink *sink;
    struct program *program;
    const struct clockmap *clock;
    pthread_t thread;

    // The playing thread's own.
    struct steer steer;
    struct resample *resample;
    struct gain gain;
    struct chirp chirp;
    struct tone tone;
    int chirped, toned; // orders that were followed
    bool sounding;      // the last period held sound
    uint32_t stray;     // a multiplicative walk through 1..2^31-2
    float left[SPAN_MAX], right[SPAN_MAX];
    float stereo[2 * PERIOD_MAX];

    // From the talking thread.
    _Atomic int64_t early_us;
    _Atomic float linear, chirp_linear;
    _Atomic int chirps, tones; // orders so far

    // For the talking thread.
    _Atomic bool stop, running, gone, realtime;
    _Atomic int64_t next_frame, error_ns, peak_ns, buffer_us, xruns, jumps, missing, periods;
    _Atomic int64_t dac_ppb, card_ppb, corr_ppb;
    _Atomic bool card_known;
    _Atomic int state;
};

static void tell(_Atomic int64_t *figure, double value)
{
    atomic_store_explicit(figure, (int64_t)value, memory_order_relaxed);
}

static void measure(struct playout *p, const struct clock_map *map)
{
    mono_t now = mono_now();
    double error_us;
    if (steer_error(&p->steer, map, now, &error_us)) {
        double peak = (double)atomic_load_explicit(&p->peak_ns, memory_order_relaxed);
        tell(&p->error_ns, error_us * 1000);
        if (fabs(error_us * 1000) > fabs(peak))
            tell(&p->peak_ns, error_us * 1000);
    }
    tell(&p->buffer_us, steer_ahead_us(&p->steer, now));
    tell(&p->dac_ppb, steer_dac_ppb(&p->steer, map));
    tell(&p->corr_ppb, steer_correction_ppb(&p->steer, map));
    tell(&p->jumps, (double)p->steer.jumps);
}

static void fade(float *stereo, int n, bool in)
{
    for (int i = 0; i < n; i++) {
        float t = ((float)i + 0.5f) / (float)n;
        float gain = t * t * (3 - 2 * t);
        if (!in)
            gain = 1 - gain;
        stereo[2 * i] *= gain;
        stereo[2 * i + 1] *= gain;
    }
}

// Fills the period; returns where the program was read up to.
static struct frame_pos fill(struct playout *p, const struct steer_order *o)
{
    int n = p->sink->period;
    if (!o->play) {
        memset(p->stereo, 0, 2 * (size_t)n * sizeof *p->stereo);
        p->sounding = false;
        return o->pos;
    }
    int64_t first = o->pos.whole - resample_before(p->resample);
    struct frame_pos last = frame_pos_add(o->pos, o->ratio * (n - 1));
    int span = (int)(last.whole - first) + resample_after(p->resample) + 1;
    CHECK(span <= SPAN_MAX);
    struct program_reading got = program_read(p->program, first, span, p->left, p->right);
    struct frame_pos end =
        resample_read(p->resample, p->left, p->right, first, o->pos, o->ratio, n, p->stereo);
    if (o->fade_in || o->fade_out)
        fade(p->stereo, n, o->fade_in);
    p->sounding = got.sounding;
    atomic_fetch_add_explicit(&p->missing, got.missing, memory_order_relaxed);
    atomic_store_explicit(&p->next_frame, end.whole, memory_order_relaxed);
    return end;
}

// A pointer that moves in steps makes room for us when it steps: read at once it always lags by how
// long waking up takes, and nobody sees the step itself. So we look some time later, each time
// another.
static void stray(struct playout *p)
{
    if (p->sink->rate / p->sink->period > STRAY_PERIODS_MAX)
        return;
    p->stray = (uint32_t)((uint64_t)p->stray * 48271 % 2147483647); // Park, Miller, Stockmeyer 1993
    struct timespec span = {0, p->stray % STRAY_NS};
    nanosleep(&span, NULL);
}

static void chirp(struct playout *p)
{
    int orders = atomic_load_explicit(&p->chirps, memory_order_acquire);
    if (orders != p->chirped)
        chirp_begin(&p->chirp, atomic_load_explicit(&p->chirp_linear, memory_order_relaxed));
    p->chirped = orders;
    chirp_add(&p->chirp, p->stereo, p->sink->period);
}

static void tone(struct playout *p)
{
    int orders = atomic_load_explicit(&p->tones, memory_order_acquire);
    if (orders != p->toned)
        tone_begin(&p->tone);
    p->toned = orders;
    tone_fill(&p->tone, p->stereo, p->sink->period);
}

static void play_period(struct playout *p)
{
    stray(p);
    int64_t frame;
    mono_t at;
    struct clock_map map;
    if (p->sink->ops->position(p->sink, &frame, &at))
        steer_reading(&p->steer, frame, at);
    tell(&p->card_ppb, dac_off(&p->steer.dac) * 1e9);
    atomic_store_explicit(&p->card_known, dac_known(&p->steer.dac), memory_order_relaxed);
    bool known = clockmap_get(p->clock, &map);
    steer_trim(&p->steer, atomic_load_explicit(&p->early_us, memory_order_relaxed));
    gain_aim(&p->gain, atomic_load_explicit(&p->linear, memory_order_relaxed));
    struct steer_order order = steer_next(&p->steer, known ? &map : NULL, p->sounding);
    if (order.play)
        measure(p, &map);
    atomic_store_explicit(&p->running, order.play, memory_order_relaxed);
    atomic_store_explicit(&p->state, (int)steer_state(&p->steer), memory_order_relaxed);
    struct frame_pos end = fill(p, &order);
    tone(p);
    gain_apply(&p->gain, p->stereo, p->sink->period);
    chirp(p);
    switch (p->sink->ops->write(p->sink, p->stereo, p->sink->period)) {
    case SINK_OK:
        steer_wrote(&p->steer, end);
        break;
    case SINK_RESTARTED:
        steer_restart(&p->steer);
        atomic_fetch_add_explicit(&p->xruns, 1, memory_order_relaxed);
        break;
    case SINK_GONE:
        atomic_store(&p->gone, true);
        break;
    }
    atomic_fetch_add_explicit(&p->periods, 1, memory_order_relaxed);
}

static void *play(void *user)
{
    struct playout *p = user;
    pthread_setname_np(pthread_self(), "playing");
    // 20 of 99: above everything ordinary, below the kernel's own interrupt threads (50).
    struct sched_param param = {.sched_priority = 20};
    atomic_store(&p->realtime, pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0);
    while (!atomic_load(&p->stop) && !atomic_load(&p->gone))
        play_period(p);
    return NULL;
}

struct playout *playout_start(struct sink *sink, struct program *program,
                              const struct clockmap *clock, const struct playout_card *card)
{
    CHECK(sink->period > 0 && sink->period <= PERIOD_MAX);
    struct playout *p = check_alloc(calloc(1, sizeof *p));
    mlock(p, sizeof *p);
    p->sink = sink;
    p->program = program;
    p->clock = clock;
    steer_init(&p->steer, sink->rate, sink->period, 0);
    if (card)
        dac_recall(&p->steer.dac, card->off, card->sigma);
    gain_init(&p->gain, sink->rate);
    chirp_init(&p->chirp, sink->rate);
    tone_init(&p->tone, sink->rate);
    p->resample = resample_create(sink->rate);
    p->stray = 1;
    CHECK(thread_start(&p->thread, play, p) == 0);
    return p;
}

void playout_stop(struct playout *p)
{
    if (!p)
        return;
    atomic_store(&p->stop, true);
    pthread_join(p->thread, NULL);
    p->sink->ops->close(p->sink);
    resample_destroy(p->resample);
    munlock(p, sizeof *p);
    free(p);
}

void playout_set_early(struct playout *p, int64_t early_us)
{
    atomic_store(&p->early_us, early_us);
}

void playout_set_gain(struct playout *p, float linear)
{
    atomic_store(&p->linear, linear);
}

void playout_chirp(struct playout *p, float linear)
{
    atomic_store_explicit(&p->chirp_linear, linear, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->chirps, 1, memory_order_release);
}

void playout_tone(struct playout *p)
{
    atomic_fetch_add_explicit(&p->tones, 1, memory_order_release);
}

struct playout_stats playout_stats(struct playout *p)
{
    return (struct playout_stats){
        .running = atomic_load(&p->running),
        .gone = atomic_load(&p->gone),
        .realtime = atomic_load(&p->realtime),
        .next_frame = atomic_load(&p->next_frame),
        .error_ns = atomic_load(&p->error_ns),
        .error_peak_ns = atomic_exchange(&p->peak_ns, 0),
        .dac_ppb = atomic_load(&p->dac_ppb),
        .card_ppb = atomic_load(&p->card_ppb),
        .card_known = atomic_load(&p->card_known),
        .state = (enum steer_state)atomic_load(&p->state),
        .corr_ppb = atomic_load(&p->corr_ppb),
        .buffer_us = atomic_load(&p->buffer_us),
        .xruns = atomic_load(&p->xruns),
        .jumps = atomic_load(&p->jumps),
        .missing = atomic_load(&p->missing),
        .periods = atomic_load(&p->periods),
    };
}
