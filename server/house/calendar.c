// SPDX-License-Identifier: Apache-2.0
// Local time is read as pieces of constant offset around one date, and the rest is arithmetic:
//
//   local                      ./           An occurrence at L fires at the least t with local(t)
//     |        gap    ./\    ./             at or above L. That t never falls as L rises, over gaps
//     |        :    ./   \ ./               and over falls alike; so the occurrences before an
//     |      ./:  ./                        instant are the lowest labels, and halving finds how
//     +----./--:----------------> t         many there are.
//
#include "server/house/calendar.h"

#include "common/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// 32 bits end in 2038; a 32 bit machine wants _TIME_BITS=64.
_Static_assert(sizeof(time_t) == 8, "time_t has 64 bits");
_Static_assert(sizeof(struct calendar_rule) == 8 * 4, "a rule has no padding");

#define DAY_S INT64_C(86400)
#define US INT64_C(1000000)

// 1000-01-01 and 9999-01-01.
#define WALL_MIN_US (INT64_C(-30610224000) * US)
#define WALL_MAX_US (INT64_C(253370764800) * US)

enum {
    // A weekly rule whose day was left out of the calendar comes two weeks after the last.
    SEARCH_DAYS = 15,
    // RFC 8536 keeps offsets within 26 h; those in the database are within 16 h.
    OFFSET_MAX_S = 26 * 3600,
    // Changes are looked for at this distance. No zone has two nearer than 95 h (tzdata 2025b).
    STEP_S = 19 * 3600,
    STEPS = (2 * OFFSET_MAX_S + 24 * 3600) / STEP_S,
};
_Static_assert(STEPS *STEP_S == 2 * OFFSET_MAX_S + 24 * 3600, "steps fill the span");

