// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/exhibition.h"

#include "common/base/check.h"
#include "common/picture/picture.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/columns.h"
#include "server/catalogue/tours.h"
#include "server/catalogue/tracks.h"
#include "server/catalogue/venue.h"
#include "server/store/db.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char FORMAT[] = "roomtone.exhibition.v1";

enum { TRACKS_MAX = 10000, TOURS_MAX = 1000, INFO_MAX = 4096 };

// The files of a variant: the column, which is also its name in the text, and the ending.
static const struct {
    const char *key, *ending;
    bool needed;
} files[] = {{"opus", "opus", true},
             {"seek", "seek", true},
             {"captions", "vtt", false},
             {"peaks", "peaks", false}};
enum { FILES = sizeof files / sizeof files[0] };

// --- out ----------------------------------------------------------------------------------------

static void name_hash(json_t *names, const char *hash, const char *ending)
{
    char file[WIRE_HASH_LEN + 8];
    snprintf(file, sizeof file, "%.*s.%s", WIRE_HASH_LEN, hash, ending);
    json_object_set_new(names, file, json_true());
}

static const char *text_at(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    return text ? text : "";
}

static json_t *write_variants(sqlite3 *db, json_t *names, const char *track)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, "SELECT opus,seek,captions,peaks,lang,bytes,dur_us,info,"
                                      "transcript FROM variant WHERE track_id=? ORDER BY lang");
    db_bind_text(st, 1, track);
    while (db_row(st)) {
        json_t *v =
            json_pack("{s:s,s:I,s:I,s:o}", "lang", text_at(st, 4), "bytes",
                      (json_int_t)sqlite3_column_int64(st, 5), "dur_us",
                      (json_int_t)sqlite3_column_int64(st, 6), "ingest", column_json(st, 7));
        for (int i = 0; i < FILES; i++) {
            if (!text_at(st, i)[0])
                continue;
            json_object_set_new(v, files[i].key, json_string(text_at(st, i)));
            name_hash(names, text_at(st, i), files[i].ending);
        }
        if (text_at(st, 8)[0])
            json_object_set_new(v, "transcript", json_string(text_at(st, 8)));
        json_array_append_new(list, v);
    }
    db_done(db, st);
    return list;
}

static json_t *write_tracks(sqlite3 *db, json_t *names)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, "SELECT id,title,cover FROM track ORDER BY id LIMIT ?");
    db_bind_int(st, 1, TRACKS_MAX);
    while (db_row(st)) {
        json_t *t = json_pack("{s:s,s:o,s:o}", "id", text_at(st, 0), "title", column_json(st, 1),
                              "variants", write_variants(db, names, text_at(st, 0)));
        if (text_at(st, 2)[0]) {
            json_object_set_new(t, "cover", json_string(text_at(st, 2)));
            json_object_set_new(names, text_at(st, 2), json_true());
        }
        json_array_append_new(list, t);
    }
    db_done(db, st);
    return list;
}

static json_t *write_tours(sqlite3 *db, json_t *names)
{
    json_t *list = json_array(), *cue;
    size_t i;
    sqlite3_stmt *st = db_prepare(db, "SELECT t.id,d.doc FROM tour t JOIN tour_doc d USING(hash)"
                                      " ORDER BY t.id LIMIT ?");
    db_bind_int(st, 1, TOURS_MAX);
    while (db_row(st)) {
        json_t *doc = column_json(st, 1), *asked = tours_as_asked(doc);
        json_array_foreach(json_object_get(asked, "cues"), i, cue)
        {
            const char *picture = json_string_value(json_object_get(cue, "picture"));
            if (picture)
                json_object_set_new(names, picture, json_true());
        }
        json_array_append_new(list, json_pack("{s:s,s:o}", "id", text_at(st, 0), "tour", asked));
        json_decref(doc);
    }
    db_done(db, st);
    return list;
}

json_t *exhibition_write(sqlite3 *db, json_t *groups, json_t *names)
{
    json_t *venue = venue_show(db);
    const char *logo = json_string_value(json_object_get(venue, "logo"));
    if (logo)
        json_object_set_new(names, logo, json_true());
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "format", FORMAT, "venue", venue, "tracks",
                     write_tracks(db, names), "tours", write_tours(db, names), "groups", groups);
}

// --- in -----------------------------------------------------------------------------------------

struct reading {
    sqlite3 *db;
    const struct exhibition_reader *who;
    char *detail;
    size_t detail_size;
};

static enum err wrong(struct reading *r, const char *what, const char *id, const char *why)
{
    char said[200];
    snprintf(said, sizeof said, "%s", why); // it may be the detail itself
    snprintf(r->detail, r->detail_size, "%s %.64s: %s", what, id, said);
    return ERR_BAD_ARCHIVE;
}

static bool is_here(const struct reading *r, const char *hash, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", r->who->content_dir, hash, ending);
    return access(path, R_OK) == 0;
}

