// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/pcm.h"

#include "common/base/check.h"

#include <soxr.h>

struct pcm {
    struct source *source;
    soxr_t soxr;    // NULL when the source is at 48 kHz already
    bool drained;   // the source has nothing more
    int have, used; // frames in `in`
    float in[2 * PCM_BLOCK];
};

struct pcm *pcm_open(int fd, struct reason *why)
{
    struct source *source = source_open(fd, why);
    if (!source)
        return NULL;
    struct pcm *p = check_alloc(calloc(1, sizeof *p));
    p->source = source;
    const struct source_info *info = source_info(source);
    if (info->rate == PCM_RATE)
        return p;
    // 20-bit quality: its pass band ends at 20 kHz for 44.1 kHz, its noise far below Opus' own.
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_error_t error = NULL;
    p->soxr = soxr_create(info->rate, PCM_RATE, (unsigned)info->out_channels, &error, &io, &quality,
                          NULL);
    CHECK(p->soxr && !error);
    return p;
}

void pcm_close(struct pcm *p)
{
    if (!p)
        return;
    soxr_delete(p->soxr);
    source_close(p->source);
    free(p);
}

const struct source_info *pcm_info(const struct pcm *p)
{
    return source_info(p->source);
}

static bool refill(struct pcm *p, struct reason *why)
{
    p->used = 0;
    p->have = source_read(p->source, p->in, PCM_BLOCK, why);
    p->drained = p->have == 0;
    return p->have >= 0;
}

int pcm_read(struct pcm *p, float out[2 * PCM_BLOCK], struct reason *why)
{
    if (!p->soxr)
        return source_read(p->source, out, PCM_BLOCK, why);
    int channels = source_info(p->source)->out_channels;
    for (;;) {
        if (p->used == p->have && !p->drained && !refill(p, why))
            return -1;
        const float *in = p->drained ? NULL : p->in + p->used * channels; // NULL: the end
        size_t taken = 0, made = 0;
        soxr_error_t error =
            soxr_process(p->soxr, in, (size_t)(p->have - p->used), &taken, out, PCM_BLOCK, &made);
        CHECK(!error);
        p->used += (int)taken;
        if (made > 0 || p->drained)
            return (int)made;
    }
}
