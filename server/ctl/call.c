// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/call.h"

#include "common/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>

const char *call_text(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "-";
}

long long call_number(json_t *j, const char *key)
{
    return (long long)json_integer_value(json_object_get(j, key));
}

static void print_json(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    putchar('\n');
}

bool call_show(struct call *c, json_t *answer, bool ok, void (*print)(json_t *))
{
    if (ok && c->json && answer)
        print_json(answer);
    else if (ok && print)
        print(answer);
    json_decref(answer);
    return ok;
}

bool call_group_path(const char *group, const char *tail, char *out, size_t size)
{
    if (!wire_id_valid(group)) {
        fprintf(stderr, "roomtonectl: '%s' is not a group's id (see 'group list')\n", group);
        return false;
    }
    snprintf(out, size, "/api/v1/groups/%s%s", group, tail);
    return true;
}

static void print_ack(json_t *a)
{
    printf("%s: revision %lld, at %lld us of house time%s\n", call_text(a, "group"),
           call_number(a, "rev"), call_number(a, "at"),
           json_is_true(json_object_get(a, "duplicate")) ? " (seen before)" : "");
}

bool call_command(struct call *c, json_t *body)
{
    char path[200];
    bool ok;
    if (!call_group_path(c->argv[0], "/commands", path, sizeof path)) {
        json_decref(body);
        return false;
    }
    if (c->at)
        json_object_set_new(body, "at", json_integer(strtoll(c->at, NULL, 10)));
    if (c->id)
        json_object_set_new(body, "cmd_id", json_string(c->id));
    json_t *a = api_send(c->api, "POST", path, body, &ok);
    return call_show(c, a, ok, print_ack);
}
