// SPDX-License-Identifier: Apache-2.0
// A date as a schedule would have it, be it a group's own or one that is only thought of.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/house/calendar_text.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <string.h>
#include <time.h>

enum {
    // Enough for every five minutes of a day; each costs the loop some microseconds.
    ENTRIES_MAX = 300,
};

struct entry {
    int64_t wall_us;
    int rule;
    int32_t action, cue;
};

// The instant at which a date (yyyymmdd) begins; false when it is none.
static bool begins(int32_t date, int64_t *wall_us)
{
    struct calendar_rule r = {
        .id = 1, .date = date, .weekdays = CALENDAR_DAYS_ALL, .action = CALENDAR_STOP};
    struct calendar_hit hit;
    if (!calendar_rule_valid(&r) || !calendar_next(&r, 0, &hit))
        return false;
    *wall_us = hit.wall_us;
    return true;
}

static int32_t date_of(int64_t wall_us)
{
    time_t t = (time_t)(wall_us / 1000000);
    struct tm local;
    CHECK(localtime_r(&t, &local) != NULL);
    return (local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday;
}

// "2026-12-03"; absent: today, while that is known. False, and answered, when it is none.
static bool read_date(struct request *r, const char *text, int32_t *date)
{
    char rule[CALENDAR_TEXT_SIZE];
    struct calendar_rule parsed = {.date = 0};
    int64_t wall_us = house_wall_us(net_house(r->net)->anchor, net_now(r->net));
    snprintf(rule, sizeof rule, "%.12s 00:00 stop", text);
    if (text[0] && calendar_text_read(rule, 1, &parsed) && parsed.date)
        *date = parsed.date;
    else if (!text[0] && wall_us)
        *date = date_of(wall_us);
    else if (text[0])
        request_problem(r, ERR_BAD_MESSAGE, "date: must be like 2026-12-03");
    else
        request_problem(r, ERR_NOT_READY, "the box does not know the date");
    return (text[0] && parsed.date) || (!text[0] && wall_us);
}

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->wall_us != y->wall_us)
        return x->wall_us < y->wall_us ? -1 : 1;
    return x->rule - y->rule;
}

// One rule's occurrences of the day. False when there are more than fit.
static bool collect(const struct calendar_rule *r, int rule, int64_t from_us, int64_t to_us,
                    struct entry *out, int *count)
{
    struct calendar_hit hit;
    for (int64_t after = from_us - 1; calendar_next(r, after, &hit) && hit.wall_us < to_us;
         after = hit.wall_us) {
        if (*count == ENTRIES_MAX)
            return false;
        out[(*count)++] = (struct entry){hit.wall_us, rule, r->action, r->cue};
    }
    return true;
}

static json_t *entry_json(const struct entry *e)
{
    static const char *const actions[] = {
        [CALENDAR_START] = "start", [CALENDAR_STOP] = "stop", [CALENDAR_HOLD] = "hold"};
    time_t t = (time_t)(e->wall_us / 1000000);
    struct tm local;
    char time[16];
    CHECK(localtime_r(&t, &local) != NULL);
    strftime(time, sizeof time, local.tm_sec ? "%H:%M:%S" : "%H:%M", &local);
    json_t *j = json_pack("{s:I,s:s,s:s,s:i}", "wall", (json_int_t)e->wall_us, "time", time, "do",
                          actions[e->action], "rule", e->rule);
    if (e->action == CALENDAR_START)
        json_object_set_new(j, "cue", json_integer(e->cue));
    return j;
}

static void answer(struct request *r, int32_t date, struct entry *entries, int count, bool all)
{
    char text[16], zone[CALENDAR_ZONE_SIZE];
    json_t *list = json_array();
    qsort(entries, (size_t)count, sizeof *entries, by_time);
    for (int i = 0; i < count; i++)
        json_array_append_new(list, entry_json(&entries[i]));
    snprintf(text, sizeof text, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    calendar_zone_name(zone);
    request_json(r, 200,
                 json_pack("{s:s,s:s,s:o,s:b}", "date", text, "zone", zone, "entries", list, "more",
                           (int)!all));
}

void api_schedule_day(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct json_reader jr;
    char date_text[16];
    json_reader_init(&jr, body);
    json_get_string(&jr, "date", false, date_text, sizeof date_text);
    json_t *rules = json_get_array(&jr, "schedule", true), *rule;
    int32_t date = 0;
    int64_t from_us, to_us;
    struct entry entries[ENTRIES_MAX];
    int count = 0;
    bool all = true;
    size_t i;
    if (jr.err == ERR_OK && json_array_size(rules) > WIRE_RULES_MAX)
        json_fail(&jr, "schedule", "more than 16 rules");
    if (jr.err == ERR_OK && read_date(r, date_text, &date) && begins(date, &from_us)) {
        // No day is shorter than 20 hours or longer than 30, so this is within the next one.
        if (!begins(date_of(from_us + INT64_C(30) * 3600 * 1000000), &to_us))
            to_us = from_us + INT64_C(24) * 3600 * 1000000;
        json_array_foreach(rules, i, rule)
        {
            struct calendar_rule one;
            const char *text = json_string_value(rule);
            if (!text || !calendar_text_read(text, (uint32_t)i + 1, &one)) {
                json_fail(&jr, "schedule", "not a rule");
                break;
            }
            all = collect(&one, (int)i, from_us, to_us, entries, &count) && all;
        }
        if (jr.err == ERR_OK)
            answer(r, date, entries, count, all);
    }
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else if (date && !r->answered)
        request_problem(r, ERR_OUT_OF_RANGE, "there is no such date here");
}
