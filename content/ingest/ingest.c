// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/ingest.h"

#include "common/base/check.h"
#include "content/ingest/pcm.h"
#include "content/ingest/peaks.h"
#include "content/track/seek.h"

#include <math.h>
#include <string.h>

enum { ROUNDS_MAX = 4, FILES = 3, ROUNDING_MAX = 2 };

// ---- passes

// How far all of it is: a pass moves from one percent to another.
struct progress {
    const struct ingest_wish *wish;
    int from, to, said;
    int64_t frames; // that the pass will have, more or less
};

static void say(struct progress *p, int64_t done)
{
    if (!p->wish->progress)
        return;
    double part = p->frames > 0 ? fmin((double)done / (double)p->frames, 1) : 0;
    int percent = p->from + (int)(part * (p->to - p->from));
    if (percent <= p->said)
        return;
    p->said = percent;
    p->wish->progress(p->wish->user, percent);
}

// What a file holds and how loud that is, at its own rate; the number of its frames, or -1.
static int64_t measure(int fd, struct source_info *info, struct level *level,
                       struct progress *progress, struct reason *why)
{
    struct source *source = source_open(fd, why);
    if (!source)
        return -1;
    *info = *source_info(source);
    progress->frames = info->frames;
    struct level_meter *meter = level_meter_new(info->out_channels, info->rate);
    float block[2 * PCM_BLOCK];
    int64_t frames = 0;
    int n;
    while ((n = source_read(source, block, PCM_BLOCK, why)) > 0) {
        level_meter_add(meter, block, (size_t)n);
        frames += n;
        say(progress, frames);
    }
    if (frames > 0)
        *level = level_meter_read(meter);
    level_meter_free(meter);
    source_close(source);
    return n < 0 ? -1 : frames;
}

// ---- pass 2

struct make {
    struct encoder *encoder;
    struct seek_build *build;
    struct peaks peaks;
    struct publish_file *files; // .opus, .seek, .peaks
    struct reason *why;
    int channels;
    float gain;
};

static bool opus_bytes(void *user, const void *data, size_t len)
{
    struct make *m = user;
    const char *wrong = NULL;
    CHECK(seek_build_push(m->build, data, len, &wrong)); // libopusenc's own pages
    return publish_write(&m->files[0], data, len, m->why);
}

static bool encode_block(struct make *m, float *block, int frames)
{
    for (int i = 0; i < frames * m->channels; i++)
        block[i] *= m->gain;
    peaks_add(&m->peaks, block, frames);
    return encoder_write(m->encoder, block, (size_t)frames) ||
           reason_set(m->why, "cannot be encoded");
}

// Runs the source to its end; the number of frames, or -1 with a reason.
static int64_t encode_all(struct pcm *p, struct make *m, struct progress *progress)
{
    float block[2 * PCM_BLOCK];
    int64_t frames = 0;
    int n;
    while ((n = pcm_read(p, block, m->why)) > 0) {
        if (!encode_block(m, block, n))
            return -1;
        frames += n;
        say(progress, frames);
    }
    return n < 0 ? -1 : frames;
}

static bool write_tables(struct make *m, int64_t frames)
{
    struct bytes table;
    struct seek_summary summary;
    bytes_init(&table, SEEK_TABLE_MAX);
    CHECK(seek_build_end(m->build, &table, &summary, NULL));
    CHECK(summary.frames == frames && seek_valid(table.data, table.len));
    peaks_end(&m->peaks);
    bool ok = publish_write(&m->files[1], table.data, table.len, m->why) &&
              publish_write(&m->files[2], m->peaks.out.data, m->peaks.out.len, m->why);
    bytes_free(&table);
    return ok;
}

