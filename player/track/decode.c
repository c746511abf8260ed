// SPDX-License-Identifier: Apache-2.0
#include "player/track/decode.h"

#include "common/base/check.h"

#include <opusfile.h>
#include <stdbool.h>
#include <string.h>

struct decoder {
    OggOpusFile *file;
    int64_t frames;
    int64_t at; // next frame that op_read gives; -1 when unknown
};

struct decoder *decoder_open(const char *path, enum err *why)
{
    int error = 0;
    OggOpusFile *file = op_open_file(path, &error);
    if (!file) {
        *why = error == OP_EFAULT || error == OP_EREAD ? ERR_NOT_FOUND : ERR_BAD_AUDIO;
        return NULL;
    }
    int64_t frames = op_seekable(file) ? op_pcm_total(file, -1) : -1;
    if (frames <= 0) {
        op_free(file);
        *why = ERR_BAD_AUDIO;
        return NULL;
    }
    struct decoder *d = check_alloc(calloc(1, sizeof *d));
    d->file = file;
    d->frames = frames;
    *why = ERR_OK;
    return d;
}

void decoder_close(struct decoder *d)
{
    if (!d)
        return;
    op_free(d->file);
    free(d);
}

int64_t decoder_frames(const struct decoder *d)
{
    return d->frames;
}

static bool go_to(struct decoder *d, int64_t frame)
{
    if (d->at == frame)
        return true;
    d->at = op_pcm_seek(d->file, frame) == 0 ? frame : -1;
    return d->at == frame;
}

// Reads until `n` frames are there. A hole or a broken packet leaves the rest 0: the file was
// verified, so this is a track that was bad from the start, and silence is the mildest answer.
static void read_inside(struct decoder *d, int64_t frame, int n, float *stereo)
{
    if (!go_to(d, frame))
        return;
    for (int done = 0; done < n;) {
        int got = op_read_float_stereo(d->file, stereo + 2 * done, 2 * (n - done));
        if (got <= 0) {
            d->at = -1;
            return;
        }
        done += got;
        d->at += got;
    }
}

void decoder_read(struct decoder *d, int64_t frame, int n, float *stereo)
{
    memset(stereo, 0, 2 * (size_t)n * sizeof *stereo);
    int64_t from = frame > 0 ? frame : 0;
    int64_t to = frame + n < d->frames ? frame + n : d->frames;
    if (from < to)
        read_inside(d, from, (int)(to - from), stereo + 2 * (from - frame));
}
