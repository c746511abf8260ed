// SPDX-License-Identifier: Apache-2.0
#include "server/house/house.h"

#include "common/base/check.h"

#include <string.h>
#include <sys/timex.h>
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

#define SUSPENDED_MIN_NS INT64_C(50000000)

// A battery's clock keeps whole seconds and drifts: it may be this much behind what it was.
#define BEHIND_MAX_US INT64_C(60000000)

// The kernel slews a clock by 500 ppm at most: so far it may be off when the program was not there
// to look.
static bool disciplined(const struct house_anchor *last, const struct house_reading *now)
{
    if (now->synchronised)
        return true;
    if (!last->present || !last->disciplined || strcmp(last->boot_id, now->boot_id) != 0)
        return false;
    int64_t slept_us = (now->suspended_ns - last->suspended_ns) / 1000;
    int64_t step_us = house_wall_step_us(last, now) - slept_us;
    int64_t most_us = HOUSE_STEP_US + house_diff_us(house_at(last, now->raw), last->house) / 2000;
    return step_us < most_us && step_us > -most_us;
}

static bool trusted(const struct house_anchor *last, const struct house_reading *now)
{
    bool plausible = now->realtime_us >= HOUSE_REALTIME_FLOOR_US &&
                     (!last->present || now->realtime_us >= last->realtime_us - BEHIND_MAX_US);
    return disciplined(last, now) || (now->battery && plausible);
}

bool house_was_suspended(const struct house_anchor *a, const struct house_reading *now)
{
    return now->suspended_ns - a->suspended_ns > SUSPENDED_MIN_NS;
}

struct house_anchor house_renew(const struct house_anchor *a, const struct house_reading *now)
{
    struct house_anchor next = *a;
    if (house_was_suspended(a, now)) {
        next.base_ns += now->suspended_ns - a->suspended_ns;
        next.suspended_ns = now->suspended_ns;
        next.clock_epoch++;
    }
    next.present = true;
    memcpy(next.boot_id, now->boot_id, sizeof next.boot_id);
    next.house = house_at(&next, now->raw);
    next.realtime_trusted = trusted(a, now);
    next.disciplined = disciplined(a, now);
    next.synchronised = now->synchronised;
    if (now->synchronised)
        next.told_us = 0;
    next.realtime_us = now->realtime_us;
    if (!next.realtime_trusted && a->realtime_us > now->realtime_us)
        next.realtime_us = a->realtime_us;
    next.reserved = house_max(a->reserved, house_add_us(next.house, HOUSE_RESERVE_US));
    return next;
}

// After a reboot: by the wall clock when both readings can be trusted, else by the least that the
// outage may have taken, the time since this boot.
static void resume_after_boot(struct house_anchor *a, const struct house_anchor *last,
                              const struct house_reading *now)
{
    bool by_wall = last->realtime_trusted && trusted(last, now);
    int64_t outage_us = by_wall ? now->realtime_us - last->realtime_us : now->raw.ns / 1000;
    house_t h = house_max(house_add_us(last->house, outage_us), house_add_us(last->reserved, 1));
    a->base_ns = h.us * 1000 - now->raw.ns;
    a->clock_epoch = last->clock_epoch + 1;
    a->suspended_ns = now->suspended_ns;
    a->told_us = 0; // how long the machine's clock stood still, nobody said
    if (!by_wall) {
        a->guessed_epoch = a->clock_epoch;
        a->known_until = last->house;
    }
}

struct house_anchor house_resume(const struct house_anchor *last, const struct house_reading *now)
{
    struct house_anchor a = *last;
    if (!last->present) {
        a = (struct house_anchor){.clock_epoch = 1, .suspended_ns = now->suspended_ns};
        a.base_ns = NEW_BOX_US * 1000 - now->raw.ns;
    } else if (strcmp(last->boot_id, now->boot_id) != 0) {
        resume_after_boot(&a, last, now);
    }
    return house_renew(&a, now);
}

int64_t house_wall_us(const struct house_anchor *a, house_t at)
{
    return a->realtime_trusted ? a->realtime_us + house_diff_us(at, a->house) : 0;
}

int64_t house_wall_step_us(const struct house_anchor *a, const struct house_reading *now)
{
    return now->realtime_us - a->realtime_us - house_diff_us(house_at(a, now->raw), a->house);
}

bool house_is_guessed(const struct house_anchor *a)
{
    return a->guessed_epoch == a->clock_epoch;
}

mono_t house_raw_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

// Read between two readings of the other, so that being put aside in between does not count.
static int64_t suspended_ns(void)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t mono = clock_ns(CLOCK_MONOTONIC);
        int64_t apart = clock_ns(CLOCK_BOOTTIME) - mono;
        least = apart < least ? apart : least;
    }
    return least;
}

static bool synchronised(void)
{
    struct timex t = {.modes = 0};
    int state = adjtimex(&t);
    return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}

// One whose cell is empty began anew when the machine was switched on, or does not answer.
static bool has_battery(void)
{
    long long s = 0;
    FILE *f = fopen("/sys/class/rtc/rtc0/since_epoch", "re");
    bool answers = f && fscanf(f, "%20lld", &s) == 1;
    if (f)
        fclose(f);
    return answers && s >= HOUSE_REALTIME_FLOOR_US / 1000000;
}

bool house_read(struct house_reading *out)
{
    memset(out, 0, sizeof *out);
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    bool known = f && fread(out->boot_id, 1, BOOT_ID_LEN, f) == BOOT_ID_LEN;
    if (f)
        fclose(f);
    out->synchronised = synchronised();
    out->battery = has_battery();
    out->suspended_ns = suspended_ns();
    out->realtime_us = clock_ns(CLOCK_REALTIME) / 1000;
    out->raw = house_raw_now();
    return known;
}
