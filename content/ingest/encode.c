// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/encode.h"

#include "common/base/check.h"
#include "content/ingest/pcm.h"

#include <opus/opusenc.h>

struct encoder {
    OggOpusEnc *ope;
    encode_sink sink;
    void *user;
};

// Bits per second, VBR. Speech: nothing to hear between these and twice as much; an hour is 22 MB
// in one channel. Music: transparent to nearly everybody.
static const int bitrates[2][2] = {
    [ENCODE_SPEECH] = {48000, 80000},
    [ENCODE_MUSIC] = {96000, 160000},
};

static int on_write(void *user, const unsigned char *data, opus_int32 len)
{
    struct encoder *e = user;
    return e->sink(e->user, data, (size_t)len) ? 0 : 1;
}

static int on_close(void *user)
{
    return 0;
}

static void set(struct encoder *e, int channels, enum encode_kind kind)
{
    OggOpusEnc *o = e->ope;
    CHECK(ope_encoder_ctl(o, OPUS_SET_BITRATE(bitrates[kind][channels - 1])) == OPE_OK);
    CHECK(ope_encoder_ctl(o, OPUS_SET_VBR(1)) == OPE_OK);
    CHECK(ope_encoder_ctl(o, OPUS_SET_COMPLEXITY(10)) == OPE_OK);
    // Speech too is coded by Opus' MDCT layer alone, never by its linear predictor: a player that
    // starts in the middle is then right to -30 dB after the pre-roll (the predictor was measured
    // at -16 dB, still off after 200 ms), and no frame is shifted (the predictor: by 60 us). Its
    // gain lies below these rates.
    CHECK(ope_encoder_ctl(o, OPUS_SET_SIGNAL(OPUS_SIGNAL_MUSIC)) == OPE_OK);
    CHECK(ope_encoder_ctl(o, OPE_SET_MUXING_DELAY(PCM_RATE)) == OPE_OK);
    CHECK(ope_encoder_ctl(o, OPE_SET_COMMENT_PADDING(0)) == OPE_OK);
    // Left alone it is random, and so would be the file's name.
    CHECK(ope_encoder_ctl(o, OPE_SET_SERIALNO(1)) == OPE_OK);
}

struct encoder *encoder_new(int channels, enum encode_kind kind, encode_sink sink, void *user)
{
    CHECK(channels == 1 || channels == 2);
    struct encoder *e = check_alloc(calloc(1, sizeof *e));
    *e = (struct encoder){.sink = sink, .user = user};
    OpusEncCallbacks callbacks = {.write = on_write, .close = on_close};
    OggOpusComments *comments = check_alloc(ope_comments_create());
    int error = OPE_OK;
    e->ope = ope_encoder_create_callbacks(&callbacks, e, comments, PCM_RATE, channels, 0, &error);
    ope_comments_destroy(comments);
    CHECK(e->ope && error == OPE_OK);
    set(e, channels, kind);
    return e;
}

void encoder_free(struct encoder *e)
{
    if (!e)
        return;
    ope_encoder_destroy(e->ope);
    free(e);
}

bool encoder_write(struct encoder *e, const float *interleaved, size_t frames)
{
    return ope_encoder_write_float(e->ope, interleaved, (int)frames) == OPE_OK;
}

bool encoder_end(struct encoder *e)
{
    return ope_encoder_drain(e->ope) == OPE_OK;
}
