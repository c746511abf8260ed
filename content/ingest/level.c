// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/level.h"

#include "common/base/check.h"
#include "content/ingest/pcm.h"

#include <ebur128.h>
#include <math.h>

struct level_meter {
    ebur128_state *state;
};

struct level_meter *level_meter_new(int channels)
{
    CHECK(channels == 1 || channels == 2);
    struct level_meter *m = check_alloc(calloc(1, sizeof *m));
    int mode = EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK;
    m->state = check_alloc(ebur128_init((unsigned)channels, PCM_RATE, mode));
    // Else a mono track would come out 3 dB louder than the same track in two channels.
    if (channels == 1)
        CHECK(ebur128_set_channel(m->state, 0, EBUR128_DUAL_MONO) == EBUR128_SUCCESS);
    return m;
}

void level_meter_free(struct level_meter *m)
{
    if (!m)
        return;
    ebur128_destroy(&m->state);
    free(m);
}

void level_meter_add(struct level_meter *m, const float *interleaved, size_t frames)
{
    CHECK(ebur128_add_frames_float(m->state, interleaved, frames) == EBUR128_SUCCESS);
}

struct level level_meter_read(const struct level_meter *m)
{
    double lufs, peak = 0;
    CHECK(ebur128_loudness_global(m->state, &lufs) == EBUR128_SUCCESS);
    for (unsigned c = 0; c < m->state->channels; c++) {
        double one;
        CHECK(ebur128_true_peak(m->state, c, &one) == EBUR128_SUCCESS);
        peak = fmax(peak, one);
    }
    return (struct level){.lufs = lufs, .peak_dbtp = 20 * log10(peak)};
}

double level_gain_db(struct level l)
{
    double wanted = l.lufs < LEVEL_SILENT_LUFS ? 0 : LEVEL_TARGET_LUFS - l.lufs;
    return fmin(wanted, LEVEL_PEAK_MAX_DBTP - l.peak_dbtp);
}
