// SPDX-License-Identifier: Apache-2.0
#include "player/track/decode.h"

#include "common/base/check.h"
#include "common/time/instant.h"

#include <opus/opus.h>
#include <opusfile.h>
#include <stdbool.h>
#include <string.h>

struct decoder {
    OggOpusFile *file;
    OpusDecoder *opus; // NULL: the file's own is used
    int64_t frames;
    int64_t at; // next frame that op_read gives; -1 when unknown
};

// Decodes one packet in the place of the multistream decoder that opusfile has: that one asks the
// processor for its kind at every packet (libopus 1.3), which on a virtual machine is a trap and
// two thirds of all decoding.
static int decode_packet(void *ctx, OpusMSDecoder *theirs, void *pcm, const ogg_packet *packet,
                         int frames, int channels, int format, int link)
{
    struct decoder *d = ctx;
    if (format != OP_DEC_FORMAT_FLOAT)
        return OP_DEC_USE_DEFAULT;
    opus_int32 gain;
    if (opus_multistream_decoder_ctl(theirs, OPUS_GET_GAIN(&gain)) == OPUS_OK)
        opus_decoder_ctl(d->opus, OPUS_SET_GAIN(gain));
    int got = opus_decode_float(d->opus, packet->packet, (opus_int32)packet->bytes, pcm, frames, 0);
    return got == frames ? 0 : OPUS_INVALID_PACKET;
}

// Of one stream, mono or stereo (mapping family 0, RFC 7845), as all that we ingest.
static void use_own_opus(struct decoder *d)
{
    const OpusHead *head = op_head(d->file, -1);
    int error = OPUS_OK;
    if (head && head->mapping_family == 0 && op_link_count(d->file) == 1)
        d->opus = opus_decoder_create(FRAME_RATE, head->channel_count, &error);
    if (d->opus)
        op_set_decode_callback(d->file, decode_packet, d);
}

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
    use_own_opus(d);
    *why = ERR_OK;
    return d;
}

void decoder_close(struct decoder *d)
{
    if (!d)
        return;
    op_free(d->file);
    if (d->opus)
        opus_decoder_destroy(d->opus);
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
    if (d->opus)
        opus_decoder_ctl(d->opus, OPUS_RESET_STATE);
    d->at = op_pcm_seek(d->file, frame) == 0 ? frame : -1;
    return d->at == frame;
}

// Reads until `n` frames are there. A hole or a broken packet leaves the rest 0: a track that was
// bad from the start, or that rots on this disk; silence is the mildest answer. One that rotted so
// far that it cannot be opened is fetched anew (library.c).
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
