// SPDX-License-Identifier: Apache-2.0
// Tours: look, edit as a file, see what an edition would mean, go back.
#include "common/wire/wire.h"
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool tour_path(const char *tour, const char *tail, char *out, size_t size)
{
    if (!wire_id_valid(tour)) {
        fprintf(stderr, "roomtonectl: '%s' is not a tour's id (see 'tour list')\n", tour);
        return false;
    }
    snprintf(out, size, "/api/v1/tours/%s%s", tour, tail);
    return true;
}

static void print_span(const char *what, json_t *cue, const char *key)
{
    if (call_number(cue, key))
        printf("  %s %.1f s", what, (double)call_number(cue, key) / 1e6);
}

static void print_tour(json_t *a)
{
    size_t i;
    json_t *cue;
    printf("%s, version %lld, %.12s\n", call_text(a, "id"), call_number(a, "version"),
           call_text(a, "hash"));
    json_array_foreach(json_object_get(json_object_get(a, "tour"), "cues"), i, cue)
    {
        printf("  %3zu %-20s %-20s then %s", i, call_text(cue, "id"), call_text(cue, "track"),
               call_text(cue, "on_end"));
        print_span("after", cue, "gap_us");
        print_span("fade in", cue, "fade_in_us");
        print_span("fade out", cue, "fade_out_us");
        putchar('\n');
    }
}

bool tours_show(struct call *c)
{
    char path[200];
    bool ok;
    if (!tour_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_tour);
}

// A tour as 'tour show --json' gives it, or only what is in its "tour". NULL, and said, when the
// file is none. *hash: what it was made of; NULL when it does not say.
static json_t *read_file(const char *file, const char **hash, json_t **whole)
{
    json_error_t error;
    *whole = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!*whole) {
        fprintf(stderr, "roomtonectl: %s: %s\n", file, error.text);
        return NULL;
    }
    json_t *tour = json_object_get(*whole, "tour");
    *hash = tour ? json_string_value(json_object_get(*whole, "hash")) : NULL;
    return json_incref(tour ? tour : *whole);
}

static void print_published(json_t *a)
{
    printf("%s published as %.12s\n", call_text(a, "id"), call_text(a, "hash"));
}

bool tours_put(struct call *c)
{
    char path[200];
    const char *hash;
    bool ok;
    json_t *whole, *tour;
    if (!tour_path(c->argv[0], "", path, sizeof path) ||
        !(tour = read_file(c->argv[1], &hash, &whole)))
        return false;
    if (hash && !c->force)
        api_on(c->api, hash);
    json_t *a = api_send(c->api, "PUT", path, tour, &ok);
    json_decref(whole);
    return call_show(c, a, ok, print_published);
}

static void print_effect(json_t *a)
{
    static const struct {
        const char *when, *words;
    } all[] = {{"none", "has it"},
               {"now", "would have it at once, where it is"},
               {"cue_end", "would go on with what plays and then follow it"},
               {"later", "is about to change cues: ask again in a moment"},
               {"stop", "would have to be stopped and loaded anew"}};
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(a, "groups"), i, g)
    {
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
            if (strcmp(all[k].when, call_text(g, "when")) == 0)
                printf("%-24s %-8s cue %lld  %s\n", call_text(g, "id"), call_text(g, "mode"),
                       call_number(g, "cue"), all[k].words);
        }
    }
    if (json_array_size(json_object_get(a, "groups")) == 0)
        puts("no group has this tour loaded");
}

bool tours_effect(struct call *c)
{
    char path[200];
    const char *hash;
    bool ok;
    json_t *whole = NULL, *tour;
    if (!tour_path(c->argv[0], "/effect", path, sizeof path))
        return false;
    tour = c->argc > 1 ? read_file(c->argv[1], &hash, &whole) : json_object();
    if (!tour)
        return false;
    json_t *a = api_send(c->api, "POST", path, tour, &ok);
    json_decref(whole);
    return call_show(c, a, ok, print_effect);
}

static void print_versions(json_t *a)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(a, "versions"), i, v)
    {
        char when[32] = "-";
        time_t wall = (time_t)(call_number(v, "wall") / 1000000);
        struct tm tm;
        if (wall && localtime_r(&wall, &tm))
            strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
        printf("%4lld  %-19s  %-12s %lld cues  %.12s\n", call_number(v, "version"), when,
               call_text(v, "actor"), call_number(v, "cues"), call_text(v, "hash"));
    }
}

bool tours_versions(struct call *c)
{
    char path[200];
    bool ok;
    if (!tour_path(c->argv[0], "/versions", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_versions);
}

bool tours_restore(struct call *c)
{
    char path[200], tail[60];
    bool ok;
    snprintf(tail, sizeof tail, "/versions/%d/restore", atoi(c->argv[1]));
    if (!tour_path(c->argv[0], tail, path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "POST", path, NULL, &ok);
    return call_show(c, a, ok, print_published);
}

static void print_gone(json_t *a)
{
    printf("%s is deleted; 'tour versions' and 'tour restore' bring it back\n", call_text(a, "id"));
}

bool tours_delete(struct call *c)
{
    char path[200];
    bool ok;
    if (!tour_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    return call_show(c, a, ok, print_gone);
}

static void print_deleted(json_t *a)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(a, "tours"), i, t)
    {
        printf("%-24s version %lld\n", call_text(t, "id"), call_number(t, "version"));
    }
}

bool tours_deleted(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/deleted/tours", &ok);
    return call_show(c, a, ok, print_deleted);
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
    return call_show(c, a, ok, print_published);
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
