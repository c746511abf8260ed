// SPDX-License-Identifier: Apache-2.0
// Groups as curators edit them: another name, many at once, gone and back, a date as it will be.
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_name(json_t *g)
{
    printf("%s: %s, code %s\n", call_text(g, "id"), call_text(g, "name"), call_text(g, "code"));
}

bool groups_rename(struct call *c)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "PATCH", path, json_pack("{s:s}", "name", c->argv[1]), &ok);
    return call_show(c, a, ok, print_name);
}

static void print_gone(json_t *a)
{
    printf("%s is deleted (%lld visitors and %lld kiosks were in it); 'group undelete' brings it"
           " back\n",
           call_text(a, "id"), call_number(a, "visitors"), call_number(a, "kiosks"));
}

bool groups_delete(struct call *c)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], c->force ? "?force=true" : "", path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    return call_show(c, a, ok, print_gone);
}

static void print_deleted(json_t *a)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(a, "groups"), i, g)
    {
        printf("%-24s %s\n", call_text(g, "id"), call_text(g, "name"));
    }
}

bool groups_deleted(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/deleted/groups", &ok);
    return call_show(c, a, ok, print_deleted);
}

bool groups_undelete(struct call *c)
{
    char path[200], checked[200];
    bool ok;
    if (!call_group_path(c->argv[0], "", checked, sizeof checked))
        return false;
    snprintf(path, sizeof path, "/api/v1/deleted/groups/%s/restore", c->argv[0]);
    json_t *a = api_send(c->api, "POST", path, NULL, &ok);
    return call_show(c, a, ok, print_name);
}

static void print_made(json_t *a)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(a, "groups"), i, g)
    {
        print_name(g);
    }
}

bool groups_bulk(struct call *c)
{
    bool ok;
    json_t *body = json_pack("{s:s,s:s,s:i}", "tour", c->argv[0], "name", c->argv[1], "count",
                             atoi(c->argv[2]));
    if (c->date)
        json_object_set_new(body, "date", json_string(c->date));
    if (c->first)
        json_object_set_new(body, "first", json_string(c->first));
    if (c->every)
        json_object_set_new(body, "every_s",
                            json_integer((json_int_t)(strtod(c->every, NULL) * 60)));
    json_t *a = api_send(c->api, "POST", "/api/v1/groups/bulk", body, &ok);
    return call_show(c, a, ok, print_made);
}

static void print_day(json_t *a)
{
    size_t i;
    json_t *e;
    printf("%s, %s\n", call_text(a, "date"), call_text(a, "zone"));
    json_array_foreach(json_object_get(a, "entries"), i, e)
    {
        printf("  %-8s %s", call_text(e, "time"), call_text(e, "do"));
        if (call_number(e, "cue"))
            printf(" from cue %lld", call_number(e, "cue"));
        putchar('\n');
    }
    if (json_array_size(json_object_get(a, "entries")) == 0)
        puts("  nothing");
    if (json_is_true(json_object_get(a, "more")))
        puts("  and more");
}

bool groups_day(struct call *c)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *g = api_get(c->api, path, &ok);
    if (!ok)
        return call_show(c, g, ok, NULL);
    json_t *body =
        json_pack("{s:O}", "schedule", json_object_get(json_object_get(g, "plan"), "schedule"));
    json_decref(g);
    if (c->argc > 1)
        json_object_set_new(body, "date", json_string(c->argv[1]));
    json_t *a = api_send(c->api, "POST", "/api/v1/schedule/day", body, &ok);
    return call_show(c, a, ok, print_day);
}
