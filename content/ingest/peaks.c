// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/peaks.h"

#include "common/base/check.h"

#include <math.h>

void peaks_init(struct peaks *p, int channels, int64_t frames)
{
    int64_t span = (frames + PEAKS_POINTS_MAX - 1) / PEAKS_POINTS_MAX;
    *p =
        (struct peaks){.channels = channels, .span = span < PEAKS_SPAN_MIN ? PEAKS_SPAN_MIN : span};
    bytes_init(&p->out, PEAKS_BYTES_MAX);
    const unsigned char head[PEAKS_HEAD] = {
        'R',
        'T',
        'P',
        '1',
        (unsigned char)p->span,
        (unsigned char)(p->span >> 8),
        (unsigned char)(p->span >> 16),
        (unsigned char)(p->span >> 24),
    };
    CHECK(bytes_append(&p->out, head, sizeof head));
}

static unsigned char byte_of(double fraction)
{
    return (unsigned char)lround(255 * fmin(fraction, 1));
}

static void end_point(struct peaks *p)
{
    double mean = sqrt(p->power / (double)(p->have * p->channels));
    const unsigned char point[2] = {byte_of((double)p->top), byte_of(mean)};
    CHECK(bytes_append(&p->out, point, sizeof point));
    p->have = 0;
    p->top = 0;
    p->power = 0;
}

static void add(struct peaks *p, const float *x, int n)
{
    float top = p->top;
    double power = 0;
    for (int i = 0; i < n; i++) {
        top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
        power += (double)(x[i] * x[i]);
    }
    p->top = top;
    p->power += power;
}

void peaks_add(struct peaks *p, const float *interleaved, int frames)
{
    while (frames > 0) {
        int64_t left = p->span - p->have;
        int n = frames < left ? frames : (int)left;
        add(p, interleaved, n * p->channels);
        interleaved += n * p->channels;
        frames -= n;
        p->have += n;
        if (p->have == p->span)
            end_point(p);
    }
}

void peaks_end(struct peaks *p)
{
    if (p->have > 0)
        end_point(p);
}

void peaks_free(struct peaks *p)
{
    bytes_free(&p->out);
}
