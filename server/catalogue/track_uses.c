// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/track_uses.h"

#include "server/store/db.h"

// Documents are looked into once each, however many groups play them.
static const char users_sql[] =
    "WITH used AS MATERIALIZED (SELECT hash FROM tour_doc d WHERE hash IN"
    " (SELECT hash FROM tour UNION SELECT tour_hash FROM room WHERE tour_hash IS NOT NULL)"
    " AND EXISTS(SELECT 1 FROM json_each(d.doc,'$.cues') c"
    "  WHERE json_extract(c.value,'$.track.id')=?1 AND (?2='' OR EXISTS(SELECT 1"
    "  FROM json_each(c.value,'$.track.variants') v WHERE json_extract(v.value,'$.lang')=?2))))"
    " SELECT 'tour',id,title FROM tour WHERE hash IN (SELECT hash FROM used)"
    " UNION ALL SELECT 'group',id,name FROM room WHERE gone_us IS NULL AND tour_hash IN"
    " (SELECT hash FROM used)"
    " LIMIT ?3";

// A tour's titles are JSON by language: any will do to know it again.
static json_t *name_of(const char *text)
{
    json_t *titles = json_loads(text, 0, NULL), *title;
    const char *lang;
    json_object_foreach(titles, lang, title)
    {
        json_t *name = json_incref(title);
        json_decref(titles);
        return name;
    }
    json_decref(titles);
    return json_string(text);
}

json_t *track_users(sqlite3 *db, const char *track, const char *lang)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, users_sql);
    db_bind_text(st, 1, track);
    db_bind_text(st, 2, lang);
    db_bind_int(st, 3, TRACK_USERS_MAX);
    while (db_row(st)) {
        const char *kind = (const char *)sqlite3_column_text(st, 0);
        const char *name = (const char *)sqlite3_column_text(st, 2);
        json_array_append_new(list, json_pack("{s:s,s:s,s:o}", "kind", kind, "id",
                                              (const char *)sqlite3_column_text(st, 1), "name",
                                              kind[0] == 't' ? name_of(name) : json_string(name)));
    }
    sqlite3_finalize(st);
    return list;
}

json_t *track_tours(sqlite3 *db)
{
    json_t *all = json_object();
    sqlite3_stmt *st = db_prepare(
        db, "SELECT DISTINCT json_extract(c.value,'$.track.id'),t.id FROM tour t"
            " JOIN tour_doc d USING(hash), json_each(d.doc,'$.cues') c ORDER BY 1,2 LIMIT 200000");
    while (db_row(st)) {
        const char *track = (const char *)sqlite3_column_text(st, 0);
        json_t *tours = track ? json_object_get(all, track) : NULL;
        if (track && !tours) {
            tours = json_array();
            json_object_set_new(all, track, tours);
        }
        if (tours)
            json_array_append_new(tours, json_string((const char *)sqlite3_column_text(st, 1)));
    }
    sqlite3_finalize(st);
    return all;
}