// Around one date: piece i holds from start_s[i] until the next begins. All s since 1970, UTC.
struct pieces {
    int n;
    int64_t start_s[STEPS + 1];
    int64_t offset_s[STEPS + 1]; // local minus UTC
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t offset_at(int64_t t_s)
{
    time_t t = t_s;
    struct tm local;
    CHECK(localtime_r(&t, &local) != NULL);
    return local.tm_gmtoff;
}

// Dates are counted in days since 1970, as are those of a clock that shows UTC.
static int64_t date_at(int64_t t_s)
{
    return floor_div(t_s + offset_at(t_s), DAY_S);
}

static int32_t date_yyyymmdd(int64_t date)
{
    time_t t = date * DAY_S;
    struct tm utc;
    CHECK(gmtime_r(&t, &utc) != NULL);
    return (utc.tm_year + 1900) * 10000 + (utc.tm_mon + 1) * 100 + utc.tm_mday;
}

// The date of a rule for one date, in days since 1970; false when there is no such date.
static bool date_of(int32_t yyyymmdd, int64_t *date)
{
    struct tm utc = {.tm_year = yyyymmdd / 10000 - 1900,
                     .tm_mon = yyyymmdd / 100 % 100 - 1,
                     .tm_mday = yyyymmdd % 100};
    if (yyyymmdd < 19700101 || yyyymmdd > 99981231)
        return false;
    *date = floor_div(timegm(&utc), DAY_S);
    return date_yyyymmdd(*date) == yyyymmdd;
}

// The dates, first to last, that have to be searched; a rule for one date has no other.
static void narrow(const struct calendar_rule *r, int64_t *first, int64_t *last)
{
    int64_t date;
    if (r->date == 0 || !date_of(r->date, &date))
        return;
    *first = date > *first ? date : *first;
    *last = date < *last ? date : *last;
}

// The first second with another offset than at `from_s`, in a span that ends with another.
static int64_t change_in(int64_t from_s, int64_t to_s)
{
    int64_t before = offset_at(from_s);
    while (to_s - from_s > 1) {
        int64_t mid = from_s + (to_s - from_s) / 2;
        if (offset_at(mid) == before)
            from_s = mid;
        else
            to_s = mid;
    }
    return to_s;
}

// From before the date begins until after it has ended, whatever the offset.
static void read_pieces(int64_t date, struct pieces *p)
{
    int64_t t = date * DAY_S - OFFSET_MAX_S;
    p->n = 1;
    p->start_s[0] = t;
    p->offset_s[0] = offset_at(t);
    for (int i = 0; i < STEPS; i++, t += STEP_S) {
        int64_t offset = offset_at(t + STEP_S);
        if (offset == p->offset_s[p->n - 1])
            continue;
        p->start_s[p->n] = change_in(t, t + STEP_S);
        p->offset_s[p->n++] = offset;
    }
}

// The first instant at which a local clock shows `local_s` (s since 1970 on that clock) or later.
static int64_t instant_of(const struct pieces *p, int64_t local_s)
{
    for (int i = 0;; i++) {
        int64_t t = local_s - p->offset_s[i];
        if (t < p->start_s[i])
            t = p->start_s[i];
        if (i + 1 == p->n || t < p->start_s[i + 1])
            return t;
    }
}

static int32_t per_day(const struct calendar_rule *r)
{
    return r->every_s ? (r->last_s - r->first_s) / r->every_s + 1 : 1;
}

static int64_t occurrence(const struct calendar_rule *r, const struct pieces *p, int64_t date,
                          int32_t n)
{
    return instant_of(p, date * DAY_S + r->first_s + n * r->every_s);
}

// Has the rule occurrences on a date? If so, local time around it.
static bool open_date(const struct calendar_rule *r, int64_t date, struct pieces *p)
{
    int64_t weekday = date + 3 - 7 * floor_div(date + 3, 7); // 1970 began with a Thursday
    if (!(r->weekdays >> weekday & 1))
        return false;
    read_pieces(date, p);
    return instant_of(p, date * DAY_S) != instant_of(p, (date + 1) * DAY_S);
}

// How many of a date's occurrences come at or before an instant.
static int32_t passed(const struct calendar_rule *r, const struct pieces *p, int64_t date,
                      int64_t t_s)
{
    int32_t low = 0, high = per_day(r);
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (occurrence(r, p, date, mid) <= t_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool calendar_rule_valid(const struct calendar_rule *r)
{
    int64_t date;
    if (r->id == 0 || r->weekdays == 0 || r->weekdays > CALENDAR_DAYS_ALL)
        return false;
    if (r->date != 0 && (r->weekdays != CALENDAR_DAYS_ALL || !date_of(r->date, &date)))
        return false;
    if (r->first_s < 0 || r->first_s >= DAY_S || r->last_s >= DAY_S)
        return false;
    if (r->every_s == 0 ? r->last_s != r->first_s : r->last_s <= r->first_s)
        return false;
    if (r->every_s != 0 && (r->every_s < CALENDAR_EVERY_MIN_S || r->every_s >= DAY_S))
        return false;
    if (r->action == CALENDAR_START)
        return r->cue >= 0 && r->cue <= CALENDAR_CUE_MAX;
    return (r->action == CALENDAR_STOP || r->action == CALENDAR_HOLD) && r->cue == 0;
}

static bool can_search(const struct calendar_rule *r, int64_t wall_us)
{
    return calendar_rule_valid(r) && wall_us >= WALL_MIN_US && wall_us < WALL_MAX_US;
}

// Clocks are never put back by more than a day, so none of the day after tomorrow has passed.
static bool last_at(const struct calendar_rule *r, int64_t t_s, struct calendar_hit *out)
{
    int64_t today = date_at(t_s), last = today + 1;
    int64_t first = r->date ? INT64_MIN : today - SEARCH_DAYS;
    struct pieces p;
    narrow(r, &first, &last);
    for (int64_t date = last; date >= first; date--) {
        int32_t n = open_date(r, date, &p) ? passed(r, &p, date, t_s) : 0;
        if (n == 0)
            continue;
        *out = (struct calendar_hit){
            .wall_us = occurrence(r, &p, date, n - 1) * US, .day = date_yyyymmdd(date), .n = n - 1};
        return true;
    }
    return false;
}

bool calendar_last(const struct calendar_rule *r, int64_t until_us, struct calendar_hit *out)
{
    return can_search(r, until_us) && last_at(r, floor_div(until_us, US), out);
}

// Dates before today's are over: a label that the clock shows, or has behind it, has passed.
// Several may fall on the instant found (a gap); the last of them is the one that counts.
bool calendar_next(const struct calendar_rule *r, int64_t after_us, struct calendar_hit *out)
{
    if (!can_search(r, after_us))
        return false;
    int64_t after_s = floor_div(after_us, US), first = date_at(after_s);
    int64_t last = r->date ? INT64_MAX : first + SEARCH_DAYS;
    struct pieces p;
    narrow(r, &first, &last);
    for (int64_t date = first; date <= last; date++) {
        if (!open_date(r, date, &p))
            continue;
        int32_t n = passed(r, &p, date, after_s);
        if (n < per_day(r))
            return last_at(r, occurrence(r, &p, date, n), out);
    }
    return false;
}

// Zones

#define ZONES "/usr/share/zoneinfo/"
enum { ZONE_NAME_MAX = 63 };

// Letters and digits of ASCII, and no dots: a name cannot leave the folder.
static bool zone_name_ok(const char *name)
{
    const char *chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    return strnlen(name, ZONE_NAME_MAX + 1) <= ZONE_NAME_MAX && name[0] != '/' &&
           name[strspn(name, chars)] == 0 && strncmp(name, "right/", 6) != 0;
}

static bool is_utc(const char *name)
{
    return name[0] == 0 || strcmp(name, "UTC") == 0;
}

bool calendar_zone_valid(const char *name)
{
    if (is_utc(name))
        return true;
    if (!zone_name_ok(name))
        return false;
    char path[sizeof ZONES + ZONE_NAME_MAX], magic[4];
    snprintf(path, sizeof path, "%s%s", ZONES, name);
    FILE *f = fopen(path, "rbe");
    if (!f)
        return false;
    bool zone = fread(magic, sizeof magic, 1, f) == 1 && memcmp(magic, "TZif", 4) == 0;
    fclose(f);
    return zone;
}

// The environment holds this very string, and a new zone is written into it: setenv would move
// things that another thread's getenv may be looking at.
bool calendar_zone_use(const char *name)
{
    static char setting[sizeof "TZ=:" ZONES + ZONE_NAME_MAX];
    static bool in_environment;
    if (!calendar_zone_valid(name))
        return false;
    if (is_utc(name))
        snprintf(setting, sizeof setting, "TZ=UTC0");
    else
        snprintf(setting, sizeof setting, "TZ=:%s%s", ZONES, name);
    if (!in_environment)
        CHECK(putenv(setting) == 0);
    in_environment = true;
    tzset();
    return true;
}

void calendar_zone_name(char out[CALENDAR_ZONE_SIZE])
{
    static const char machines[] = "/etc/localtime";
    char target[CALENDAR_ZONE_SIZE] = "";
    const char *zone = getenv("TZ");
    if (!zone)
        zone = readlink(machines, target, sizeof target - 1) > 0 ? target : machines;
    const char *name = strstr(zone, ZONES);
    name = name ? name + strlen(ZONES) : zone;
    snprintf(out, CALENDAR_ZONE_SIZE, "%s", name[0] ? name : "UTC0"); // as libc takes TZ=""
}
