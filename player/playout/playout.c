// SPDX-License-Identifier: Apache-2.0
#include "player/playout/playout.h"

#include "common/base/check.h"
#include "player/playout/dac.h"
#include "player/playout/resample.h"
#include "player/playout/servo.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PERIOD_MAX = 4096,
    // What one period may touch of the program: the widest ratio (44.1 kHz) and the filter.
    SPAN_MAX = PERIOD_MAX * 48 / 44 + 256,
    WRITTEN = 64, // periods remembered; more than any sink holds
};

// A period that was written: which house frames its frames carry.
struct written {
    int64_t frame; // of the sink's run
    struct frame_pos pos;
    double ratio;
};

enum motion {
    SILENT,  // nothing to play by yet: zeros
    FOLLOW,  // in step, steered
    LEAVING, // this period fades out; the next one begins elsewhere
};

struct playout {
    struct sink *sink;
    struct program *program;
    const struct clockmap *clock;
    double trim_frames;
    pthread_t thread;

    // The playing thread's own.
    struct dac dac;
    struct servo servo;
    struct resample *resample;
    int64_t frame; // the sink's frame that is written next
    enum motion motion;
    struct frame_pos pos; // house frames; meant with motion other than SILENT
    bool sounding;        // the last period held sound
    bool fade_in;         // the next period begins in the middle of something
    struct written written[WRITTEN];
    uint64_t written_count;
    float left[SPAN_MAX], right[SPAN_MAX];
    float stereo[2 * PERIOD_MAX];

    // For the talking thread.
    _Atomic bool stop, running, gone, realtime;
    _Atomic int64_t next_frame, error_ns, peak_ns, dac_ppb, buffer_us, xruns, jumps, missing;
};

// House time in frames, exact: 48 frames are 1,000,000 ns.
static struct frame_pos pos_of_house(int64_t ns)
{
    int64_t ms = ns / 1000000, rest = ns % 1000000;
    return frame_pos_add((struct frame_pos){ms * 48, 0}, (double)rest * 48 / 1e6);
}

static double us_of_frames(double frames)
{
    return frames * 1e6 / FRAME_RATE;
}

static bool read_sink(struct playout *p)
{
    int64_t frame;
    mono_t at;
    if (p->sink->ops->position(p->sink, &frame, &at))
        dac_add(&p->dac, frame, at);
    return dac_valid(&p->dac);
}

static void note_written(struct playout *p)
{
    p->written[p->written_count++ % WRITTEN] = (struct written){p->frame, p->pos, p->servo.ratio};
}

// The house position that is leaving the DAC now, against the one that should be.
static void measure(struct playout *p, const struct clock_map *map)
{
    mono_t now = mono_now();
    double leaving = dac_frame(&p->dac, now);
    for (uint64_t back = 1; back <= WRITTEN && back <= p->written_count; back++) {
        const struct written *w = &p->written[(p->written_count - back) % WRITTEN];
        if (leaving < (double)w->frame)
            continue;
        struct frame_pos heard = frame_pos_add(w->pos, (leaving - (double)w->frame) * w->ratio);
        struct frame_pos due =
            frame_pos_add(pos_of_house(clock_house_ns(map, now)), p->trim_frames);
        int64_t error = (int64_t)(us_of_frames(frame_pos_diff(heard, due)) * 1000);
        atomic_store_explicit(&p->error_ns, error, memory_order_relaxed);
        if (llabs(error) > llabs(atomic_load_explicit(&p->peak_ns, memory_order_relaxed)))
            atomic_store_explicit(&p->peak_ns, error, memory_order_relaxed);
        break;
    }
    double ahead = (double)p->frame - leaving;
    atomic_store_explicit(&p->buffer_us, (int64_t)(ahead * 1e6 / p->sink->rate),
                          memory_order_relaxed);
}

