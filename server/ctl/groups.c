// SPDX-License-Identifier: Apache-2.0
// Groups: list, make, show, move, and what they do by themselves.
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_group(json_t *g)
{
    json_t *state = json_object_get(g, "state");
    printf("%-24s %s  %-8s cue %lld  %lld visitors, %lld kiosks  %s\n", call_text(g, "id"),
           call_text(g, "code"), call_text(state, "mode"), call_number(state, "cue"),
           call_number(g, "visitors"), call_number(g, "kiosks"), call_text(g, "name"));
}

static void print_groups(json_t *a)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(a, "groups"), i, g)
    {
        print_group(g);
    }
}

bool groups_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/groups", &ok);
    return call_show(c, a, ok, print_groups);
}

bool groups_create(struct call *c)
{
    bool ok;
    json_t *body = json_pack("{s:s}", "name", c->argv[0]);
    if (c->id)
        json_object_set_new(body, "id", json_string(c->id));
    if (c->argc > 1)
        json_object_set_new(body, "tour", json_string(c->argv[1]));
    json_t *a = api_send(c->api, "POST", "/api/v1/groups", body, &ok);
    return call_show(c, a, ok, print_group);
}

static void print_plan(json_t *plan)
{
    size_t i;
    json_t *rule;
    printf("  when empty %s after %lld s, after an unknown outage %s\n",
           call_text(plan, "when_empty"), call_number(plan, "empty_after_s"),
           call_text(plan, "after_reboot"));
    json_array_foreach(json_object_get(plan, "schedule"), i, rule)
    {
        printf("  schedule %s\n", json_string_value(rule));
    }
}

static void print_group_whole(json_t *g)
{
    size_t i;
    json_t *m;
    print_group(g);
    printf("  join link %s, for guides %s\n", call_text(g, "link"), call_text(g, "guide_link"));
    print_plan(json_object_get(g, "plan"));
    json_array_foreach(json_object_get(g, "members"), i, m)
    {
        json_t *r = json_object_get(m, "report");
        printf("  %-8s %-20s %-5s %-8s error %lld us  rtt %lld us\n", call_text(m, "role"),
               call_text(m, "name"), call_text(m, "lang"), call_text(r, "playing"),
               call_number(r, "error_us"), call_number(r, "rtt_us"));
    }
}

bool groups_show(struct call *c)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_group_whole);
}

bool groups_play(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "play"));
}

bool groups_pause(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "pause"));
}

bool groups_next(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "next"));
}

bool groups_prev(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "prev"));
}

bool groups_stop(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "stop"));
}

bool groups_goto(struct call *c)
{
    return call_command(c, json_pack("{s:s,s:i}", "do", "goto", "cue", atoi(c->argv[1])));
}

bool groups_load(struct call *c)
{
    return call_command(
        c, json_pack("{s:s,s:s,s:b}", "do", "load", "tour", c->argv[1], "keep", (int)c->keep));
}

// "75" seconds, "75.5", "1:15" or "1:02:03".
static bool parse_position(const char *s, long long *us)
{
    double whole = 0;
    for (;;) {
        char *end;
        double part = strtod(s, &end);
        if (end == s || part < 0 || part > 1e6)
            return false;
        whole = whole * 60 + part;
        if (!*end) {
            *us = (long long)(whole * 1e6 + 0.5);
            return true;
        }
        if (*end != ':')
            return false;
        s = end + 1;
    }
}

bool groups_seek(struct call *c)
{
    long long us;
    if (!parse_position(c->argv[1], &us)) {
        fprintf(stderr, "roomtonectl: '%s' is not a position like 75, 1:15 or 1:02:03\n",
                c->argv[1]);
        return false;
    }
    return call_command(c, json_pack("{s:s,s:I}", "do", "seek", "position", (json_int_t)us));
}

static bool set_one(json_t *body, const char *word)
{
    char key[32];
    const char *value = strchr(word, '=');
    size_t len = value ? (size_t)(value - word) : 0;
    if (!value || len >= sizeof key)
        return false;
    snprintf(key, sizeof key, "%.*s", (int)len, word);
    value++;
    if (strcmp(key, "empty_after_s") == 0)
        json_object_set_new(body, key, json_integer(strtoll(value, NULL, 10)));
    else if (strcmp(key, "when_empty") == 0 || strcmp(key, "after_reboot") == 0)
        json_object_set_new(body, key, json_string(value));
    else
        return false;
    return true;
}

bool groups_set(struct call *c)
{
    json_t *body = json_pack("{s:s}", "do", "configure");
    for (int i = 1; i < c->argc; i++) {
        if (set_one(body, c->argv[i]))
            continue;
        fprintf(stderr,
                "roomtonectl: '%s' is none of when_empty=continue|hold|reset, empty_after_s=N,"
                " after_reboot=continue|hold\n",
                c->argv[i]);
        json_decref(body);
        return false;
    }
    return call_command(c, body);
}

bool groups_schedule(struct call *c)
{
    json_t *rules = json_array();
    bool none = c->argc == 2 && strcmp(c->argv[1], "none") == 0;
    for (int i = 1; i < c->argc && !none; i++)
        json_array_append_new(rules, json_string(c->argv[i]));
    return call_command(c, json_pack("{s:s,s:o}", "do", "configure", "schedule", rules));
}

bool groups_release(struct call *c)
{
    return call_command(c, json_pack("{s:s}", "do", "release"));
}

bool groups_guide_pin(struct call *c)
{
    char path[200];
    bool ok, none = strcmp(c->argv[1], "none") == 0;
    if (!call_group_path(c->argv[0], "/guide-pin", path, sizeof path))
        return false;
    json_t *body = none ? NULL : json_pack("{s:s}", "pin", c->argv[1]);
    json_t *a = api_send(c->api, none ? "DELETE" : "PUT", path, body, &ok);
    if (ok && !c->json)
        puts(none ? "there is no PIN any more" : "set");
    return call_show(c, a, ok, NULL);
}
