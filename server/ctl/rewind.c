// SPDX-License-Identifier: Apache-2.0
// A group's history: look, go back, copy.
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void print_change(json_t *ch)
{
    char when[32] = "-", point[48];
    json_t *state = json_object_get(ch, "state");
    time_t wall = (time_t)(call_number(ch, "wall") / 1000000);
    struct tm tm;
    if (wall && localtime_r(&wall, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(point, sizeof point, "%lld.%lld", call_number(ch, "epoch"), call_number(ch, "rev"));
    printf("%-10s %-19s  %-12s %-10s -> %-7s cue %lld\n", point, when, call_text(ch, "actor"),
           call_text(ch, "do"), call_text(state, "mode"), call_number(state, "cue"));
}

static void print_history(json_t *a)
{
    size_t i;
    json_t *ch;
    json_array_foreach(json_object_get(a, "changes"), i, ch)
    {
        print_change(ch);
    }
    if (json_is_true(json_object_get(a, "more")))
        puts("(there is more: --limit N)");
}

bool rewind_history(struct call *c)
{
    char path[200], tail[64];
    bool ok;
    snprintf(tail, sizeof tail, "/history?limit=%d", c->limit ? atoi(c->limit) : 50);
    if (!call_group_path(c->argv[0], tail, path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_history);
}

// "1.42": a revision. "2026-11-25 09:30[:15]" or "09:30" (today): a time on this machine's clock.
static json_t *point_of(const char *text)
{
    long long epoch, rev;
    int used = 0;
    if (sscanf(text, "%lld.%lld%n", &epoch, &rev, &used) == 2 && text[used] == '\0')
        return json_pack("{s:s,s:[I,I]}", "do", "restore", "to", (json_int_t)epoch,
                         (json_int_t)rev);
    static const char *const forms[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%H:%M:%S", "%H:%M"};
    for (int i = 0; i < 4; i++) {
        time_t now = time(NULL);
        struct tm tm;
        localtime_r(&now, &tm);
        tm.tm_sec = 0;
        const char *end = strptime(text, forms[i], &tm);
        tm.tm_isdst = -1;
        if (end && *end == '\0')
            return json_pack("{s:s,s:I}", "do", "restore", "to_wall",
                             (json_int_t)mktime(&tm) * 1000000);
    }
    return NULL;
}

bool rewind_restore(struct call *c)
{
    json_t *body = point_of(c->argv[1]);
    if (!body) {
        fprintf(stderr,
                "roomtonectl: '%s' is neither a revision like 1.42 (see 'group history') nor a time"
                " like 09:30 or '2026-11-25 09:30'\n",
                c->argv[1]);
        return false;
    }
    return call_command(c, body);
}

static void print_copy(json_t *g)
{
    printf("%s: code %s, link %s\n", call_text(g, "id"), call_text(g, "code"),
           call_text(g, "link"));
}

bool rewind_duplicate(struct call *c)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], "/duplicate", path, sizeof path))
        return false;
    json_t *body = json_pack("{s:s,s:b}", "name", c->argv[1], "schedule", (int)c->schedule);
    if (c->id)
        json_object_set_new(body, "id", json_string(c->id));
    json_t *a = api_send(c->api, "POST", path, body, &ok);
    return call_show(c, a, ok, print_copy);
}
