// SPDX-License-Identifier: Apache-2.0
// Loudness, so that every track of a house is as loud as the next (EBU R 128, ITU-R BS.1770).
// Thread: one owner at a time.
#ifndef CONTENT_INGEST_LEVEL_H
#define CONTENT_INGEST_LEVEL_H

#include <stddef.h>

// -16 LUFS: the usual for headphones and phones in noisy rooms; broadcast's -23 is too soft there.
#define LEVEL_TARGET_LUFS (-16.0)
// What may be asked for instead: softer than a whisper beside the others nobody hears, louder than
// this nearly everything runs into its peaks.
#define LEVEL_TARGET_MIN_LUFS (-40.0)
#define LEVEL_TARGET_MAX_LUFS (-8.0)
// How near is near enough.
#define LEVEL_ERROR_LU 0.2
// Room for what Opus adds to peaks, and for cheap DACs.
#define LEVEL_PEAK_MAX_DBTP (-1.0)
// What Opus mostly adds to peaks; more of it costs a second encoding.
#define LEVEL_PEAK_ROOM_DB 0.5
// Below this there is only noise, which should stay as it is.
#define LEVEL_SILENT_LUFS (-60.0)

struct level {
    double lufs;      // integrated; -INFINITY for silence and for less than 400 ms
    double peak_dbtp; // true peak; -INFINITY for silence
};

struct level_meter;

// `channels` 1 or 2, `rate` in Hz. One channel is measured as it will be heard, from both sides.
struct level_meter *level_meter_new(int channels, int rate);
void level_meter_free(struct level_meter *m);
void level_meter_add(struct level_meter *m, const float *interleaved, size_t frames);
struct level level_meter_read(const struct level_meter *m);

// The gain in dB that brings `l` to the target, or as near as its peaks allow. Pure.
double level_gain_db(struct level l, double target_lufs);

// The gain that is still missing when `made` came of it: Opus moves peaks by some tenths of a dB,
// and now and then the loudness. 0: it is right, or as near as the peaks allow.
double level_correction_db(struct level source, struct level made, double target_lufs);
// Why the target was not reached: "peak", "silence", or NULL when it was.
const char *level_limit(struct level source, struct level made, double target_lufs);

#endif
