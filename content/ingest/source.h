// SPDX-License-Identifier: Apache-2.0
// An audio file as somebody uploaded it, read as float blocks of one or two channels at its own
// rate. Nothing its header says is believed: limits are checked on the header first (a cheap no)
// and again on what is really decoded.
// Thread: one owner at a time.
#ifndef CONTENT_INGEST_SOURCE_H
#define CONTENT_INGEST_SOURCE_H

#include "content/ingest/reason.h"

#include <stdint.h>

enum {
    SOURCE_BYTES_MAX = 512 * 1024 * 1024,
    SOURCE_SECONDS_MAX = 4 * 3600,
    SOURCE_CHANNELS_MAX = 8,
    SOURCE_RATE_MIN = 8000,
    SOURCE_RATE_MAX = 192000,
};
// Samples over all channels, 8 GiB as floats: a small FLAC may unfold nine thousandfold.
#define SOURCE_SAMPLES_MAX (INT64_C(1) << 31)

struct source;

struct source_info {
    const char *format; // "wav", "rf64", "w64", "aiff", "flac", "mp3", "vorbis", "opus"
    int rate;           // Hz
    int channels;       // in the file, 1..SOURCE_CHANNELS_MAX
    int out_channels;   // after downmixing, 1 or 2
    int64_t frames;     // promised by the header
    bool disagrees;     // header and file differ in length; what is there counts
};

// Reads from `fd` (a regular file, kept open, the caller's) from its beginning. NULL with a reason.
struct source *source_open(int fd, struct reason *why);
void source_close(struct source *s);
const struct source_info *source_info(const struct source *s);
// Up to `max` frames of out_channels interleaved floats. 0 at the end, -1 with a reason.
int source_read(struct source *s, float *out, int max, struct reason *why);

#endif
