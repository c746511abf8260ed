// SPDX-License-Identifier: Apache-2.0
// Reads one Ogg Opus file from any frame: 48 kHz stereo, gapless, never more of it than asked for.
// opusfile seeks to the sample and decodes Opus' 80 ms of pre-roll by itself.
// Thread: the talking thread.
#ifndef PLAYER_TRACK_DECODE_H
#define PLAYER_TRACK_DECODE_H

#include "common/base/err.h"

#include <stdint.h>

struct decoder;

// NULL when the file is not playable Ogg Opus, with the reason in *why.
struct decoder *decoder_open(const char *path, enum err *why);
void decoder_close(struct decoder *d);

// Length in frames.
int64_t decoder_frames(const struct decoder *d);

// n frames from `frame` on, interleaved. Frames before 0, after the end, or that cannot be decoded
// are 0. Reading on from where the last read ended costs no seek.
void decoder_read(struct decoder *d, int64_t frame, int n, float *stereo);

#endif
