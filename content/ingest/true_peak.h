// SPDX-License-Identifier: Apache-2.0
// True peak after ITU-R BS.1770-4, annex 2: the largest value between samples as well, found by
// interpolating at four times the rate. libebur128 does the same everywhere, which was half of the
// time of an ingest; here only where it could matter. A sample between others is at most BOUND
// times as large as the largest of those it is made of, so a stretch whose samples stay below the
// peak so far by that much is passed over. The result is the same.
// Thread: one owner at a time.
#ifndef CONTENT_INGEST_TRUE_PEAK_H
#define CONTENT_INGEST_TRUE_PEAK_H

#include <stddef.h>

enum {
    TRUE_PEAK_PHASES = 4,
    TRUE_PEAK_TAPS = 12,  // a phase, as in the recommendation
    TRUE_PEAK_STRIDE = 64 // frames that are looked at together
};

struct true_peak {
    int channels;
    float top;
    float bound;
    float filter[TRUE_PEAK_PHASES][TRUE_PEAK_TAPS];
    float window[2]
                [TRUE_PEAK_TAPS - 1 + TRUE_PEAK_STRIDE]; // by channel: the end of what was before
};

void true_peak_init(struct true_peak *p, int channels);
void true_peak_add(struct true_peak *p, const float *interleaved, size_t frames);
// Of all that was added, as a fraction of full scale.
double true_peak_read(const struct true_peak *p);

#endif
