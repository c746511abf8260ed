// SPDX-License-Identifier: Apache-2.0
// The house's own name, colour and logo.
#include "server/ctl/call.h"

#include <stdio.h>
#include <string.h>

static void print_venue(json_t *a)
{
    printf("name    %s\ncolour  %s\nlogo    %s\nlang    %s\nzone    %s\n", call_text(a, "name"),
           call_text(a, "colour"), call_text(a, "logo"), call_text(a, "lang"),
           call_text(a, "zone"));
}

bool venue_show(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/venue", &ok);
    return call_show(c, a, ok, print_venue);
}

// The empty text takes a thing away; what was not said stays.
static void change(json_t *venue, const char *key, const char *value)
{
    if (value && value[0])
        json_object_set_new(venue, key, json_string(value));
    else if (value)
        json_object_del(venue, key);
}

static bool change_logo(struct call *c, json_t *venue)
{
    if (!c->logo || !c->logo[0]) {
        change(venue, "logo", c->logo);
        return true;
    }
    bool ok;
    json_t *a = api_upload(c->api, "/api/v1/pictures", "application/octet-stream", c->logo, &ok);
    if (ok)
        json_object_set(venue, "logo", json_object_get(a, "picture"));
    json_decref(a);
    return ok;
}

bool venue_set(struct call *c)
{
    bool ok;
    if (!c->name && !c->colour && !c->logo && !c->lang && !c->zone) {
        fprintf(stderr, "roomtonectl: say --name, --colour, --logo, --lang or --zone\n");
        return false;
    }
    json_t *venue = api_get(c->api, "/api/v1/venue", &ok);
    if (!ok)
        return false;
    change(venue, "name", c->name);
    change(venue, "colour", c->colour);
    // These two stay when they are not said, and go when they are empty.
    if (c->lang)
        json_object_set_new(venue, "lang", json_string(c->lang));
    if (c->zone)
        json_object_set_new(venue, "zone", json_string(c->zone));
    if (!change_logo(c, venue)) {
        json_decref(venue);
        return false;
    }
    json_t *a = api_send(c->api, "PUT", "/api/v1/venue", venue, &ok);
    return call_show(c, a, ok, print_venue);
}