// The number of frames at 48 kHz, or -1 with a reason. The resampler rounds: one more or less.
static int64_t encode(int fd, struct make *m, int64_t expected, struct progress *progress)
{
    struct pcm *p = pcm_open(fd, m->why);
    if (!p)
        return -1;
    progress->frames = expected;
    bool same = pcm_info(p)->out_channels == m->channels;
    int64_t frames = same ? encode_all(p, m, progress) : 0;
    pcm_close(p);
    if (frames < 0)
        return -1;
    if (llabs(frames - expected) > ROUNDING_MAX) {
        reason_set(m->why, "changed while it was read");
        return -1;
    }
    bool ok = (encoder_end(m->encoder) || reason_set(m->why, "cannot be encoded")) &&
              write_tables(m, frames);
    return ok ? frames : -1;
}

static bool make_once(int fd, struct publish_file files[FILES], const struct ingest_wish *wish,
                      struct ingest_result *r, struct progress *progress, struct reason *why)
{
    int64_t expected = (r->source_frames * PCM_RATE + r->source.rate / 2) / r->source.rate;
    struct make m = {
        .files = files,
        .why = why,
        .channels = r->source.out_channels,
        .gain = (float)pow(10, r->gain_db / 20),
        .build = seek_build_new(),
    };
    bool ok = true;
    for (int i = 0; i < FILES; i++)
        ok = ok && publish_again(&files[i], why);
    peaks_init(&m.peaks, m.channels, expected + ROUNDING_MAX);
    m.encoder = encoder_new(m.channels, wish->kind, opus_bytes, &m);
    r->frames = ok ? encode(fd, &m, expected, progress) : -1;
    encoder_free(m.encoder);
    seek_build_free(m.build);
    peaks_free(&m.peaks);
    return r->frames > 0;
}

// Until what was made is as it should be: mostly at once.
static bool make_right(int fd, struct publish_file files[FILES], const struct ingest_wish *wish,
                       struct ingest_result *r, struct progress *progress, struct reason *why)
{
    for (int round = 1;; round++) {
        struct source_info info;
        progress->from = progress->said;
        progress->to = round == 1 ? 70 : 98;
        if (!make_once(fd, files, wish, r, progress, why))
            return false;
        progress->from = progress->said;
        progress->to = round == 1 ? 85 : 99;
        if (measure(files[0].fd, &info, &r->made, progress, why) != r->frames)
            return reason_set(why, "did not come back from its encoding");
        double more = level_correction_db(r->level, r->made, wish->target_lufs);
        if (more == 0 || round == ROUNDS_MAX)
            return true;
        r->gain_db += more;
    }
}

static bool make_and_publish(int fd, int dir, const struct ingest_wish *wish,
                             struct ingest_result *out, struct progress *progress,
                             struct reason *why)
{
    static const char *const extensions[FILES] = {"opus", "seek", "peaks"};
    struct publish_file files[FILES] = {{.fd = -1}, {.fd = -1}, {.fd = -1}};
    bool ok = true;
    for (int i = 0; i < FILES; i++)
        ok = ok && publish_begin(&files[i], dir, extensions[i], why);
    ok = ok && make_right(fd, files, wish, out, progress, why);
    out->bytes = files[0].bytes;
    ok = ok && publish_all(files, FILES, why);
    memcpy(out->opus, files[0].hash, sizeof out->opus);
    memcpy(out->seek, files[1].hash, sizeof out->seek);
    memcpy(out->peaks, files[2].hash, sizeof out->peaks);
    for (int i = 0; i < FILES; i++)
        publish_drop(&files[i]);
    return ok;
}

bool ingest_run(int fd, int dir, const struct ingest_wish *wish, struct ingest_result *out,
                struct reason *why)
{
    struct progress progress = {.wish = wish, .to = 30};
    *out = (struct ingest_result){0};
    out->source_frames = measure(fd, &out->source, &out->level, &progress, why);
    if (out->source_frames <= 0)
        return reason_set(why, "holds no sound");
    out->gain_db = level_gain_db(out->level, wish->target_lufs);
    if (!make_and_publish(fd, dir, wish, out, &progress, why))
        return false;
    out->dur_us = (out->frames * 1000000 + PCM_RATE / 2) / PCM_RATE;
    return true;
}
