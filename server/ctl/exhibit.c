// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/exhibit.h"

#include <stdio.h>
#include <string.h>

struct import {
    struct api *api;
    char dir[500]; // of the manifest: its paths are relative to it
    bool quiet;
};

static void say(const struct import *im, const char *what, const char *id, const char *more)
{
    if (!im->quiet) {
        printf("%s %s%s%s\n", what, id, more[0] ? " " : "", more);
        fflush(stdout);
    }
}

static const char *text(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static bool send(struct import *im, const char *method, const char *path, json_t *body)
{
    bool ok;
    json_decref(api_send(im->api, method, path, body, &ok));
    return ok;
}

static json_t *upload_file(struct import *im, const char *path, const char *type, const char *name,
                           bool *ok)
{
    char file[1100];
    snprintf(file, sizeof file, "%s%s%s", name[0] == '/' ? "" : im->dir, name[0] == '/' ? "" : "/",
             name);
    return api_upload(im->api, path, type, file, ok);
}

static bool upload(struct import *im, const char *path, const char *type, const char *name)
{
    bool ok;
    json_decref(upload_file(im, path, type, name, &ok));
    return ok;
}

static bool import_variant(struct import *im, const char *id, const char *lang, json_t *variant)
{
    char path[300];
    say(im, "track", id, lang);
    snprintf(path, sizeof path, "/api/v1/tracks/%s/audio/%s", id, lang);
    if (!upload(im, path, "application/octet-stream", text(variant, "audio")))
        return false;
    if (!text(variant, "captions")[0])
        return true;
    snprintf(path, sizeof path, "/api/v1/tracks/%s/captions/%s", id, lang);
    return upload(im, path, "text/vtt", text(variant, "captions"));
}

static bool import_track(struct import *im, json_t *track)
{
    char path[300];
    const char *id = text(track, "id"), *lang;
    json_t *variant;
    snprintf(path, sizeof path, "/api/v1/tracks/%s", id);
    if (!send(im, "PUT", path, json_pack("{s:O?}", "title", json_object_get(track, "title"))))
        return false;
    json_object_foreach(json_object_get(track, "variants"), lang, variant)
    {
        if (!import_variant(im, id, lang, variant))
            return false;
    }
    return true;
}

// The tour's cues with their pictures brought into the house: the name of a file becomes the name
// that the house gives it. NULL when one could not be brought.
static json_t *cues_with_pictures(struct import *im, json_t *cues)
{
    json_t *out = json_deep_copy(cues), *cue;
    size_t i;
    json_array_foreach(out, i, cue)
    {
        if (!text(cue, "picture")[0])
            continue;
        bool ok;
        json_t *a = upload_file(im, "/api/v1/pictures", "application/octet-stream",
                                text(cue, "picture"), &ok);
        json_object_set(cue, "picture", json_object_get(a, "picture"));
        json_decref(a);
        if (!ok) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

static bool import_tour(struct import *im, json_t *tour)
{
    char path[300];
    say(im, "tour", text(tour, "id"), "");
    snprintf(path, sizeof path, "/api/v1/tours/%s", text(tour, "id"));
    json_t *cues = cues_with_pictures(im, json_object_get(tour, "cues"));
    return cues && send(im, "PUT", path,
                        json_pack("{s:O?,s:O*,s:o}", "title", json_object_get(tour, "title"),
                                  "alone", json_object_get(tour, "alone"), "cues", cues));
}

static bool group_exists(json_t *groups, const char *id)
{
    size_t i;
    json_t *g;
    json_array_foreach(groups, i, g)
    {
        if (strcmp(text(g, "id"), id) == 0)
            return true;
    }
    return false;
}

static bool import_groups(struct import *im, json_t *wanted)
{
    bool ok;
    json_t *have = api_get(im->api, "/api/v1/groups", &ok);
    size_t i;
    json_t *g;
    json_array_foreach(wanted, i, g)
    {
        if (!ok || group_exists(json_object_get(have, "groups"), text(g, "id")))
            continue;
        say(im, "group", text(g, "id"), "");
        ok = send(im, "POST", "/api/v1/groups", json_incref(g));
    }
    json_decref(have);
    return ok;
}

bool exhibit_import(struct api *a, const char *manifest, bool quiet)
{
    struct import im = {.api = a, .quiet = quiet};
    json_error_t error;
    json_t *j = json_load_file(manifest, JSON_REJECT_DUPLICATES, &error);
    if (!j || strcmp(text(j, "format"), "roomtone.exhibit.v1") != 0) {
        fprintf(stderr, "roomtonectl: %s: %s\n", manifest,
                j ? "not a roomtone.exhibit.v1 manifest" : error.text);
        json_decref(j);
        return false;
    }
    const char *slash = strrchr(manifest, '/');
    snprintf(im.dir, sizeof im.dir, "%.*s", slash ? (int)(slash - manifest) : 1,
             slash ? manifest : ".");
    bool ok = true;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(j, "tracks"), i, one)
    {
        ok = ok && import_track(&im, one);
    }
    json_array_foreach(json_object_get(j, "tours"), i, one)
    {
        ok = ok && import_tour(&im, one);
    }
    ok = ok && import_groups(&im, json_object_get(j, "groups"));
    json_decref(j);
    return ok;
}
