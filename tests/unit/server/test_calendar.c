// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "server/house/calendar.h"
#include "server/house/calendar_text.h"

#include <string.h>

#define US INT64_C(1000000)
#define DAY_S INT64_C(86400)

// "2026-03-29T01:00:00", UTC, to us since 1970.
static int64_t utc(const char *text)
{
    struct tm tm = {0};
    assert_int_equal(sscanf(text, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return timegm(&tm) * US;
}

static struct calendar_rule rule(const char *text)
{
    struct calendar_rule r;
    if (!calendar_text_read(text, 1, &r))
        fail_msg("not a rule: %s", text);
    return r;
}

// Each case: the two occurrences that follow `after`.
struct example {
    const char *zone, *rule, *after;
    struct {
        const char *at;
        int32_t day, n;
    } hits[2];
};

static const struct example examples[] = {
    // The usual days, and exclusive ends.
    {"UTC",
     "daily 11:00 start",
     "2026-05-01T11:00:00",
     {{"2026-05-02T11:00:00", 20260502, 0}, {"2026-05-03T11:00:00", 20260503, 0}}},
    {"Europe/Berlin",
     "tue-sun 10:00-17:40/20min start",
     "2026-05-03T15:20:00", // a Sunday
     {{"2026-05-03T15:40:00", 20260503, 23}, {"2026-05-05T08:00:00", 20260505, 0}}},
    {"Europe/Berlin",
     "wed 10:00-10:50/20min stop",
     "2026-05-06T08:19:59",
     {{"2026-05-06T08:20:00", 20260506, 1}, {"2026-05-06T08:40:00", 20260506, 2}}},
    {"Asia/Kathmandu",
     "daily 11:00 start",
     "2026-05-01T00:00:00",
     {{"2026-05-01T05:15:00", 20260501, 0}, {"2026-05-02T05:15:00", 20260502, 0}}},
    // Berlin in spring: 01:00 UTC is 03:00, there is no 02:00 to 02:59.
    {"Europe/Berlin",
     "daily 10:00 start",
     "2026-03-28T00:00:00",
     {{"2026-03-28T09:00:00", 20260328, 0}, {"2026-03-29T08:00:00", 20260329, 0}}},
    {"Europe/Berlin",
     "daily 02:30 start",
     "2026-03-28T12:00:00",
     {{"2026-03-29T01:00:00", 20260329, 0}, {"2026-03-30T00:30:00", 20260330, 0}}},
    {"Europe/Berlin",
     "daily 02:00 start",
     "2026-03-28T12:00:00",
     {{"2026-03-29T01:00:00", 20260329, 0}, {"2026-03-30T00:00:00", 20260330, 0}}},
    {"Europe/Berlin",
     "daily 03:00 start",
     "2026-03-28T12:00:00",
     {{"2026-03-29T01:00:00", 20260329, 0}, {"2026-03-30T01:00:00", 20260330, 0}}},
    {"Europe/Berlin",
     "daily 01:00-04:00/20min start",
     "2026-03-29T00:40:00",
     {{"2026-03-29T01:00:00", 20260329, 6}, {"2026-03-29T01:20:00", 20260329, 7}}},
    {"Europe/Berlin",
     "daily 01:00-02:40/20min start",
     "2026-03-29T00:40:00",
     {{"2026-03-29T01:00:00", 20260329, 5}, {"2026-03-29T23:00:00", 20260330, 0}}},
    // Berlin in autumn: at 01:00 UTC it is 02:00 again.
    {"Europe/Berlin",
     "daily 02:30 start",
     "2026-10-24T12:00:00",
     {{"2026-10-25T00:30:00", 20261025, 0}, {"2026-10-26T01:30:00", 20261026, 0}}},
    {"Europe/Berlin",
     "daily 02:00 start",
     "2026-10-24T12:00:00",
     {{"2026-10-25T00:00:00", 20261025, 0}, {"2026-10-26T01:00:00", 20261026, 0}}},
    {"Europe/Berlin",
     "daily 03:00 start",
     "2026-10-24T12:00:00",
     {{"2026-10-25T02:00:00", 20261025, 0}, {"2026-10-26T02:00:00", 20261026, 0}}},
    {"Europe/Berlin",
     "daily 02:00-03:00/20min start",
     "2026-10-25T00:20:00",
     {{"2026-10-25T00:40:00", 20261025, 2}, {"2026-10-25T02:00:00", 20261025, 3}}},
    {"Europe/Berlin",
     "daily 02:59:59 start",
     "2026-10-25T00:59:58",
     {{"2026-10-25T00:59:59", 20261025, 0}, {"2026-10-26T01:59:59", 20261026, 0}}},
    // Half an hour, on an island.
    {"Australia/Lord_Howe",
     "daily 01:45 start",
     "2026-04-04T00:00:00",
     {{"2026-04-04T14:45:00", 20260405, 0}, {"2026-04-05T15:15:00", 20260406, 0}}},
    {"Australia/Lord_Howe",
     "daily 02:15 start",
     "2026-10-03T00:00:00",
     {{"2026-10-03T15:30:00", 20261004, 0}, {"2026-10-04T15:15:00", 20261005, 0}}},
    // A quarter of an hour, once.
    {"Asia/Kathmandu",
     "daily 00:05 start",
     "1985-12-31T00:00:00",
     {{"1985-12-31T18:30:00", 19860101, 0}, {"1986-01-01T18:20:00", 19860102, 0}}},
    // Midnight itself is skipped, and midnight comes an hour late.
    {"America/Sao_Paulo",
     "daily 00:00 start",
     "2018-11-03T12:00:00",
     {{"2018-11-04T03:00:00", 20181104, 0}, {"2018-11-05T02:00:00", 20181105, 0}}},
    {"America/Sao_Paulo",
     "daily 00:00 start",
     "2018-02-17T12:00:00",
     {{"2018-02-18T03:00:00", 20180218, 0}, {"2018-02-19T03:00:00", 20180219, 0}}},
    {"America/Sao_Paulo",
     "daily 23:30 start",
     "2018-02-17T12:00:00",
     {{"2018-02-18T01:30:00", 20180217, 0}, {"2018-02-19T02:30:00", 20180218, 0}}},
    // A minute past midnight it is 23:01 again.
    {"America/St_Johns",
     "daily 00:00 start",
     "2010-11-06T12:00:00",
     {{"2010-11-07T02:30:00", 20101107, 0}, {"2010-11-08T03:30:00", 20101108, 0}}},
    // From half past eleven to half past midnight in one step.
    {"America/Toronto",
     "sun 23:45 start",
     "1919-03-30T12:00:00",
     {{"1919-03-31T04:30:00", 19190330, 0}, {"1919-04-07T03:45:00", 19190406, 0}}},
    {"America/Toronto",
     "daily 00:00-23:59/20min start",
     "1919-03-31T04:20:00",
     {{"1919-03-31T04:30:00", 19190331, 1}, {"1919-03-31T04:40:00", 19190331, 2}}},
    // Winter time during Ramadan.
    {"Africa/Casablanca",
     "daily 02:30 start",
     "2026-02-14T12:00:00",
     {{"2026-02-15T01:30:00", 20260215, 0}, {"2026-02-16T02:30:00", 20260216, 0}}},
    {"Africa/Casablanca",
     "daily 02:30 start",
     "2026-03-21T12:00:00",
     {{"2026-03-22T02:00:00", 20260322, 0}, {"2026-03-23T01:30:00", 20260323, 0}}},
    // Samoa: after Thursday the 29th came Saturday the 31st.
    {"Pacific/Apia",
     "daily 11:00 start",
     "2011-12-29T20:59:59",
     {{"2011-12-29T21:00:00", 20111229, 0}, {"2011-12-30T21:00:00", 20111231, 0}}},
    {"Pacific/Apia",
     "daily 00:00 start",
     "2011-12-29T12:00:00",
     {{"2011-12-30T10:00:00", 20111231, 0}, {"2011-12-31T10:00:00", 20120101, 0}}},
    {"Pacific/Apia",
     "fri 11:00 start",
     "2011-12-23T21:00:00",
     {{"2012-01-05T21:00:00", 20120106, 0}, {"2012-01-12T21:00:00", 20120113, 0}}},
    // Alaska: at 15:30 on the 19th it was 15:30 on the 18th again, and 15:00 on the 19th came
    // twice.
    {"America/Sitka",
     "daily 15:00 start",
     "1867-10-18T12:00:00",
     {{"1867-10-19T00:01:13", 18671019, 0}, {"1867-10-21T00:01:13", 18671020, 0}}},
    // Far out, year ends, leap days.
    {"Europe/Berlin",
     "daily 11:00 start",
     "1901-12-13T20:45:51",
     {{"1901-12-14T10:00:00", 19011214, 0}, {"1901-12-15T10:00:00", 19011215, 0}}},
    {"UTC",
     "daily 03:14:08 hold",
     "2038-01-19T03:14:07",
     {{"2038-01-19T03:14:08", 20380119, 0}, {"2038-01-20T03:14:08", 20380120, 0}}},
    {"Europe/Berlin",
     "daily 02:30 start",
     "2106-03-27T12:00:00",
     {{"2106-03-28T01:00:00", 21060328, 0}, {"2106-03-29T00:30:00", 21060329, 0}}},
    {"Europe/Berlin",
     "daily 07:28:16 start",
     "2106-02-07T06:28:15",
     {{"2106-02-07T06:28:16", 21060207, 0}, {"2106-02-08T06:28:16", 21060208, 0}}},
    {"America/New_York",
     "daily 23:59:59 stop",
     "2027-12-31T04:59:59",
     {{"2028-01-01T04:59:59", 20271231, 0}, {"2028-01-02T04:59:59", 20280101, 0}}},
    {"Europe/Berlin",
     "tue 11:00 start",
     "2028-02-28T12:00:00",
     {{"2028-02-29T10:00:00", 20280229, 0}, {"2028-03-07T10:00:00", 20280307, 0}}},
    {"UTC",
     "daily 00:00 start",
     "2100-02-28T00:00:00",
     {{"2100-03-01T00:00:00", 21000301, 0}, {"2100-03-02T00:00:00", 21000302, 0}}},
    {"UTC",
     "daily 00:00 start",
     "2016-12-31T00:00:00", // ends with a leap second
     {{"2017-01-01T00:00:00", 20170101, 0}, {"2017-01-02T00:00:00", 20170102, 0}}},
};

static void assert_hit(const struct example *e, int i, const struct calendar_hit *hit)
{
    if (hit->wall_us != utc(e->hits[i].at) || hit->day != e->hits[i].day || hit->n != e->hits[i].n)
        fail_msg("%s: %s after %s: %d. is at %lld s, %d number %d", e->zone, e->rule, e->after,
                 i + 1, (long long)(hit->wall_us / US), hit->day, hit->n);
}

static void examples_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *e = &examples[i];
        assert_true(calendar_zone_use(e->zone));
        struct calendar_rule r = rule(e->rule);
        struct calendar_hit hit, same;
        int64_t after = utc(e->after);
        for (int k = 0; k < 2; k++) {
            assert_true(calendar_next(&r, after, &hit));
            assert_hit(e, k, &hit);
            assert_true(calendar_next(&r, hit.wall_us - 1, &same));
            assert_hit(e, k, &same);
            assert_true(calendar_last(&r, hit.wall_us, &same));
            assert_hit(e, k, &same);
            after = hit.wall_us;
        }
        // In between, too: the clock may be a date behind what it has shown.
        int64_t first = utc(e->hits[0].at);
        const int64_t between[] = {first + 900 * US, first + 3600 * US, after - 1};
        for (int k = 0; k < 3; k++) {
            if (between[k] >= after)
                continue;
            assert_true(calendar_last(&r, between[k], &same));
            assert_hit(e, 0, &same);
            assert_true(calendar_next(&r, between[k], &same));
            assert_hit(e, 1, &same);
        }
    }
}

