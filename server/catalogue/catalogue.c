// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/catalogue.h"

#include "common/base/check.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/catalogue/content.h"
#include "server/catalogue/picture.h"
#include "server/store/db.h"

#include <string.h>

bool catalogue_titles_valid(json_t *titles)
{
    const char *lang;
    json_t *text;
    json_object_foreach(titles, lang, text)
    {
        size_t len = json_string_length(text);
        if (!wire_lang_valid(lang) || len == 0 || len > WIRE_NAME_MAX)
            return false;
    }
    size_t n = json_object_size(titles);
    return n >= 1 && n <= TOUR_VARIANTS_MAX;
}

// Canonical text: the same object always gives the same bytes, hence the same hash.
static char *canonical(const json_t *j)
{
    return check_alloc(json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS));
}

static json_t *column_json(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    return j ? j : json_object();
}

static void set_column(json_t *j, const char *key, sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) == SQLITE_INTEGER)
        json_object_set_new(j, key, json_integer(sqlite3_column_int64(st, column)));
    else if (sqlite3_column_type(st, column) == SQLITE_TEXT)
        json_object_set_new(j, key, json_string((const char *)sqlite3_column_text(st, column)));
}

// The variants of a track as the tour document wants them. *dur_us gets the longest.
static json_t *variants_of(sqlite3 *db, const char *track, int64_t *dur_us)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, "SELECT lang,opus,bytes,seek,dur_us,captions FROM variant"
                                      " WHERE track_id=? ORDER BY lang LIMIT ?");
    db_bind_text(st, 1, track);
    db_bind_int(st, 2, TOUR_VARIANTS_MAX);
    while (db_row(st)) {
        static const char *const keys[] = {"lang", "opus", "bytes", "seek", "dur_us", "captions"};
        json_t *v = json_object();
        for (int i = 0; i < 6; i++)
            set_column(v, keys[i], st, i);
        if (sqlite3_column_int64(st, 4) > *dur_us)
            *dur_us = sqlite3_column_int64(st, 4);
        json_array_append_new(list, v);
    }
    sqlite3_finalize(st);
    return list;
}

// The track's part of a cue; NULL with *e and `detail`.
static json_t *track_part(sqlite3 *db, const char *id, enum err *e, char *detail, size_t size)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT title FROM track WHERE id=?");
    db_bind_text(st, 1, id);
    json_t *title = db_row(st) ? column_json(st, 0) : NULL;
    sqlite3_finalize(st);
    if (!title) {
        *e = ERR_NOT_FOUND;
        snprintf(detail, size, "track %s", id);
        return NULL;
    }
    int64_t dur_us = 0;
    json_t *variants = variants_of(db, id, &dur_us);
    if (json_array_size(variants) == 0) {
        *e = ERR_NOT_READY;
        snprintf(detail, size, "track %s has no audio yet", id);
        json_decref(variants);
        json_decref(title);
        return NULL;
    }
    return json_pack("{s:s,s:o,s:I,s:o}", "id", id, "title", title, "dur_us", (json_int_t)dur_us,
                     "variants", variants);
}

// What is shown where a cue has no picture of its own; "" when there is none.
static void track_cover(sqlite3 *db, const char *id, char out[TOUR_PICTURE_MAX + 1])
{
    sqlite3_stmt *st = db_prepare(db, "SELECT cover FROM track WHERE id=?");
    db_bind_text(st, 1, id);
    if (db_row(st))
        db_text(st, 0, out, TOUR_PICTURE_MAX + 1);
    sqlite3_finalize(st);
}

