// SPDX-License-Identifier: Apache-2.0
// From what is asked to a tour's document, and back.
#include "common/base/check.h"
#include "common/picture/picture.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/tours.h"
#include "server/catalogue/tracks.h"

#include <string.h>

// What is asked of one cue, read and checked.
struct asked_cue {
    char id[WIRE_ID_MAX + 1], track[WIRE_ID_MAX + 1], picture[TOUR_PICTURE_MAX + 1];
    enum cue_end end;
    int64_t gap_us, fade_in_us, fade_out_us;
};

static void read_cue(struct json_reader *r, struct asked_cue *c)
{
    char on_end[16];
    json_get_string(r, "track", true, c->track, sizeof c->track);
    json_get_string(r, "id", false, c->id, sizeof c->id);
    json_get_string(r, "on_end", false, on_end, sizeof on_end);
    json_get_string(r, "picture", false, c->picture, sizeof c->picture);
    c->gap_us = json_get_int(r, "gap_us", false, 0, TOUR_GAP_MAX_US, 0);
    c->fade_in_us = json_get_int(r, "fade_in_us", false, 0, TOUR_FADE_MAX_US, 0);
    c->fade_out_us = json_get_int(r, "fade_out_us", false, 0, TOUR_FADE_MAX_US, 0);
    if (r->err == ERR_OK && !wire_id_valid(c->track))
        json_fail(r, "track", "not an id");
    c->end = CUE_NEXT;
    if (on_end[0] && !cue_end_parse(on_end, &c->end))
        json_fail(r, "on_end", "neither next, loop, stop nor wait");
    if (c->id[0] && !wire_id_valid(c->id))
        json_fail(r, "id", "not an id");
    if (r->err == ERR_OK && c->picture[0] && !tour_picture_valid(c->picture))
        json_fail(r, "picture", "not the name of a picture");
}

static void set_span(json_t *j, const char *key, int64_t us)
{
    if (us > 0)
        json_object_set_new(j, key, json_integer(us));
}

static const char *end_name(enum cue_end end)
{
    // A player from before there was a "wait" stops there, which is the best it can do.
    return end == CUE_LOOP ? "loop" : end == CUE_NEXT ? "next" : "stop";
}

static json_t *cue_part(sqlite3 *db, const char *content_dir, json_t *asked, enum err *e,
                        char *detail, size_t size)
{
    struct asked_cue c;
    struct json_reader r;
    json_reader_init(&r, asked);
    read_cue(&r, &c);
    if (r.err != ERR_OK) {
        *e = r.err;
        snprintf(detail, size, "%s", r.detail);
        return NULL;
    }
    if (c.picture[0] && !picture_kept(content_dir, c.picture)) {
        *e = ERR_NOT_FOUND;
        snprintf(detail, size, "picture %s", c.picture);
        return NULL;
    }
    json_t *track = catalogue_track_part(db, c.track, e, detail, size);
    if (!track)
        return NULL;
    if (!c.picture[0])
        tracks_cover(db, c.track, c.picture);
    json_t *j =
        json_pack("{s:s,s:s,s:s*,s:o}", "id", c.id[0] ? c.id : c.track, "on_end", end_name(c.end),
                  "picture", c.picture[0] ? c.picture : NULL, "track", track);
    if (c.end == CUE_WAIT)
        json_object_set_new(j, "wait", json_true());
    set_span(j, "gap_us", c.gap_us);
    set_span(j, "fade_in_us", c.fade_in_us);
    set_span(j, "fade_out_us", c.fade_out_us);
    return j;
}

static bool same_id_before(json_t *cues, const char *id)
{
    size_t i;
    json_t *cue;
    json_array_foreach(cues, i, cue)
    {
        if (strcmp(json_string_value(json_object_get(cue, "id")), id) == 0)
            return true;
    }
    return false;
}

// A cue is known by its id when an edition follows another: each has one of its own. Those that
// were not given are made of the track's name.
static void make_unique(json_t *cues, json_t *cue)
{
    char id[WIRE_ID_MAX + 1], base[WIRE_ID_MAX + 1];
    snprintf(base, sizeof base, "%.50s", json_string_value(json_object_get(cue, "id")));
    for (int n = 2; same_id_before(cues, json_string_value(json_object_get(cue, "id"))); n++) {
        snprintf(id, sizeof id, "%.50s-%d", base, n);
        json_object_set_new(cue, "id", json_string(id));
    }
}

static json_t *cue_parts(sqlite3 *db, const char *content_dir, json_t *asked, enum err *e,
                         char *detail, size_t size)
{
    json_t *cues = json_array(), *one;
    size_t i;
    json_array_foreach(asked, i, one)
    {
        json_t *cue = cue_part(db, content_dir, one, e, detail, size);
        if (!cue) {
            json_decref(cues);
            return NULL;
        }
        make_unique(cues, cue);
        json_array_append_new(cues, cue);
    }
    return cues;
}

static json_t *document(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                        enum err *e, char *detail, size_t size)
{
    struct json_reader r;
    json_reader_init(&r, request);
    json_t *title = json_get_object(&r, "title", true);
    if (title && !catalogue_titles_valid(title))
        json_fail(&r, "title", "must be short texts by language");
    char alone[16];
    enum tour_alone parsed;
    json_get_string(&r, "alone", false, alone, sizeof alone);
    if (r.err == ERR_OK && alone[0] && !tour_alone_parse(alone, &parsed))
        json_fail(&r, "alone", "neither continue nor finish");
    json_t *asked = json_get_array(&r, "cues", true);
    if (asked && (json_array_size(asked) < 1 || json_array_size(asked) > TOUR_CUES_MAX))
        json_fail(&r, "cues", "must be 1 to 200");
    *e = r.err;
    snprintf(detail, size, "%s", r.detail);
    json_t *cues = r.err == ERR_OK ? cue_parts(db, content_dir, asked, e, detail, size) : NULL;
    if (!cues)
        return NULL;
    return json_pack("{s:s,s:s,s:O,s:s*,s:o}", "format", "roomtone.tour.v1", "id", id, "title",
                     title, "alone", alone[0] ? alone : NULL, "cues", cues);
}

enum err tours_compose(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                       char **text, char *detail, size_t size)
{
    enum err e;
    json_t *doc = document(db, content_dir, id, request, &e, detail, size);
    if (!doc)
        return e;
    *text = catalogue_canonical(doc);
    json_decref(doc);
    // What players will be told must be what they can read.
    struct tour *check = tour_parse(*text, strlen(*text), detail, size);
    if (check) {
        tour_free(check);
        return ERR_OK;
    }
    free(*text);
    *text = NULL;
    return ERR_BAD_MESSAGE;
}

static void copy_field(json_t *to, json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, key, value);
}

json_t *tours_as_asked(json_t *doc)
{
    static const char *const same[] = {"id",     "on_end",     "picture",
                                       "gap_us", "fade_in_us", "fade_out_us"};
    json_t *out = json_object(), *cues = json_array(), *cue;
    size_t i;
    copy_field(out, doc, "title");
    copy_field(out, doc, "alone");
    json_array_foreach(json_object_get(doc, "cues"), i, cue)
    {
        json_t *one = json_object();
        for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
            copy_field(one, cue, same[k]);
        if (json_is_true(json_object_get(cue, "wait")))
            json_object_set_new(one, "on_end", json_string("wait"));
        json_object_set(one, "track", json_object_get(json_object_get(cue, "track"), "id"));
        json_array_append_new(cues, one);
    }
    json_object_set_new(out, "cues", cues);
    return out;
}
