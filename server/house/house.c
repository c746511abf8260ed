// SPDX-License-Identifier: Apache-2.0
#include "server/house/house.h"

#include "common/base/check.h"

#include <string.h>
#include <time.h>

#define NEW_BOX_US (INT64_C(3600) * 1000000)

int64_t house_ns_at(const struct house_anchor *a, mono_t raw)
{
    return raw.ns + a->base_ns;
}

house_t house_at(const struct house_anchor *a, mono_t raw)
{
    return (house_t){house_ns_at(a, raw) / 1000};
}

// The outage a reboot may have taken: by the wall clock when both readings can be trusted and it
// did not run backwards; else at least the time since this boot.
static int64_t outage_us(const struct house_anchor *last, const struct house_reading *now)
{
    int64_t wall = now->realtime_us - last->realtime_us;
    if (last->realtime_trusted && now->realtime_trusted && wall >= 0)
        return wall;
    return now->raw.ns / 1000;
}

struct house_anchor house_renew(const struct house_anchor *a, const struct house_reading *now)
{
    struct house_anchor next = *a;
    next.present = true;
    memcpy(next.boot_id, now->boot_id, sizeof next.boot_id);
    next.house = house_at(a, now->raw);
    next.realtime_us = now->realtime_us;
    next.realtime_trusted = now->realtime_trusted;
    next.reserved = house_max(a->reserved, house_add_us(next.house, HOUSE_RESERVE_US));
    return next;
}

struct house_anchor house_resume(const struct house_anchor *last, const struct house_reading *now)
{
    struct house_anchor a = *last;
    if (!last->present) {
        a = (struct house_anchor){.clock_epoch = 1};
        a.base_ns = NEW_BOX_US * 1000 - now->raw.ns;
    } else if (strcmp(last->boot_id, now->boot_id) != 0) {
        house_t h = house_add_us(last->house, outage_us(last, now));
        h = house_max(h, house_add_us(last->reserved, 1));
        a.base_ns = h.us * 1000 - now->raw.ns;
        a.clock_epoch = last->clock_epoch + 1;
    }
    return house_renew(&a, now);
}

mono_t house_raw_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

bool house_read(struct house_reading *out)
{
    memset(out, 0, sizeof *out);
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool known = f && fread(out->boot_id, 1, BOOT_ID_LEN, f) == BOOT_ID_LEN;
    if (f)
        fclose(f);
    struct timespec rt;
    clock_gettime(CLOCK_REALTIME, &rt);
    out->realtime_us = (int64_t)rt.tv_sec * 1000000 + rt.tv_nsec / 1000;
    out->realtime_trusted = out->realtime_us >= HOUSE_REALTIME_FLOOR_US;
    out->raw = house_raw_now();
    return known;
}
