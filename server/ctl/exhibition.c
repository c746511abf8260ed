// SPDX-License-Identifier: Apache-2.0
// A whole exhibition as one file.
#include "server/ctl/call.h"

#include <stdio.h>

bool exhibition_take(struct call *c)
{
    bool ok = backup_fetch(c->api, "/api/v1/exhibition", c->argv[0]);
    if (ok && c->json)
        puts("{\"exhibition\":true}");
    else if (ok)
        printf("kept as %s\n", c->argv[0]);
    return ok;
}

static void print_given(json_t *a)
{
    size_t i;
    json_t *one;
    printf("%lld tracks, %lld tours, %lld files\n", call_number(a, "tracks"),
           call_number(a, "tours"), call_number(a, "files"));
    json_array_foreach(json_object_get(a, "groups"), i, one)
        printf("group %s\n", json_string_value(one));
    json_array_foreach(json_object_get(a, "kept"), i, one)
        printf("group %s was here and stays as it is\n", json_string_value(one));
}

bool exhibition_give(struct call *c)
{
    bool ok;
    json_t *a = api_upload(c->api, "/api/v1/exhibition", "application/x-tar", c->argv[0], &ok);
    return call_show(c, a, ok, print_given);
}

bool exhibition_demo(struct call *c)
{
    bool ok;
    json_t *a = api_send(c->api, "POST", "/api/v1/setup/demo", NULL, &ok);
    return call_show(c, a, ok, print_given);
}