// All instants that a number can say: an answer or a refusal, at once.
static void outside_the_years_there_is_no_answer(void **state)
{
    (void)state;
    assert_true(calendar_zone_use("Europe/Berlin"));
    struct calendar_rule r = rule("daily 11:00 start");
    struct calendar_hit hit = {.n = 7};
    const int64_t refused[] = {INT64_MIN, INT64_MAX, utc("0999-12-31T23:59:59"),
                               utc("9999-01-01T00:00:00")};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(calendar_next(&r, refused[i], &hit));
        assert_false(calendar_last(&r, refused[i], &hit));
    }
    assert_int_equal(hit.n, 7);
    assert_true(calendar_next(&r, utc("9998-12-31T23:59:59"), &hit));
    assert_int_equal(hit.day, 99990101);
    assert_true(calendar_last(&r, utc("1000-01-01T00:00:00"), &hit));
    assert_int_equal(hit.day, 9991231);
    r.weekdays = 0;
    assert_false(calendar_next(&r, utc("2026-01-01T00:00:00"), &hit));
    assert_false(calendar_last(&r, utc("2026-01-01T00:00:00"), &hit));
}

// The oracle: a clock is watched minute by minute. A rule's label has its turn when the clock
// first shows it or more; of several in one minute the last counts; a date must have been seen.
enum { WALK_DAYS = 40, WALK_BEFORE = 18, WALK = WALK_DAYS * 1440 };

