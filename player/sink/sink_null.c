// SPDX-License-Identifier: Apache-2.0
// A card without a loudspeaker: it holds a buffer, plays it by a crystal of its own, blocks its
// writer as a card would and runs dry as a card would. The crystal is this machine's
// CLOCK_MONOTONIC_RAW times (1 + ppm/1e6).
#include "common/base/check.h"
#include "player/sink/sink.h"

#include <time.h>

struct sink_null {
    struct sink sink;
    double hz; // true rate
    bool running;
    mono_t start;
    int64_t written;
};

static mono_t now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec};
}

static int64_t played(const struct sink_null *s, mono_t at)
{
    return (int64_t)((double)mono_diff_ns(at, s->start) / 1e9 * s->hz);
}

static void wait_frames(const struct sink_null *s, int64_t frames)
{
    int64_t ns = (int64_t)((double)frames / s->hz * 1e9);
    struct timespec ts = {ns / 1000000000, ns % 1000000000};
    nanosleep(&ts, NULL); // an early end by a signal is seen by the caller's loop
}

static enum sink_result null_write(struct sink *sink, const float *stereo, int n)
{
    struct sink_null *s = (struct sink_null *)sink;
    if (!s->running) {
        s->written += n;
        // It begins to play when the buffer is full, as cards are told to.
        if (s->written + n > sink->buffer) {
            s->start = now();
            s->running = true;
        }
        return SINK_OK;
    }
    for (;;) {
        int64_t queued = s->written - played(s, now());
        if (queued < 0) {
            s->running = false;
            s->written = n;
            return SINK_RESTARTED;
        }
        if (queued + n <= sink->buffer)
            break;
        wait_frames(s, queued + n - sink->buffer + 1);
    }
    s->written += n;
    return SINK_OK;
}

static bool null_position(struct sink *sink, int64_t *frame, mono_t *at)
{
    struct sink_null *s = (struct sink_null *)sink;
    if (!s->running)
        return false;
    *at = now();
    *frame = played(s, *at);
    return *frame <= s->written;
}

static void null_close(struct sink *sink)
{
    free(sink);
}

struct sink *sink_null_open(double ppm, const struct sink_wish *wish)
{
    static const struct sink_ops ops = {null_write, null_position, null_close};
    struct sink_null *s = check_alloc(calloc(1, sizeof *s));
    s->sink.ops = &ops;
    s->sink.rate = wish->rate ? wish->rate : FRAME_RATE;
    s->sink.period = (int)((int64_t)s->sink.rate * wish->period_us / 1000000);
    s->sink.buffer = (int)((int64_t)s->sink.rate * wish->buffer_us / 1000000);
    s->hz = s->sink.rate * (1 + ppm * 1e-6);
    return &s->sink;
}
