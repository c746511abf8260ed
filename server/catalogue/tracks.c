// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/tracks.h"

#include "common/base/check.h"
#include "common/wire/tour.h"
#include "server/catalogue/columns.h"
#include "server/catalogue/sources.h"
#include "server/catalogue/track_uses.h"
#include "server/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err tracks_title(sqlite3 *db, const char *track, json_t *titles, const char *cover)
{
    char *text = check_alloc(json_dumps(titles, JSON_COMPACT | JSON_SORT_KEYS));
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO track(id,title,cover) VALUES(?1,?2,coalesce(?3,''))"
                       " ON CONFLICT(id) DO UPDATE SET title=?2,cover=coalesce(?3,cover)");
    db_bind_text(st, 1, track);
    db_bind_text(st, 2, text);
    if (cover)
        db_bind_text(st, 3, cover);
    free(text);
    return db_run(db, st);
}

enum err tracks_variant(sqlite3 *db, const struct track_variant *v, int64_t sources_max_bytes,
                        json_t *dropped)
{
    if (v->source[0])
        sources_of(db, v->track, v->lang, dropped); // the one before
    sqlite3_stmt *st = db_prepare(
        db,
        "INSERT INTO variant(track_id,lang,opus,bytes,seek,dur_us,info,peaks,source,"
        "source_name,source_bytes,source_us) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
        " ON CONFLICT(track_id,lang) DO UPDATE SET opus=?3,bytes=?4,seek=?5,dur_us=?6,info=?7,"
        "peaks=?8,source=coalesce(?9,source),source_name=coalesce(?10,source_name),"
        "source_bytes=iif(?9 IS NULL,source_bytes,?11),source_us=iif(?9 IS NULL,source_us,?12)");
    db_bind_text(st, 1, v->track);
    db_bind_text(st, 2, v->lang);
    db_bind_text(st, 3, v->opus);
    db_bind_int(st, 4, v->bytes);
    db_bind_text(st, 5, v->seek);
    db_bind_int(st, 6, v->dur_us);
    db_bind_text(st, 7, v->info);
    db_bind_text(st, 8, v->peaks);
    if (v->source[0]) {
        db_bind_text(st, 9, v->source);
        db_bind_text(st, 10, v->source_name);
    }
    db_bind_int(st, 11, v->source_bytes);
    db_bind_int(st, 12, v->source_us);
    enum err e = db_run(db, st);
    return e == ERR_OK ? sources_fit(db, sources_max_bytes, dropped) : e;
}

static enum err set_text(sqlite3 *db, const char *sql, const char *track, const char *lang,
                         const char *text)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    if (text)
        db_bind_text(st, 1, text);
    db_bind_text(st, 2, track);
    db_bind_text(st, 3, lang);
    enum err e = db_run(db, st);
    return e == ERR_OK && sqlite3_changes(db) != 1 ? ERR_NOT_FOUND : e;
}

enum err tracks_captions(sqlite3 *db, const char *track, const char *lang, const char *hash)
{
    return set_text(db, "UPDATE variant SET captions=? WHERE track_id=? AND lang=?", track, lang,
                    hash);
}

enum err tracks_transcript(sqlite3 *db, const char *track, const char *lang, const char *text)
{
    return set_text(db, "UPDATE variant SET transcript=? WHERE track_id=? AND lang=?", track, lang,
                    text);
}