static struct walk {
    int64_t start_s;
    int64_t label[WALK]; // what the clock shows, in minutes since 1970
    bool seen[WALK_DAYS + 6];
} walk;

static int64_t walk_date(int64_t label)
{
    return label / 1440 - walk.start_s / DAY_S + 3;
}

static void walk_around(int64_t t_s)
{
    walk.start_s = (t_s / DAY_S - WALK_BEFORE) * DAY_S;
    memset(walk.seen, 0, sizeof walk.seen);
    for (int i = 0; i < WALK; i++) {
        time_t t = walk.start_s + i * 60;
        struct tm tm;
        assert_non_null(localtime_r(&t, &tm));
        walk.label[i] = timegm(&tm) / 60;
        walk.seen[walk_date(walk.label[i])] = true;
    }
}

static bool has_label(const struct calendar_rule *r, int64_t label, int32_t *n)
{
    time_t t = label * 60;
    struct tm tm;
    int32_t s = (int32_t)(label % 1440) * 60 - r->first_s;
    gmtime_r(&t, &tm);
    if (!(r->weekdays >> ((tm.tm_wday + 6) % 7) & 1) || !walk.seen[walk_date(label)])
        return false;
    *n = r->every_s ? s / r->every_s : 0;
    return s >= 0 && s <= r->last_s - r->first_s && (r->every_s ? s % r->every_s : s) == 0;
}

