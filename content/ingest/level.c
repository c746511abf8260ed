// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/level.h"

#include "common/base/check.h"
#include "content/ingest/true_peak.h"

#include <ebur128.h>
#include <math.h>
#include <stdbool.h>

// Beside what a peak was over: the next encoding is not quite the last one.
static const double PEAK_MARGIN_DB = 0.1;

struct level_meter {
    ebur128_state *state;
    struct true_peak peak;
};

struct level_meter *level_meter_new(int channels, int rate)
{
    CHECK(channels == 1 || channels == 2);
    struct level_meter *m = check_alloc(calloc(1, sizeof *m));
    m->state = check_alloc(ebur128_init((unsigned)channels, (unsigned long)rate, EBUR128_MODE_I));
    true_peak_init(&m->peak, channels);
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
    true_peak_add(&m->peak, interleaved, frames);
}

struct level level_meter_read(const struct level_meter *m)
{
    double lufs;
    CHECK(ebur128_loudness_global(m->state, &lufs) == EBUR128_SUCCESS);
    return (struct level){.lufs = lufs, .peak_dbtp = 20 * log10(true_peak_read(&m->peak))};
}

double level_gain_db(struct level l, double target_lufs)
{
    double wanted = l.lufs < LEVEL_SILENT_LUFS ? 0 : target_lufs - l.lufs;
    return fmin(wanted, LEVEL_PEAK_MAX_DBTP - LEVEL_PEAK_ROOM_DB - l.peak_dbtp);
}

double level_correction_db(struct level source, struct level made, double target_lufs)
{
    double room = LEVEL_PEAK_MAX_DBTP - made.peak_dbtp;
    if (room < 0)
        return room - PEAK_MARGIN_DB;
    bool meant = source.lufs >= LEVEL_SILENT_LUFS && isfinite(made.lufs);
    double off = target_lufs - made.lufs;
    return meant && fabs(off) > LEVEL_ERROR_LU && off <= room ? off : 0;
}

const char *level_limit(struct level source, struct level made, double target_lufs)
{
    if (source.lufs < LEVEL_SILENT_LUFS)
        return "silence";
    return isfinite(made.lufs) && fabs(made.lufs - target_lufs) <= LEVEL_ERROR_LU ? NULL : "peak";
}
