// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/ingest.h"

#include "common/base/check.h"
#include "content/ingest/pcm.h"
#include "content/track/seek.h"

#include <math.h>
#include <string.h>

// What one pass hands on: a block of frames. False stops the pass.
typedef bool (*block_fn)(void *user, float *block, int frames);

// Runs the source to its end; the number of frames, or -1 with a reason.
static int64_t run(struct pcm *p, block_fn each, void *user, struct reason *why)
{
    float block[2 * PCM_BLOCK];
    int64_t frames = 0;
    int n;
    while ((n = pcm_read(p, block, why)) > 0) {
        if (!each(user, block, n))
            return -1;
        frames += n;
    }
    return n < 0 ? -1 : frames;
}

// ---- pass 1

static bool measure_block(void *user, float *block, int frames)
{
    level_meter_add(user, block, (size_t)frames);
    return true;
}

static bool measure(int fd, struct ingest_result *out, struct reason *why)
{
    struct pcm *p = pcm_open(fd, why);
    if (!p)
        return false;
    out->source = *pcm_info(p);
    struct level_meter *meter = level_meter_new(out->source.out_channels);
    out->frames = run(p, measure_block, meter, why);
    if (out->frames > 0) {
        out->level = level_meter_read(meter);
        out->gain_db = level_gain_db(out->level);
    }
    level_meter_free(meter);
    pcm_close(p);
    return out->frames > 0 || reason_set(why, "holds no sound");
}

// ---- pass 2

struct make {
    struct encoder *encoder;
    struct seek_build *build;
    struct publish_file *files; // .opus, .seek
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

static bool encode_block(void *user, float *block, int frames)
{
    struct make *m = user;
    for (int i = 0; i < frames * m->channels; i++)
        block[i] *= m->gain;
    return encoder_write(m->encoder, block, (size_t)frames) ||
           reason_set(m->why, "cannot be encoded");
}

static bool write_table(struct make *m, int64_t frames)
{
    struct bytes table;
    struct seek_summary summary;
    bytes_init(&table, SEEK_TABLE_MAX);
    CHECK(seek_build_end(m->build, &table, &summary, NULL));
    CHECK(summary.frames == frames && seek_valid(table.data, table.len));
    bool ok = publish_write(&m->files[1], table.data, table.len, m->why);
    bytes_free(&table);
    return ok;
}

static bool make_files(int fd, struct make *m, int64_t expected)
{
    struct pcm *p = pcm_open(fd, m->why);
    if (!p)
        return false;
    bool ok = pcm_info(p)->out_channels == m->channels;
    ok = ok && run(p, encode_block, m, m->why) == expected;
    pcm_close(p);
    if (!ok)
        return reason_set(m->why, "changed while it was read");
    return (encoder_end(m->encoder) || reason_set(m->why, "cannot be encoded")) &&
           write_table(m, expected);
}

static bool make_and_publish(int fd, int dir, enum encode_kind kind, struct ingest_result *out,
                             struct reason *why)
{
    struct publish_file files[2] = {{.fd = -1}, {.fd = -1}};
    struct make m = {
        .files = files,
        .why = why,
        .channels = out->source.out_channels,
        .gain = (float)pow(10, out->gain_db / 20),
        .build = seek_build_new(),
    };
    m.encoder = encoder_new(m.channels, kind, opus_bytes, &m);
    bool ok = publish_begin(&files[0], dir, "opus", why) &&
              publish_begin(&files[1], dir, "seek", why) && make_files(fd, &m, out->frames) &&
              publish_all(files, 2, why);
    encoder_free(m.encoder);
    seek_build_free(m.build);
    memcpy(out->opus, files[0].hash, sizeof out->opus);
    memcpy(out->seek, files[1].hash, sizeof out->seek);
    out->bytes = files[0].bytes;
    publish_drop(&files[0]);
    publish_drop(&files[1]);
    return ok;
}

bool ingest_run(int fd, int dir, enum encode_kind kind, struct ingest_result *out,
                struct reason *why)
{
    *out = (struct ingest_result){0};
    if (!measure(fd, out, why) || !make_and_publish(fd, dir, kind, out, why))
        return false;
    out->dur_us = (out->frames * 1000000 + PCM_RATE / 2) / PCM_RATE;
    return true;
}