static int oracle(const struct calendar_rule *r, struct calendar_hit hits[WALK])
{
    int count = 0;
    int64_t top = walk.label[0];
    for (int i = 1; i < WALK; i++) {
        bool fires = false;
        for (; top < walk.label[i]; top++) {
            int32_t n;
            if (!has_label(r, top + 1, &n))
                continue;
            time_t t = (top + 1) * 60;
            struct tm tm;
            gmtime_r(&t, &tm);
            hits[count].wall_us = (walk.start_s + i * 60) * US;
            hits[count].day = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
            hits[count].n = n;
            fires = true;
        }
        count += fires;
    }
    return count;
}

static struct calendar_rule random_rule(void)
{
    struct calendar_rule r = {.id = 1 + (uint32_t)unit_below(1000), .action = CALENDAR_START};
    r.weekdays = unit_below(3) ? 1 + (uint32_t)unit_below(127) : 1U << unit_below(7);
    bool night = unit_below(2);
    r.first_s = unit_below(6) ? 60 * (int32_t)unit_below(night ? 240 : 1439) : 0;
    r.last_s = r.first_s;
    if (unit_below(2)) {
        r.every_s = 60 * (1 + (int32_t)unit_below(unit_below(2) ? 90 : 1439));
        r.last_s = 60 * (int32_t)(r.first_s / 60 + 1 + unit_below(1439 - r.first_s / 60));
    }
    r.action = 1 + (int32_t)unit_below(3);
    r.cue = r.action == CALENDAR_START ? (int32_t)unit_below(CALENDAR_CUE_MAX + 1) : 0;
    assert_true(calendar_rule_valid(&r));
    return r;
}

static bool same_hit(const struct calendar_hit *a, const struct calendar_hit *b)
{
    return a->wall_us == b->wall_us && a->day == b->day && a->n == b->n;
}