static json_t *cue_part(sqlite3 *db, const char *content_dir, json_t *asked, enum err *e,
                        char *detail, size_t size)
{
    char id[WIRE_ID_MAX + 1], track[WIRE_ID_MAX + 1], on_end[16], picture[TOUR_PICTURE_MAX + 1];
    struct json_reader r;
    json_reader_init(&r, asked);
    json_get_string(&r, "track", true, track, sizeof track);
    json_get_string(&r, "id", false, id, sizeof id);
    json_get_string(&r, "on_end", false, on_end, sizeof on_end);
    json_get_string(&r, "picture", false, picture, sizeof picture);
    if (r.err == ERR_OK && !wire_id_valid(track))
        json_fail(&r, "track", "not an id");
    enum cue_end end;
    if (on_end[0] && !cue_end_parse(on_end, &end))
        json_fail(&r, "on_end", "neither next, loop nor stop");
    if (id[0] && !wire_id_valid(id))
        json_fail(&r, "id", "not an id");
    if (r.err == ERR_OK && picture[0] && !tour_picture_valid(picture))
        json_fail(&r, "picture", "not the name of a picture");
    if (r.err != ERR_OK) {
        *e = r.err;
        snprintf(detail, size, "%s", r.detail);
        return NULL;
    }
    if (picture[0] && !picture_kept(content_dir, picture)) {
        *e = ERR_NOT_FOUND;
        snprintf(detail, size, "picture %s", picture);
        return NULL;
    }
    json_t *part = track_part(db, track, e, detail, size);
    if (!part)
        return NULL;
    if (!picture[0])
        track_cover(db, track, picture);
    return json_pack("{s:s,s:s,s:s*,s:o}", "id", id[0] ? id : track, "on_end",
                     on_end[0] ? on_end : "next", "picture", picture[0] ? picture : NULL, "track",
                     part);
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
    if (r.err != ERR_OK)
        return NULL;
    json_t *cues = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(asked, i, one)
    {
        json_t *cue = cue_part(db, content_dir, one, e, detail, size);
        if (!cue) {
            json_decref(cues);
            return NULL;
        }
        json_array_append_new(cues, cue);
    }
    return json_pack("{s:s,s:s,s:O,s:s*,s:o}", "format", "roomtone.tour.v1", "id", id, "title",
                     title, "alone", alone[0] ? alone : NULL, "cues", cues);
}

static enum err save(sqlite3 *db, const char *id, json_t *doc, const char *text, const char *hash)
{
    char *title = canonical(json_object_get(doc, "title"));
    sqlite3_stmt *st = db_prepare(db, "INSERT OR IGNORE INTO tour_doc(hash,doc) VALUES(?,?)");
    db_bind_text(st, 1, hash);
    db_bind_text(st, 2, text);
    enum err e = db_run(db, st);
    if (e == ERR_OK) {
        st = db_prepare(db, "INSERT INTO tour(id,title,hash,cues) VALUES(?1,?2,?3,?4)"
                            " ON CONFLICT(id) DO UPDATE SET title=?2,hash=?3,cues=?4");
        db_bind_text(st, 1, id);
        db_bind_text(st, 2, title);
        db_bind_text(st, 3, hash);
        db_bind_int(st, 4, (int64_t)json_array_size(json_object_get(doc, "cues")));
        e = db_run(db, st);
    }
    free(title);
    return e;
}

enum err catalogue_publish(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                           char hash[WIRE_HASH_LEN + 1], char *detail, size_t detail_size)
{
    enum err e;
    json_t *doc = document(db, content_dir, id, request, &e, detail, detail_size);
    if (!doc)
        return e;
    char *text = canonical(doc);
    // What players will be told must be what they can read.
    struct tour *check = tour_parse(text, strlen(text), detail, detail_size);
    if (!check) {
        e = ERR_BAD_MESSAGE;
    } else {
        tour_free(check);
        e = content_put(content_dir, "json", text, strlen(text), hash);
        if (e == ERR_OK)
            e = save(db, id, doc, text, hash);
    }
    free(text);
    json_decref(doc);
    return e;
}

json_t *catalogue_tours(sqlite3 *db)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, "SELECT id,title,hash,cues FROM tour ORDER BY id LIMIT 1000");
    while (db_row(st)) {
        json_t *t = json_object();
        set_column(t, "id", st, 0);
        json_object_set_new(t, "title", column_json(st, 1));
        set_column(t, "hash", st, 2);
        set_column(t, "cues", st, 3);
        json_array_append_new(list, t);
    }
    sqlite3_finalize(st);
    return json_pack("{s:o}", "tours", list);
}

bool catalogue_has_tour(sqlite3 *db, const char *id)
{
    return db_has(db, "SELECT 1 FROM tour WHERE id=?", id);
}

enum err catalogue_newest(sqlite3 *db, const char *id, char hash[WIRE_HASH_LEN + 1], char **doc,
                          size_t *len)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT d.hash,d.doc FROM tour t JOIN tour_doc d USING(hash) WHERE t.id=?");
    db_bind_text(st, 1, id);
    bool found = db_row(st);
    if (found) {
        db_text(st, 0, hash, WIRE_HASH_LEN + 1);
        *len = (size_t)sqlite3_column_bytes(st, 1);
        *doc = check_alloc(malloc(*len + 1));
        memcpy(*doc, sqlite3_column_text(st, 1), *len);
        (*doc)[*len] = '\0';
    }
    enum err e = db_done(db, st);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}
