// SPDX-License-Identifier: Apache-2.0
// The picture of a sound: what a page draws as its waveform. A small file beside the audio:
//
//   bytes 0-3   "RTP1"
//   bytes 4-7   u32, little-endian: frames (48 kHz) that a point stands for
//   then        two bytes a point: the largest sample and the mean (RMS) of its frames, both as
//               255 times the fraction of full scale
//
// At most PEAKS_POINTS_MAX points, 8 KB, however long the sound is. Thread: one owner at a time.
#ifndef CONTENT_INGEST_PEAKS_H
#define CONTENT_INGEST_PEAKS_H

#include "common/base/bytes.h"

#include <stdint.h>

enum {
    PEAKS_POINTS_MAX = 4000, // twice what the widest screen shows
    PEAKS_SPAN_MIN = 480,    // 10 ms: a shorter one shows single waves
    PEAKS_HEAD = 8,
    PEAKS_BYTES_MAX = PEAKS_HEAD + 2 * PEAKS_POINTS_MAX,
};

struct peaks {
    int channels;
    int64_t span; // frames a point
    int64_t have; // frames in the point that is being made
    float top;
    double power;
    struct bytes out;
};

// For `frames` in all.
void peaks_init(struct peaks *p, int channels, int64_t frames);
void peaks_add(struct peaks *p, const float *interleaved, int frames);
// The file is in `out` then.
void peaks_end(struct peaks *p);
void peaks_free(struct peaks *p);

#endif