// Asks at instants around the occurrences that were seen, and anywhere.
static void compare(const char *zone, const struct calendar_rule *r)
{
    static struct calendar_hit hits[WALK];
    int count = oracle(r, hits);
    for (int i = 0; i < 60; i++) {
        int64_t at = (walk.start_s + WALK_BEFORE * DAY_S) * US + unit_below(4 * DAY_S * US);
        int k = 0;
        while (k < count && hits[k].wall_us <= at)
            k++;
        if (i % 3) {
            at = hits[k].wall_us - (i % 3 - 1); // exactly at one, and just before
            k += at == hits[k].wall_us;
        }
        assert_in_range(k, 1, count - 1);
        struct calendar_hit next, last;
        assert_true(calendar_next(r, at, &next));
        assert_true(calendar_last(r, at, &last));
        if (!same_hit(&next, &hits[k]) || !same_hit(&last, &hits[k - 1])) {
            char text[CALENDAR_TEXT_SIZE];
            calendar_text_write(r, text);
            fail_msg("%s: %s at %lld us: %lld %d %d, %lld %d %d", zone, text, (long long)at,
                     (long long)next.wall_us, next.day, next.n, (long long)last.wall_us, last.day,
                     last.n);
        }
        assert_true(last.wall_us <= at && at < next.wall_us);
        assert_true(last.day < next.day || (last.day == next.day && last.n < next.n));
    }
}

static void agrees_with_a_clock_watched_by_the_minute(void **state)
{
    (void)state;
    unit_seed();
    // Each with an instant at which its clock did something odd. Whole minutes since then.
    static const struct {
        const char *zone, *odd;
    } cases[] = {
        {"UTC", "2038-01-19T03:14:00"},
        {"Europe/Berlin", "2026-03-29T01:00:00"},
        {"Europe/Berlin", "2026-10-25T01:00:00"},
        {"Europe/Berlin", "2106-03-28T01:00:00"},
        {"Europe/London", "1971-10-31T02:00:00"},
        {"America/New_York", "2026-11-01T06:00:00"},
        {"America/Sao_Paulo", "2018-02-18T02:00:00"},
        {"America/Sao_Paulo", "2018-11-04T03:00:00"},
        {"America/St_Johns", "1988-04-03T03:31:00"}, // two hours
        {"America/St_Johns", "2010-11-07T02:31:00"}, // back over midnight
        {"Asia/Kathmandu", "1985-12-31T18:30:00"},
        {"Asia/Gaza", "2037-10-31T00:00:00"},
        {"Australia/Lord_Howe", "2026-04-04T15:00:00"},
        {"Australia/Lord_Howe", "2026-10-03T15:30:00"},
        {"Africa/Casablanca", "2026-02-15T02:00:00"},
        {"Africa/Casablanca", "2026-03-22T02:00:00"},
        {"Antarctica/Casey", "2010-03-04T15:00:00"}, // three hours back
        {"Pacific/Apia", "2011-12-30T10:00:00"},
        {"Pacific/Kiritimati", "1995-01-01T10:00:00"},
        {"Pacific/Kwajalein", "1993-08-21T12:00:00"},
    };
    enum { CASES = sizeof cases / sizeof cases[0] };
    for (int i = 0; i < 3 * CASES; i++) {
        const char *zone = cases[i % CASES].zone;
        assert_true(calendar_zone_use(zone));
        int64_t t = utc(cases[i % CASES].odd) / US - 2 * DAY_S; // two days before it, then anywhere
        if (i >= CASES)
            t = utc("1996-01-01T00:00:00") / US + unit_below(130 * 365 * DAY_S);
        walk_around(t);
        for (int k = 0; k < 6; k++) {
            struct calendar_rule r = random_rule();
            compare(zone, &r);
        }
    }
}

// Opening at the hour the clocks change: whoever asks again and again hears of it once a date.
static void opening_at_the_change_fires_once_a_day(void **state)
{
    (void)state;
    assert_true(calendar_zone_use("Europe/Berlin"));
    static const char *const rules[] = {"daily 02:00 start", "daily 02:30 start",
                                        "daily 03:00 start"};
    static const char *const changes[] = {"2026-03-27T12:00:00", "2026-10-23T12:00:00"};
    for (int i = 0; i < 6; i++) {
        struct calendar_rule r = rule(rules[i % 3]);
        struct calendar_hit hit;
        int64_t from = utc(changes[i / 3]);
        int32_t fired = 0, last_day = 0;
        for (int64_t at = from; at < from + 4 * DAY_S * US; at += 60 * US) {
            assert_true(calendar_last(&r, at, &hit));
            if (hit.day > last_day && hit.wall_us >= from)
                fired++;
            assert_true(hit.day >= last_day);
            last_day = hit.day;
        }
        assert_int_equal(fired, 4);
    }
}

