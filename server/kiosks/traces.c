// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/traces.h"

#include "common/base/check.h"

#include <string.h>

struct trace {
    char kiosk[WIRE_KIOSK_LEN + 1];
    int64_t first, newest;                    // slots: house time in TRACES_EVERY_US
    int64_t xruns;                            // as the last report counted
    struct trace_point points[TRACES_POINTS]; // slot n is at n % TRACES_POINTS
};

struct traces {
    int count;
    struct trace *list[TRACES_MAX];
};

struct traces *traces_new(void)
{
    return check_alloc(calloc(1, sizeof(struct traces)));
}

void traces_free(struct traces *t)
{
    for (int i = 0; i < t->count; i++)
        free(t->list[i]);
    free(t);
}

static int64_t slot_of(house_t now)
{
    return now.us / TRACES_EVERY_US;
}

static struct trace *find(const struct traces *t, const char *kiosk)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->list[i]->kiosk, kiosk) == 0)
            return t->list[i];
    return NULL;
}

static struct trace *place(struct traces *t)
{
    if (t->count < TRACES_MAX)
        return t->list[t->count++] = check_alloc(calloc(1, sizeof(struct trace)));
    struct trace *oldest = t->list[0];
    for (int i = 1; i < t->count; i++)
        if (t->list[i]->newest < oldest->newest)
            oldest = t->list[i];
    return oldest;
}

static struct trace *begin(struct traces *t, const char *kiosk, int64_t slot,
                           const struct wire_report *report)
{
    struct trace *one = place(t);
    memset(one, 0, sizeof *one);
    snprintf(one->kiosk, sizeof one->kiosk, "%s", kiosk);
    one->first = slot;
    one->newest = slot - 1;
    one->xruns = report->xruns;
    return one;
}

// Slots that nobody filled are empty. House time that was set anew begins a new trace.
static struct trace_point *point(struct trace *t, int64_t slot)
{
    if (slot < t->newest || slot - t->newest > TRACES_POINTS) {
        t->first = slot;
        t->newest = slot - 1;
    }
    while (t->newest < slot)
        t->points[++t->newest % TRACES_POINTS] = (struct trace_point){0};
    return &t->points[slot % TRACES_POINTS];
}

static int32_t clamp(int64_t v)
{
    return v > INT32_MAX ? INT32_MAX : v < -INT32_MAX ? -INT32_MAX : (int32_t)v;
}

static int32_t size_of(int32_t v)
{
    return v < 0 ? -v : v;
}

void traces_put(struct traces *t, const char *kiosk, const struct wire_report *report, house_t now)
{
    int64_t slot = slot_of(now);
    struct trace *one = find(t, kiosk);
    if (!one)
        one = begin(t, kiosk, slot, report);
    struct trace_point *p = point(one, slot);
    int32_t buffer = clamp(report->buffer_ms), error = clamp(report->error_us);
    if (!p->heard || buffer < p->buffer_ms)
        p->buffer_ms = buffer;
    p->heard = true;
    if (report->playing == PLAYING_SOUND) {
        if (size_of(clamp(report->peak_us)) > size_of(error))
            error = clamp(report->peak_us);
        if (!p->sounding || size_of(error) > size_of(p->error_us))
            p->error_us = error;
        p->sounding = true;
    }
    p->dac_ppb = clamp(report->dac_ppb);
    // A player that was started anew counts from nothing.
    int64_t more = report->xruns - one->xruns;
    p->xruns = clamp(p->xruns + (more > 0 ? more : more < 0 ? report->xruns : 0));
    one->xruns = report->xruns;
}

int traces_get(const struct traces *t, const char *kiosk, house_t now,
               struct trace_point out[TRACES_POINTS])
{
    const struct trace *one = find(t, kiosk);
    int64_t slot = slot_of(now);
    if (!one || slot < one->newest)
        return 0;
    int64_t from = slot - TRACES_POINTS + 1 > one->first ? slot - TRACES_POINTS + 1 : one->first;
    int n = 0;
    for (int64_t s = from; s <= slot; s++)
        out[n++] = s <= one->newest ? one->points[s % TRACES_POINTS] : (struct trace_point){0};
    return n;
}
