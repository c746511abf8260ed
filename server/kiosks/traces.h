// SPDX-License-Identifier: Apache-2.0
// How each kiosk has done in the last ten minutes, for those who look at it now: a point every two
// seconds, in memory alone. Nothing of it is worth a write.
//
//   reports, about 1 Hz ──► point of this slot: what was worst in it ──► ring of 300
//
// Thread: the loop's.
#ifndef SERVER_KIOSKS_TRACES_H
#define SERVER_KIOSKS_TRACES_H

#include "common/wire/wire.h"

#include <stdbool.h>

// Two seconds: a plot as wide as a screen shows ten minutes of them.
#define TRACES_EVERY_US INT64_C(2000000)
enum { TRACES_POINTS = 300, TRACES_MAX = 256 }; // 4.8 KB a kiosk; 1.2 MB of them at most

struct trace_point {
    bool heard;       // it reported at all
    bool sounding;    // ...and played sound: then the error says something
    int32_t error_us; // the largest, positive = ahead of the house
    int32_t dac_ppb;
    int32_t buffer_ms; // the least
    int32_t xruns;     // new ones
};

struct traces;

struct traces *traces_new(void);
void traces_free(struct traces *t);
// A report of this kiosk. When all places are taken, the one longest silent makes room.
void traces_put(struct traces *t, const char *kiosk, const struct wire_report *report, house_t now);
// The points up to now, oldest first; how many. 0 for a kiosk that never reported.
int traces_get(const struct traces *t, const char *kiosk, house_t now,
               struct trace_point out[TRACES_POINTS]);

#endif
