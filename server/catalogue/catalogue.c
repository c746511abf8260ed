// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/catalogue.h"

#include "common/base/check.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/catalogue/columns.h"
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

char *catalogue_canonical(const json_t *j)
{
    return check_alloc(json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS));
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
            column_set(v, keys[i], st, i);
        if (sqlite3_column_int64(st, 4) > *dur_us)
            *dur_us = sqlite3_column_int64(st, 4);
        json_array_append_new(list, v);
    }
    sqlite3_finalize(st);
    return list;
}

json_t *catalogue_track_part(sqlite3 *db, const char *id, enum err *e, char *detail, size_t size)
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