static enum err read_variant(struct reading *r, const char *track, json_t *variant)
{
    struct track_variant v = {0};
    char hash[FILES][WIRE_HASH_LEN + 1];
    struct json_reader jr;
    json_reader_init(&jr, variant);
    json_get_string(&jr, "lang", true, v.lang, sizeof v.lang);
    v.bytes = json_get_int(&jr, "bytes", true, 1, INT64_C(1) << 31, 0);
    v.dur_us = json_get_int(&jr, "dur_us", true, 1, WIRE_TIME_MAX, 0);
    json_t *info = json_get_object(&jr, "ingest", true);
    for (int i = 0; i < FILES; i++)
        json_get_string(&jr, files[i].key, files[i].needed, hash[i], sizeof hash[i]);
    if (jr.err != ERR_OK || !wire_lang_valid(v.lang))
        return wrong(r, "track", track, jr.err != ERR_OK ? jr.detail : "lang: not a language");
    for (int i = 0; i < FILES; i++)
        if ((files[i].needed || hash[i][0]) &&
            (!wire_hash_valid(hash[i]) || !is_here(r, hash[i], files[i].ending)))
            return wrong(r, "track", track, "a file that it names is not in the archive");
    memcpy(v.opus, hash[0], sizeof v.opus);
    memcpy(v.seek, hash[1], sizeof v.seek);
    memcpy(v.peaks, hash[3], sizeof v.peaks);
    snprintf(v.track, sizeof v.track, "%s", track);
    char *text = catalogue_canonical(info);
    v.info = text;
    json_t *dropped = json_array();
    enum err e = strlen(text) > INFO_MAX ? wrong(r, "track", track, "ingest: too long")
                                         : tracks_variant(r->db, &v, INT64_MAX, dropped);
    json_decref(dropped);
    free(text);
    if (e == ERR_OK)
        e = tracks_captions(r->db, track, v.lang, hash[2][0] ? hash[2] : NULL);
    const char *transcript = json_string_value(json_object_get(variant, "transcript"));
    if (e == ERR_OK && transcript && strlen(transcript) > TRACK_TRANSCRIPT_MAX)
        return wrong(r, "track", track, "transcript: too long");
    return e == ERR_OK ? tracks_transcript(r->db, track, v.lang, transcript) : e;
}

static enum err read_track(struct reading *r, json_t *track)
{
    char id[WIRE_ID_MAX + 1], cover[TOUR_PICTURE_MAX + 1];
    struct json_reader jr;
    json_reader_init(&jr, track);
    json_get_string(&jr, "id", true, id, sizeof id);
    json_get_string(&jr, "cover", false, cover, sizeof cover);
    json_t *title = json_get_object(&jr, "title", true);
    json_t *variants = json_get_array(&jr, "variants", true), *one;
    if (jr.err != ERR_OK || !wire_id_valid(id) || !catalogue_titles_valid(title))
        return wrong(r, "track", id, jr.err != ERR_OK ? jr.detail : "no id, or no title");
    if (json_array_size(variants) > TOUR_VARIANTS_MAX)
        return wrong(r, "track", id, "more languages than a track has");
    if (cover[0] && (!tour_picture_valid(cover) || !picture_kept(r->who->content_dir, cover)))
        return wrong(r, "track", id, "its cover is not in the archive");
    enum err e = tracks_title(r->db, id, title, cover);
    size_t i;
    json_array_foreach(variants, i, one)
    {
        if (e == ERR_OK)
            e = read_variant(r, id, one);
    }
    return e;
}

static enum err read_tour(struct reading *r, json_t *tour)
{
    char id[WIRE_ID_MAX + 1], hash[WIRE_HASH_LEN + 1], why[200] = "";
    struct tours_edit edit = {r->who->actor, r->who->wall_us, NULL};
    struct json_reader jr;
    json_reader_init(&jr, tour);
    json_get_string(&jr, "id", true, id, sizeof id);
    json_t *asked = json_get_object(&jr, "tour", true);
    if (jr.err != ERR_OK || !wire_id_valid(id))
        return wrong(r, "tour", id, jr.err != ERR_OK ? jr.detail : "no id");
    enum err e = tours_publish(r->db, r->who->content_dir, id, asked, &edit, hash, why, sizeof why);
    bool ours = e == ERR_STORAGE_FULL || e == ERR_STORAGE_FAILED || e == ERR_OK;
    return ours ? e : wrong(r, "tour", id, why);
}

static enum err each(struct reading *r, json_t *list, int most, const char *what,
                     enum err (*read)(struct reading *, json_t *))
{
    size_t i;
    json_t *one;
    if (!json_is_array(list) || json_array_size(list) > (size_t)most)
        return wrong(r, what, "", "no list, or too long");
    json_array_foreach(list, i, one)
    {
        enum err e = json_is_object(one) ? read(r, one) : wrong(r, what, "", "not an object");
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err read_venue(struct reading *r, json_t *venue)
{
    char why[200] = "";
    if (!json_is_object(venue))
        return wrong(r, "venue", "", "not an object");
    if (json_object_size(venue) == 0)
        return ERR_OK; // it says nothing, so nothing is taken away
    enum err e = venue_set(r->db, r->who->content_dir, venue, why, sizeof why);
    return e == ERR_BAD_MESSAGE || e == ERR_NOT_FOUND ? wrong(r, "venue", "", why) : e;
}

enum err exhibition_read(sqlite3 *db, const struct exhibition_reader *who, json_t *exhibition,
                         char *detail, size_t detail_size)
{
    struct reading r = {db, who, detail, detail_size};
    const char *format = json_string_value(json_object_get(exhibition, "format"));
    if (!format || strcmp(format, FORMAT) != 0)
        return wrong(&r, "format", format ? format : "", "not one that is known here");
    enum err e = each(&r, json_object_get(exhibition, "tracks"), TRACKS_MAX, "tracks", read_track);
    if (e == ERR_OK)
        e = each(&r, json_object_get(exhibition, "tours"), TOURS_MAX, "tours", read_tour);
    return e == ERR_OK ? read_venue(&r, json_object_get(exhibition, "venue")) : e;
}
