// SPDX-License-Identifier: Apache-2.0
// Tracks and tours.
#include "common/wire/wire.h"
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_track(json_t *a)
{
    json_t *in = json_object_get(a, "ingest");
    printf("%s %s: %.1f s, %lld bytes\n", call_text(a, "track"), call_text(a, "lang"),
           (double)call_number(in, "dur_us") / 1e6, call_number(in, "bytes"));
}

// "/a/My File.wav" -> "my-file"
static void id_of_file(const char *file, char *out, size_t size)
{
    char name[256];
    const char *slash = strrchr(file, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : file);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    wire_id_from_text(name, "track", out, size);
}

bool tracks_add(struct call *c)
{
    char id[WIRE_ID_MAX + 1], path[300];
    bool ok;
    const char *lang = c->lang ? c->lang : "en";
    if (c->id)
        snprintf(id, sizeof id, "%s", c->id);
    else
        id_of_file(c->argv[0], id, sizeof id);
    if (!wire_id_valid(id) || !wire_lang_valid(lang)) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -, the language like en\n");
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/tracks/%s", id);
    json_t *title = json_pack("{s:s}", lang, c->argc > 1 ? c->argv[1] : id);
    json_decref(api_send(c->api, "PUT", path, json_pack("{s:o}", "title", title), &ok));
    if (!ok)
        return false;
    snprintf(path, sizeof path, "/api/v1/tracks/%s/audio/%s", id, lang);
    json_t *a = api_upload(c->api, path, "application/octet-stream", c->argv[0], &ok);
    return call_show(c, a, ok, print_track);
}

static void print_captions(json_t *a)
{
    (void)a;
    printf("kept\n");
}

bool tracks_captions(struct call *c)
{
    char path[300];
    bool ok;
    const char *lang = c->lang ? c->lang : "en";
    if (!wire_id_valid(c->argv[0]) || !wire_lang_valid(lang)) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -, the language like en\n");
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/tracks/%s/captions/%s", c->argv[0], lang);
    json_t *a = api_upload(c->api, path, "text/vtt", c->argv[1], &ok);
    return call_show(c, a, ok, print_captions);
}

static void print_tracks(json_t *a)
{
    size_t i, k;
    json_t *t, *v;
    json_array_foreach(json_object_get(a, "tracks"), i, t)
    {
        printf("%-24s %6.1f s ", call_text(t, "id"), (double)call_number(t, "dur_us") / 1e6);
        json_array_foreach(json_object_get(t, "variants"), k, v)
        {
            printf(" %s", call_text(v, "lang"));
        }
        putchar('\n');
    }
}

bool tracks_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/tracks", &ok);
    return call_show(c, a, ok, print_tracks);
}

static void print_tour(json_t *a)
{
    printf("%s published as %.12s\n", call_text(a, "id"), call_text(a, "hash"));
}

bool tours_publish(struct call *c)
{
    char path[200];
    bool ok;
    json_t *cues = json_array();
    for (int i = 1; i < c->argc; i++)
        json_array_append_new(cues, json_pack("{s:s,s:s}", "track", c->argv[i], "on_end",
                                              i + 1 < c->argc ? "next" : "stop"));
    if (!wire_id_valid(c->argv[0])) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -\n");
        json_decref(cues);
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/tours/%s", c->argv[0]);
    json_t *title = json_pack("{s:s}", c->lang ? c->lang : "en", c->argv[0]);
    json_t *a =
        api_send(c->api, "PUT", path, json_pack("{s:o,s:o}", "title", title, "cues", cues), &ok);
    return call_show(c, a, ok, print_tour);
}

static void print_tours(json_t *a)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(a, "tours"), i, t)
    {
        printf("%-24s %lld cues  %.12s\n", call_text(t, "id"), call_number(t, "cues"),
               call_text(t, "hash"));
    }
}

bool tours_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/tours", &ok);
    return call_show(c, a, ok, print_tours);
}