// Of one date there is a first and a last, over a change of the clocks too.
static void a_date_comes_once(void **state)
{
    (void)state;
    struct calendar_hit hit;
    assert_true(calendar_zone_use("Europe/Berlin"));
    struct calendar_rule once = rule("2026-10-25 02:30 start");
    const int64_t at = utc("2026-10-25T00:30:00"); // the first half past two of two
    assert_true(calendar_next(&once, utc("2020-01-01T00:00:00"), &hit));
    assert_int_equal(hit.wall_us, at);
    assert_int_equal(hit.day, 20261025);
    assert_true(calendar_next(&once, at - 1, &hit));
    assert_false(calendar_next(&once, at, &hit));
    assert_false(calendar_last(&once, at - 1, &hit));
    assert_true(calendar_last(&once, utc("2090-01-01T00:00:00"), &hit));
    assert_int_equal(hit.wall_us, at);
    struct calendar_rule day = rule("2026-12-03 10:00-12:00/30min start");
    int n = 0;
    for (int64_t after = 0; calendar_next(&day, after, &hit); after = hit.wall_us, n++)
        assert_int_equal(hit.n, n);
    assert_int_equal(n, 5);
    // A date that a country left out has nothing.
    assert_true(calendar_zone_use("Pacific/Apia"));
    once = rule("2011-12-30 11:00 start");
    assert_false(calendar_next(&once, 0, &hit));
    assert_false(calendar_last(&once, utc("2090-01-01T00:00:00"), &hit));
}

