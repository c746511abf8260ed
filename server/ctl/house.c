// SPDX-License-Identifier: Apache-2.0
// Commands for many groups at once.
#include "server/ctl/call.h"

#include "common/wire/wire.h"

#include <stdio.h>

static void print_moved(json_t *a)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(a, "moved"), i, one)
        printf("%s: at %lld us of house time\n", call_text(one, "group"), call_number(one, "at"));
    json_array_foreach(json_object_get(a, "failed"), i, one)
        printf("%s: not moved: %s\n", call_text(one, "group"), call_text(one, "code"));
    if (json_array_size(json_object_get(a, "moved")) == 0)
        printf("no group was moved\n");
}

static bool order(struct call *c, const char *what)
{
    bool ok;
    json_t *body = json_pack("{s:s}", "do", what);
    if (c->argc > 0) {
        json_t *groups = json_array();
        for (int i = 0; i < c->argc; i++)
            json_array_append_new(groups, json_string(c->argv[i]));
        json_object_set_new(body, "groups", groups);
    }
    json_t *a = api_send(c->api, "POST", "/api/v1/house/commands", body, &ok);
    return call_show(c, a, ok, print_moved);
}

bool house_silence(struct call *c)
{
    return order(c, "silence");
}

bool house_pause(struct call *c)
{
    return order(c, "pause");
}

bool house_play(struct call *c)
{
    return order(c, "play");
}

bool house_stop(struct call *c)
{
    return order(c, "stop");
}
