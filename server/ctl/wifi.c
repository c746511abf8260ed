// SPDX-License-Identifier: Apache-2.0
// The visitors' network, as posters have it.
#include "server/ctl/call.h"

#include <stdio.h>

static void print_wifi(json_t *a)
{
    printf("name      %s\npassword  %s\nhidden    %s\n", call_text(a, "name"),
           call_text(a, "password"), json_is_true(json_object_get(a, "hidden")) ? "yes" : "no");
}

bool wifi_show(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/wifi", &ok);
    return call_show(c, a, ok, print_wifi);
}

bool wifi_set(struct call *c)
{
    bool ok;
    json_t *body = json_object();
    if (c->argv[0][0])
        json_object_set_new(body, "name", json_string(c->argv[0]));
    if (c->argc > 1)
        json_object_set_new(body, "password", json_string(c->argv[1]));
    json_t *a = api_send(c->api, "PUT", "/api/v1/wifi", body, &ok);
    return call_show(c, a, ok, print_wifi);
}
