// SPDX-License-Identifier: Apache-2.0
#include "server/house/calendar_text.h"

#include "common/base/check.h"

#include <stdio.h>
#include <string.h>

static const char *const days[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static const struct {
    int32_t action;
    const char *word;
} actions[] = {{CALENDAR_START, "start"}, {CALENDAR_STOP, "stop"}, {CALENDAR_HOLD, "hold"}};

// The longest first: what is written takes the first that fits.
static const struct {
    int32_t seconds;
    const char *word;
} units[] = {{3600, "h"}, {60, "min"}, {1, "s"}};

enum { ACTIONS = sizeof actions / sizeof actions[0], UNITS = sizeof units / sizeof units[0] };

// Reading: each take_ steps over what it took, or says false.

static bool take(const char **at, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// 1 to 99999, without leading zeros.
static bool take_number(const char **at, int32_t *out)
{
    int32_t value = 0;
    if (**at == '0')
        return false;
    for (int n = 0; is_digit(**at); (*at)++) {
        if (++n > 5)
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return value > 0;
}

static bool take_two(const char **at, int32_t below, int32_t *out)
{
    const char *c = *at;
    if (!is_digit(c[0]) || !is_digit(c[1]))
        return false;
    *out = (c[0] - '0') * 10 + (c[1] - '0');
    *at += 2;
    return *out < below;
}

static bool take_time(const char **at, int32_t *out_s)
{
    int32_t h, min, s = 0;
    if (!take_two(at, 24, &h) || !take(at, ":") || !take_two(at, 60, &min))
        return false;
    if (take(at, ":") && !take_two(at, 60, &s))
        return false;
    *out_s = h * 3600 + min * 60 + s;
    return true;
}

static bool take_day(const char **at, int *out)
{
    for (*out = 0; *out < 7; (*out)++)
        if (take(at, days[*out]))
            return true;
    return false;
}

static bool take_date(const char **at, int32_t *out)
{
    int32_t part[4];
    const char *c = *at;
    if (!take_two(&c, 100, &part[0]) || !take_two(&c, 100, &part[1]) || !take(&c, "-") ||
        !take_two(&c, 13, &part[2]) || !take(&c, "-") || !take_two(&c, 32, &part[3]))
        return false;
    *out = part[0] * 1000000 + part[1] * 10000 + part[2] * 100 + part[3];
    *at = c;
    return true;
}

static bool take_days(const char **at, uint32_t *out)
{
    *out = 0;
    if (take(at, "daily")) {
        *out = CALENDAR_DAYS_ALL;
        return true;
    }
    int next = 0; // the first day that may still come
    do {
        int from, to;
        if (!take_day(at, &from) || from < next)
            return false;
        to = from;
        if (take(at, "-") && (!take_day(at, &to) || to <= from))
            return false;
        for (int d = from; d <= to; d++)
            *out |= 1U << d;
        next = to + 1;
    } while (take(at, ","));
    return true;
}

static bool take_every(const char **at, int32_t *out_s)
{
    int32_t number;
    if (!take_number(at, &number))
        return false;
    for (int i = 0; i < UNITS; i++)
        if (take(at, units[i].word)) {
            *out_s = number * units[i].seconds; // 99999 h fit
            return true;
        }
    return false;
}

static bool take_times(const char **at, struct calendar_rule *r)
{
    if (!take_time(at, &r->first_s))
        return false;
    r->last_s = r->first_s;
    if (!take(at, "-"))
        return true;
    return take_time(at, &r->last_s) && take(at, "/") && take_every(at, &r->every_s);
}

static bool take_action(const char **at, struct calendar_rule *r)
{
    for (int i = 0; i < ACTIONS && r->action == 0; i++)
        if (take(at, actions[i].word))
            r->action = actions[i].action;
    if (r->action == CALENDAR_START && take(at, ":"))
        return take_number(at, &r->cue);
    return r->action != 0;
}

bool calendar_text_read(const char *text, uint32_t id, struct calendar_rule *out)
{
    struct calendar_rule r = {.id = id};
    if (take_date(&text, &r.date))
        r.weekdays = CALENDAR_DAYS_ALL;
    bool ok = (r.date || take_days(&text, &r.weekdays)) && take(&text, " ") &&
              take_times(&text, &r) && take(&text, " ") && take_action(&text, &r) && *text == 0;
    if (!ok || !calendar_rule_valid(&r))
        return false;
    *out = r;
    return true;
}

// Writing: each put_ returns the new end. CALENDAR_TEXT_SIZE has room for all.

static char *put(char *end, const char *word)
{
    size_t n = strlen(word);
    memcpy(end, word, n + 1);
    return end + n;
}

static char *put_number(char *end, int32_t number)
{
    return end + sprintf(end, "%d", number);
}

static char *put_time(char *end, int32_t s)
{
    end += sprintf(end, "%02d:%02d", s / 3600, s / 60 % 60);
    return s % 60 ? end + sprintf(end, ":%02d", s % 60) : end;
}

static char *put_date(char *end, int32_t date)
{
    return end + sprintf(end, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
}

// Three or more in a row are a range.
static char *put_days(char *end, uint32_t weekdays)
{
    if (weekdays == CALENDAR_DAYS_ALL)
        return put(end, "daily");
    const char *between = "";
    for (int d = 0; d < 7; d++) {
        if (!(weekdays >> d & 1))
            continue;
        end = put(put(end, between), days[d]);
        between = ",";
        int to = d;
        while (to < 6 && (weekdays >> (to + 1) & 1))
            to++;
        if (to - d >= 2) {
            end = put(put(end, "-"), days[to]);
            d = to;
        }
    }
    return end;
}

static char *put_every(char *end, int32_t every_s)
{
    int unit = 0;
    while (every_s % units[unit].seconds != 0)
        unit++;
    return put(put_number(end, every_s / units[unit].seconds), units[unit].word);
}

void calendar_text_write(const struct calendar_rule *r, char out[CALENDAR_TEXT_SIZE])
{
    CHECK(calendar_rule_valid(r));
    char *end = r->date ? put_date(out, r->date) : put_days(out, r->weekdays);
    end = put(end, " ");
    end = put_time(end, r->first_s);
    if (r->every_s) {
        end = put_time(put(end, "-"), r->last_s);
        end = put_every(put(end, "/"), r->every_s);
    }
    end = put(end, " ");
    for (int i = 0; i < ACTIONS; i++)
        if (actions[i].action == r->action)
            end = put(end, actions[i].word);
    if (r->cue)
        end = put_number(put(end, ":"), r->cue);
    CHECK(end - out < CALENDAR_TEXT_SIZE);
}