static void text_has_one_meaning(void **state)
{
    (void)state;
    struct calendar_rule r = rule("tue-sun 10:00-17:40/20min start:3");
    struct calendar_rule want = {.id = 1,
                                 .weekdays = 0x7e,
                                 .first_s = 36000,
                                 .every_s = 1200,
                                 .last_s = 63600,
                                 .action = CALENDAR_START,
                                 .cue = 3};
    assert_memory_equal(&r, &want, sizeof r);
    // As read, as written.
    static const char *const pairs[][2] = {
        {"daily 11:00 start", "daily 11:00 start"},
        {"mon-sun 11:00:00 stop", "daily 11:00 stop"},
        {"mon,tue,wed 23:59:59 hold", "mon-wed 23:59:59 hold"},
        {"mon-tue,sat-sun 00:00 hold", "mon,tue,sat,sun 00:00 hold"},
        {"fri 10:00-12:00/120min stop", "fri 10:00-12:00/2h stop"},
        {"fri 10:00-12:00/90s stop", "fri 10:00-12:00/90s stop"},
        {"2026-12-03 10:20:00 start", "2026-12-03 10:20 start"},
        {"2028-02-29 10:00-12:00/1h hold", "2028-02-29 10:00-12:00/1h hold"},
        {"mon,tue,thu,fri,sun 00:00:01-23:59:59/86399s start:9999",
         "mon,tue,thu,fri,sun 00:00:01-23:59:59/86399s start:9999"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[CALENDAR_TEXT_SIZE];
        r = rule(pairs[i][0]);
        calendar_text_write(&r, text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void text_round_trip_is_exact(void **state)
{
    (void)state;
    unit_seed();
    for (int i = 0; i < 20000; i++) {
        struct calendar_rule r = random_rule(), back;
        char text[CALENDAR_TEXT_SIZE];
        if (r.every_s && r.last_s < 86400 - 60) {
            r.every_s += (int32_t)unit_below(60) * (r.every_s + 60 < 86400);
            r.last_s += (int32_t)unit_below(60);
        }
        calendar_text_write(&r, text);
        memset(&back, 0xee, sizeof back);
        if (!calendar_text_read(text, r.id, &back))
            fail_msg("cannot read back: %s", text);
        assert_memory_equal(&r, &back, sizeof r);
    }
}

static void strange_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "daily",
        "daily ",
        "daily 11:00",
        "daily 11:00 ",
        "daily  11:00 start",
        " daily 11:00 start",
        "daily 11:00 start ",
        "daily 11:00 start\n",
        "Daily 11:00 start",
        "daily 11:00 START",
        "daily 11:00 begin",
        "daily 11:00 starts",
        "daily 11:00 start:",
        "daily 11:00 start:0",
        "daily 11:00 start:01",
        "daily 11:00 start:-1",
        "daily 11:00 start:10000",
        "daily 11:00 start:4294967297",
        "daily 11:00 stop:1",
        "daily 24:00 start",
        "2026-02-29 10:00 start",
        "2026-13-01 10:00 start",
        "2026-12-32 10:00 start",
        "2026-12-00 10:00 start",
        "2026-12-3 10:00 start",
        "0000-01-01 10:00 start",
        "1969-12-31 10:00 start",
        "9999-01-01 10:00 start",
        "2026-12-03,mon 10:00 start",
        "2026-12-03",
        "daily 11:60 start",
        "daily 11:00:60 start",
        "daily 1:00 start",
        "daily 011:00 start",
        "daily 11:0 start",
        "daily -1:00 start",
        "daily 11.00 start",
        "daily 11:00: start",
        "daily 11:00- start",
        "daily 11:00-12:00 start",
        "daily 11:00-12:00/ start",
        "daily 11:00-12:00/20 start",
        "daily 11:00-12:00/min start",
        "daily 11:00-12:00/0min start",
        "daily 11:00-12:00/59s start",
        "daily 11:00-12:00/020min start",
        "daily 11:00-12:00/-5min start",
        "daily 11:00-12:00/24h start",
        "daily 11:00-12:00/99999h start",
        "daily 11:00-12:00/86400s start",
        "daily 11:00-12:00/999999999999999999999s start",
        "daily 11:00-12:00/20mins start",
        "daily 12:00-11:00/20min start",
        "daily 11:00-11:00/20min start",
        "daily 11:00/20min start",
        "mon-mon 11:00 start",
        "sun-mon 11:00 start",
        "tue,mon 11:00 start",
        "mon,mon 11:00 start",
        "mon-wed,tue 11:00 start",
        "mon, 11:00 start",
        ",mon 11:00 start",
        "mon,,tue 11:00 start",
        "mon- 11:00 start",
        "mon-wed-fri 11:00 start",
        "monday 11:00 start",
        "mon,daily 11:00 start",
        "daily,mon 11:00 start",
        "daily 11:00 \xff\xfe",
        "m",
        "mo",
    };
    struct calendar_rule r, before;
    memset(&before, 0xee, sizeof before);
    r = before;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (calendar_text_read(texts[i], 1, &r))
            fail_msg("taken for a rule: '%s'", texts[i]);
        assert_memory_equal(&r, &before, sizeof r);
    }
    assert_false(calendar_text_read("daily 11:00 start", 0, &r));
    // Cut anywhere, and with any byte changed: refused, or a valid rule. On the heap, for ASan.
    static const char good[] = "mon,wed-fri 10:00:30-17:40/20min start:12";
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        char *text = strndup(good, cut);
        if (calendar_text_read(text, 1, &r)) // before ":12", and within it
            assert_true(cut + 3 >= sizeof good - 1);
        free(text);
        for (int c = 1; c < 256; c++) {
            text = strdup(good);
            text[cut] = (char)c;
            if (calendar_text_read(text, 1, &r))
                assert_true(calendar_rule_valid(&r));
            free(text);
        }
    }
}

static void rules_have_bounds(void **state)
{
    (void)state;
    struct calendar_rule good = rule("daily 10:00-18:00/20min start:3"), r;
    assert_true(calendar_rule_valid(&good));
#define REFUSED(field, value)                  \
    do {                                       \
        r = good;                              \
        r.field = (value);                     \
        assert_false(calendar_rule_valid(&r)); \
    } while (0)
    REFUSED(id, 0);
    REFUSED(weekdays, 0);
    REFUSED(weekdays, 128);
    REFUSED(first_s, -1);
    REFUSED(first_s, INT32_MIN);
    REFUSED(first_s, 86400);
    REFUSED(last_s, 86400);
    REFUSED(last_s, INT32_MAX);
    REFUSED(last_s, INT32_MIN);
    REFUSED(last_s, good.first_s);
    REFUSED(every_s, 0);
    REFUSED(every_s, 59);
    REFUSED(every_s, -1200);
    REFUSED(every_s, 86400);
    REFUSED(action, 0);
    REFUSED(action, 4);
    REFUSED(action, CALENDAR_STOP); // with a cue
    REFUSED(cue, -1);
    REFUSED(cue, CALENDAR_CUE_MAX + 1);
    memset(&r, 0, sizeof r);
    assert_false(calendar_rule_valid(&r));
}