// Where the next period is to be read, and how fast.
static void steer(struct playout *p, const struct clock_map *map)
{
    mono_t leaves = dac_instant(&p->dac, p->frame);
    struct frame_pos due = frame_pos_add(pos_of_house(clock_house_ns(map, leaves)), p->trim_frames);
    // House frames per card frame: (house s / local s) * 48000 / (card frames / local s).
    double forward = (1 + map->skew) * FRAME_RATE / dac_rate(&p->dac);
    double error_us = p->motion == SILENT ? 0 : us_of_frames(frame_pos_diff(p->pos, due));
    bool unheard = !p->sounding || p->motion != FOLLOW;
    if (p->motion == FOLLOW && !unheard && fabs(error_us) > SERVO_JUMP_US) {
        p->motion = LEAVING;
        atomic_fetch_add_explicit(&p->jumps, 1, memory_order_relaxed);
    } else if (unheard) {
        // Nothing is heard, or a fade has just ended: begin exactly where we should be.
        p->fade_in = p->motion == LEAVING;
        p->pos = due;
        p->motion = FOLLOW;
        error_us = 0;
    }
    double dt = (double)p->sink->period / p->sink->rate;
    servo_step(&p->servo, error_us, forward, dt, unheard);
    // The card's rate in house seconds: 48000 / (forward * nominal).
    double ppb = (FRAME_RATE / (forward * p->sink->rate) - 1) * 1e9;
    atomic_store_explicit(&p->dac_ppb, (int64_t)ppb, memory_order_relaxed);
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

static void fill(struct playout *p)
{
    int n = p->sink->period;
    if (p->motion == SILENT) {
        memset(p->stereo, 0, 2 * (size_t)n * sizeof *p->stereo);
        p->sounding = false;
        return;
    }
    int64_t first = p->pos.whole - resample_before(p->resample);
    struct frame_pos last = frame_pos_add(p->pos, p->servo.ratio * (n - 1));
    int span = (int)(last.whole - first) + resample_after(p->resample) + 1;
    CHECK(span <= SPAN_MAX);
    struct program_reading got = program_read(p->program, first, span, p->left, p->right);
    p->pos =
        resample_read(p->resample, p->left, p->right, first, p->pos, p->servo.ratio, n, p->stereo);
    if (p->fade_in || p->motion == LEAVING)
        fade(p->stereo, n, p->fade_in);
    p->fade_in = false;
    p->sounding = got.sounding;
    atomic_fetch_add_explicit(&p->missing, got.missing, memory_order_relaxed);
    atomic_store_explicit(&p->next_frame, p->pos.whole, memory_order_relaxed);
}

static void restart(struct playout *p)
{
    dac_restart(&p->dac);
    p->frame = p->sink->period; // what was just written is the first of the new run
    p->written_count = 0;
    p->motion = SILENT;
    atomic_fetch_add_explicit(&p->xruns, 1, memory_order_relaxed);
}

static void play_period(struct playout *p)
{
    struct clock_map map;
    bool in_time = read_sink(p) && clockmap_get(p->clock, &map);
    if (in_time) {
        steer(p, &map);
        note_written(p);
        measure(p, &map);
    } else {
        p->motion = SILENT;
    }
    atomic_store_explicit(&p->running, in_time, memory_order_relaxed);
    fill(p);
    switch (p->sink->ops->write(p->sink, p->stereo, p->sink->period)) {
    case SINK_OK:
        p->frame += p->sink->period;
        break;
    case SINK_RESTARTED:
        restart(p);
        break;
    case SINK_GONE:
        atomic_store(&p->gone, true);
        break;
    }
}

static void *play(void *user)
{
    struct playout *p = user;
    // 20 of 99: above everything ordinary, below the kernel's own interrupt threads (50).
    struct sched_param param = {.sched_priority = 20};
    atomic_store(&p->realtime, pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0);
    while (!atomic_load(&p->stop) && !atomic_load(&p->gone))
        play_period(p);
    return NULL;
}

struct playout *playout_start(struct sink *sink, struct program *program,
                              const struct clockmap *clock, int64_t trim_us)
{
    CHECK(sink->period > 0 && sink->period <= PERIOD_MAX);
    struct playout *p = check_alloc(calloc(1, sizeof *p));
    mlock(p, sizeof *p);
    p->sink = sink;
    p->program = program;
    p->clock = clock;
    p->trim_frames = (double)trim_us * FRAME_RATE / 1e6;
    dac_init(&p->dac, sink->rate);
    servo_init(&p->servo);
    p->resample = resample_create(sink->rate);
    CHECK(pthread_create(&p->thread, NULL, play, p) == 0);
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
        .buffer_us = atomic_load(&p->buffer_us),
        .xruns = atomic_load(&p->xruns),
        .jumps = atomic_load(&p->jumps),
        .missing = atomic_load(&p->missing),
    };
}
