// SPDX-License-Identifier: Apache-2.0
// Tracks and what belongs to them. Their sound goes through upload.c.
#include "server/ctl/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// "/api/v1/tracks/ID", or "/api/v1/tracks/ID/KIND/LANG"; false, and said, when either is none.
static bool track_path(struct call *c, const char *id, const char *kind, char *out, size_t size)
{
    const char *lang = c->lang ? c->lang : "en";
    if (!wire_id_valid(id) || !wire_lang_valid(lang)) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -, the language like en\n");
        return false;
    }
    if (kind)
        snprintf(out, size, "/api/v1/tracks/%s/%s/%s", id, kind, lang);
    else
        snprintf(out, size, "/api/v1/tracks/%s", id);
    return true;
}

static bool is_none(const char *text)
{
    return strcmp(text, "none") == 0;
}

// Says what it did, where there is no answer to show.
static bool said(struct call *c, json_t *answer, bool ok, const char *what)
{
    if (ok && !c->json)
        puts(what);
    else if (ok && !answer)
        puts("{}");
    return call_show(c, answer, ok, NULL);
}

// ---- titles and cover

// Sets one title and keeps the others (`title` NULL: all; `preset` where there is none); `cover`
// NULL: as it is.
static bool name_track(struct call *c, const char *id, const char *title, const char *preset,
                       const char *cover)
{
    char path[300];
    bool ok, have;
    if (!track_path(c, id, NULL, path, sizeof path))
        return false;
    api_be_quiet(c->api, true);
    json_t *track = api_get(c->api, path, &have); // none: it is new
    api_be_quiet(c->api, false);
    json_t *titles = have ? json_incref(json_object_get(track, "title")) : json_object();
    json_decref(track);
    const char *lang = c->lang ? c->lang : "en";
    if (!title && !json_object_get(titles, lang))
        title = preset;
    if (title)
        json_object_set_new(titles, lang, json_string(title));
    json_t *body = json_pack("{s:o,s:s*}", "title", titles, "cover", cover);
    json_decref(api_send(c->api, "PUT", path, body, &ok));
    return ok;
}

bool tracks_title(struct call *c)
{
    return name_track(c, c->argv[0], c->argv[1], NULL, NULL) && said(c, NULL, true, "named");
}

bool tracks_cover(struct call *c)
{
    bool ok = true;
    json_t *a = NULL;
    if (!is_none(c->argv[1]))
        a = api_upload(c->api, "/api/v1/pictures", "application/octet-stream", c->argv[1], &ok);
    ok = ok && name_track(c, c->argv[0], NULL, NULL, a ? call_text(a, "picture") : "");
    return said(c, a, ok, "kept");
}

// ---- sound

bool tracks_add(struct call *c)
{
    char id[WIRE_ID_MAX + 1], path[300], upload[64];
    if (c->id)
        snprintf(id, sizeof id, "%s", c->id);
    else
        id_of_file(c->argv[0], id, sizeof id);
    if (!track_path(c, id, "audio", path, sizeof path) || !upload_wish_ok(c))
        return false;
    const char *title = c->argc > 1 ? c->argv[1] : NULL;
    if (!upload_file(c, c->argv[0], upload, sizeof upload) || !name_track(c, id, title, id, NULL))
        return false;
    return upload_make(c, path, upload);
}

bool tracks_level(struct call *c)
{
    char path[300];
    return track_path(c, c->argv[0], "audio", path, sizeof path) && upload_wish_ok(c) &&
           upload_make(c, path, NULL);
}

bool tracks_original(struct call *c)
{
    char path[300];
    if (!track_path(c, c->argv[0], "audio", path, sizeof path))
        return false;
    FILE *f = fopen(c->argv[1], "wbxe");
    if (!f) {
        perror(c->argv[1]);
        return false;
    }
    bool ok = api_download(c->api, path, f);
    ok = fclose(f) == 0 && ok;
    if (!ok)
        remove(c->argv[1]);
    return said(c, NULL, ok, "written");
}

bool tracks_delete(struct call *c)
{
    char path[300];
    bool ok;
    if (!track_path(c, c->argv[0], c->lang ? "audio" : NULL, path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    return said(c, a, ok, "deleted");
}

// ---- words

static bool put_words(struct call *c, const char *kind, const char *type, const char *file)
{
    char path[300];
    bool ok;
    if (!track_path(c, c->argv[0], kind, path, sizeof path))
        return false;
    json_t *a = is_none(file) ? api_send(c->api, "DELETE", path, NULL, &ok)
                              : api_upload(c->api, path, type, file, &ok);
    return said(c, a, ok, is_none(file) ? "taken away" : "kept");
}

bool tracks_captions(struct call *c)
{
    return put_words(c, "captions", "text/vtt", c->argv[1]);
}

static void print_transcript(json_t *a)
{
    puts(call_text(a, "text"));
}

bool tracks_transcript(struct call *c)
{
    char path[300];
    bool ok;
    if (c->argc > 1)
        return put_words(c, "transcript", "text/plain", c->argv[1]);
    if (!track_path(c, c->argv[0], "transcript", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_transcript);
}

// ---- lists

static void print_langs(json_t *t)
{
    size_t k;
    json_t *v;
    json_array_foreach(json_object_get(t, "variants"), k, v)
    {
        bool words = json_object_get(v, "captions") || json_object_get(v, "transcript");
        printf(" %s%s", call_text(v, "lang"), words ? "" : "*");
    }
}

static void print_tracks(json_t *a)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(a, "tracks"), i, t)
    {
        printf("%-24s %7.1f s  %-14s", call_text(t, "id"), (double)call_number(t, "dur_us") / 1e6,
               json_object_get(t, "uneven_us") ? "lengths differ" : "");
        print_langs(t);
        putchar('\n');
    }
    if (i > 0)
        puts("* neither captions nor a transcript");
}

bool tracks_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/tracks", &ok);
    return call_show(c, a, ok, print_tracks);
}

static void print_level(json_t *x)
{
    if (json_is_number(x))
        printf(" %7.1f", json_number_value(x));
    else
        printf(" %7s", "-");
}

static void print_track(json_t *t)
{
    size_t i;
    json_t *v, *x;
    const char *lang;
    printf("%s\n", call_text(t, "id"));
    json_object_foreach(json_object_get(t, "title"), lang, x)
    {
        printf("  %-8s %s\n", lang, json_string_value(x));
    }
    printf("  %-8s %9s %7s %7s %7s %7s  %s\n", "lang", "s", "came", "gain", "is", "peak", "kind");
    json_array_foreach(json_object_get(t, "variants"), i, v)
    {
        json_t *in = json_object_get(v, "ingest"), *made = json_object_get(in, "made");
        printf("  %-8s %9.1f", call_text(v, "lang"), (double)call_number(v, "dur_us") / 1e6);
        print_level(json_object_get(in, "loudness_lufs"));
        print_level(json_object_get(in, "gain_db"));
        print_level(json_object_get(made, "loudness_lufs"));
        print_level(json_object_get(made, "true_peak_dbtp"));
        printf("  %s%s%s\n", call_text(in, "kind"),
               json_object_get(v, "captions") ? ", captions" : "",
               json_object_get(v, "source") ? ", original kept" : "");
    }
}

bool tracks_show(struct call *c)
{
    char path[300];
    bool ok;
    if (!track_path(c, c->argv[0], NULL, path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_track);
}