enum err tracks_words(sqlite3 *db, const char *track, const char *lang, struct track_words *out)
{
    *out = (struct track_words){0};
    sqlite3_stmt *st = db_prepare(
        db, "SELECT dur_us,captions,transcript FROM variant WHERE track_id=? AND lang=?");
    db_bind_text(st, 1, track);
    db_bind_text(st, 2, lang);
    bool found = db_row(st);
    if (found) {
        out->dur_us = sqlite3_column_int64(st, 0);
        db_text(st, 1, out->captions, sizeof out->captions);
        const char *text = (const char *)sqlite3_column_text(st, 2);
        out->transcript = text ? check_alloc(strdup(text)) : NULL;
    }
    enum err e = db_done(db, st);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

enum err tracks_source(sqlite3 *db, const char *track, const char *lang, struct track_source *out)
{
    *out = (struct track_source){.target_lufs = -16};
    sqlite3_stmt *st = db_prepare(
        db, "SELECT source,source_name,json_extract(info,'$.kind')='music',"
            "json_extract(info,'$.target_lufs') FROM variant WHERE track_id=? AND lang=?");
    db_bind_text(st, 1, track);
    db_bind_text(st, 2, lang);
    bool found = db_row(st);
    if (found) {
        db_text(st, 0, out->file, sizeof out->file);
        db_text(st, 1, out->name, sizeof out->name);
        out->music = sqlite3_column_int(st, 2) == 1;
        if (sqlite3_column_type(st, 3) != SQLITE_NULL)
            out->target_lufs = sqlite3_column_double(st, 3);
    }
    enum err e = db_done(db, st);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

// ---- what is told of them

static json_t *variant_json(sqlite3_stmt *st)
{
    static const char *const keys[] = {"lang",   "opus",     "bytes", "seek",
                                       "dur_us", "captions", "peaks"};
    json_t *v = json_object();
    for (int i = 0; i < 7; i++)
        column_set(v, keys[i], st, i);
    json_object_set_new(v, "ingest", column_json(st, 7));
    if (sqlite3_column_int(st, 8))
        json_object_set_new(v, "transcript", json_true());
    if (sqlite3_column_type(st, 9) == SQLITE_TEXT) {
        json_t *source = json_object();
        column_set(source, "name", st, 9);
        column_set(source, "bytes", st, 10);
        json_object_set_new(v, "source", source);
    }
    return v;
}

// All variants, and what follows from their lengths.
static void add_variants(sqlite3 *db, json_t *track)
{
    json_t *list = json_array();
    int64_t longest = 0, shortest = INT64_MAX;
    sqlite3_stmt *st = db_prepare(
        db, "SELECT lang,opus,bytes,seek,dur_us,captions,peaks,info,transcript IS NOT NULL,"
            "iif(source IS NULL,NULL,source_name),source_bytes FROM variant WHERE track_id=?"
            " ORDER BY lang LIMIT ?");
    db_bind_text(st, 1, json_string_value(json_object_get(track, "id")));
    db_bind_int(st, 2, TOUR_VARIANTS_MAX);
    while (db_row(st)) {
        int64_t dur = sqlite3_column_int64(st, 4);
        longest = dur > longest ? dur : longest;
        shortest = dur < shortest ? dur : shortest;
        json_array_append_new(list, variant_json(st));
    }
    sqlite3_finalize(st);
    json_object_set_new(track, "variants", list);
    json_object_set_new(track, "dur_us", json_integer(longest));
    if (longest > 0 && (longest - shortest) * 100 > longest * TRACK_UNEVEN_PERCENT)
        json_object_set_new(track, "uneven_us", json_integer(longest - shortest));
}

static json_t *track_json(sqlite3 *db, sqlite3_stmt *st, json_t *tours)
{
    json_t *t = json_object();
    column_set(t, "id", st, 0);
    json_object_set_new(t, "title", column_json(st, 1));
    if (sqlite3_column_bytes(st, 2) > 0)
        column_set(t, "cover", st, 2);
    add_variants(db, t);
    json_t *in = json_object_get(tours, (const char *)sqlite3_column_text(st, 0));
    json_object_set_new(t, "tours", in ? json_incref(in) : json_array());
    return t;
}

json_t *tracks_list(sqlite3 *db)
{
    json_t *list = json_array(), *tours = track_tours(db);
    sqlite3_stmt *st = db_prepare(db, "SELECT id,title,cover FROM track ORDER BY id LIMIT ?");
    db_bind_int(st, 1, TRACKS_LISTED_MAX);
    while (db_row(st))
        json_array_append_new(list, track_json(db, st, tours));
    sqlite3_finalize(st);
    json_decref(tours);
    return json_pack("{s:o}", "tracks", list);
}

json_t *tracks_show(sqlite3 *db, const char *track)
{
    json_t *tours = track_tours(db), *t = NULL;
    sqlite3_stmt *st = db_prepare(db, "SELECT id,title,cover FROM track WHERE id=?");
    db_bind_text(st, 1, track);
    if (db_row(st))
        t = track_json(db, st, tours);
    sqlite3_finalize(st);
    json_decref(tours);
    return t;
}

// ---- away with one

enum err tracks_remove(sqlite3 *db, const char *track, const char *lang, json_t *dropped,
                       json_t **users)
{
    json_t *who = track_users(db, track, lang ? lang : "");
    if (json_array_size(who) > 0) {
        *users = who;
        return ERR_IN_USE;
    }
    json_decref(who);
    sources_of(db, track, lang, dropped);
    sqlite3_stmt *st =
        db_prepare(db, lang ? "DELETE FROM variant WHERE track_id=? AND lang=?"
                            : "DELETE FROM track WHERE id=?"); // its variants go with it
    db_bind_text(st, 1, track);
    if (lang)
        db_bind_text(st, 2, lang);
    enum err e = db_run(db, st);
    return e == ERR_OK && sqlite3_changes(db) != 1 ? ERR_NOT_FOUND : e;
}

void tracks_cover(sqlite3 *db, const char *track, char out[TOUR_PICTURE_MAX + 1])
{
    sqlite3_stmt *st = db_prepare(db, "SELECT cover FROM track WHERE id=?");
    out[0] = '\0';
    db_bind_text(st, 1, track);
    if (db_row(st))
        db_text(st, 0, out, TOUR_PICTURE_MAX + 1);
    sqlite3_finalize(st);
}