static void zones_are_those_of_the_system(void **state)
{
    (void)state;
    static const char *const good[] = {"",          "UTC",     "Europe/Berlin",
                                       "Etc/GMT+5", "EST5EDT", "America/Argentina/Buenos_Aires"};
    static const char *const bad[] = {"Europe/Berlim",
                                      "Europe",
                                      "Europe/",
                                      "/etc/localtime",
                                      "/usr/share/zoneinfo/UTC",
                                      "../zoneinfo/UTC",
                                      "Europe/../UTC",
                                      "./UTC",
                                      "zone.tab",
                                      "leapseconds",
                                      "right/Europe/Berlin",
                                      "CET-1CEST",
                                      "UTC ",
                                      "UTC\n",
                                      ":UTC",
                                      "Europe/Berlin\xc3"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(calendar_zone_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (calendar_zone_valid(bad[i]))
            fail_msg("taken for a zone: '%s'", bad[i]);
    char name[300];
    memset(name, 'A', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_false(calendar_zone_valid(name));
}

// A change of zone takes effect at once; a refused one changes nothing; nothing fires again.
static void the_zone_can_change(void **state)
{
    (void)state;
    struct calendar_rule r = rule("daily 11:00 start");
    struct calendar_hit hit;
    int64_t noon = utc("2026-07-01T12:00:00");
    assert_true(calendar_zone_use("Europe/Berlin"));
    assert_true(calendar_last(&r, noon, &hit));
    assert_int_equal(hit.wall_us, utc("2026-07-01T09:00:00"));
    assert_false(calendar_zone_use("Europe/Atlantis"));
    assert_true(calendar_last(&r, noon, &hit));
    assert_int_equal(hit.wall_us, utc("2026-07-01T09:00:00"));
    assert_int_equal(hit.day, 20260701);
    assert_true(calendar_zone_use("America/New_York"));
    assert_true(calendar_next(&r, noon, &hit));
    assert_int_equal(hit.wall_us, utc("2026-07-01T15:00:00"));
    assert_int_equal(hit.day, 20260701); // the name it had in Berlin
    assert_true(calendar_zone_use(""));
    assert_true(calendar_last(&r, noon, &hit));
    assert_int_equal(hit.wall_us, utc("2026-07-01T11:00:00"));
}

static void the_zone_has_a_name(void **state)
{
    (void)state;
    char name[CALENDAR_ZONE_SIZE], other[CALENDAR_ZONE_SIZE];
    assert_true(calendar_zone_use("Europe/Berlin"));
    calendar_zone_name(name);
    assert_string_equal(name, "Europe/Berlin");
    assert_true(calendar_zone_use(""));
    calendar_zone_name(name);
    assert_true(calendar_zone_use("UTC"));
    calendar_zone_name(other);
    assert_string_equal(name, other);

    // What others put into the environment, and the machine's own.
    const char *const given[][2] = {{"", "UTC0"},
                                    {"CET-1CEST", "CET-1CEST"},
                                    {":/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"}};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        assert_int_equal(setenv("TZ", given[i][0], 1), 0);
        calendar_zone_name(name);
        assert_string_equal(name, given[i][1]);
    }
    unsetenv("TZ");
    calendar_zone_name(name);
    assert_true(name[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_by_hand),
        cmocka_unit_test(outside_the_years_there_is_no_answer),
        cmocka_unit_test(agrees_with_a_clock_watched_by_the_minute),
        cmocka_unit_test(opening_at_the_change_fires_once_a_day),
        cmocka_unit_test(a_date_comes_once),
        cmocka_unit_test(text_has_one_meaning),
        cmocka_unit_test(text_round_trip_is_exact),
        cmocka_unit_test(strange_text_is_refused),
        cmocka_unit_test(rules_have_bounds),
        cmocka_unit_test(zones_are_those_of_the_system),
        cmocka_unit_test(the_zone_can_change),
        cmocka_unit_test(the_zone_has_a_name), // the last: it takes the environment away
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
