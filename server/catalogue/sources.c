// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/sources.h"

#include "server/store/db.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sources_path(const char *dir, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", dir, name);
}

void sources_of(sqlite3 *db, const char *track, const char *lang, json_t *out)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT source FROM variant WHERE track_id=?1"
                                      " AND (?2 IS NULL OR lang=?2) AND source IS NOT NULL");
    db_bind_text(st, 1, track);
    if (lang)
        db_bind_text(st, 2, lang);
    while (db_row(st))
        json_array_append_new(out, json_string((const char *)sqlite3_column_text(st, 0)));
    sqlite3_finalize(st);
}

static int64_t total(sqlite3 *db)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT total(source_bytes) FROM variant WHERE source IS NOT NULL");
    int64_t sum = db_row(st) ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_finalize(st);
    return sum;
}

// Forgets one; false when there is none.
static bool forget(sqlite3 *db, const char *name, enum err *e)
{
    sqlite3_stmt *st = db_prepare(db, "UPDATE variant SET source=NULL WHERE source=?");
    db_bind_text(st, 1, name);
    *e = db_run(db, st);
    return *e == ERR_OK && sqlite3_changes(db) > 0;
}

enum err sources_fit(sqlite3 *db, int64_t max_bytes, json_t *dropped)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && total(db) > max_bytes) {
        char name[64] = "";
        sqlite3_stmt *st = db_prepare(db, "SELECT source FROM variant WHERE source IS NOT NULL"
                                          " ORDER BY source_us,source LIMIT 1");
        if (db_row(st))
            db_text(st, 0, name, sizeof name);
        sqlite3_finalize(st);
        if (!forget(db, name, &e))
            break;
        json_array_append_new(dropped, json_string(name));
    }
    return e;
}

static enum err forget_missing(sqlite3 *db, const char *dir)
{
    json_t *missing = json_array(), *name;
    size_t i;
    enum err e = ERR_OK;
    sqlite3_stmt *st = db_prepare(db, "SELECT source FROM variant WHERE source IS NOT NULL");
    while (db_row(st)) {
        char path[1024];
        sources_path(dir, (const char *)sqlite3_column_text(st, 0), path, sizeof path);
        if (access(path, R_OK) != 0)
            json_array_append_new(missing, json_string((const char *)sqlite3_column_text(st, 0)));
    }
    sqlite3_finalize(st);
    json_array_foreach(missing, i, name)
    {
        if (e == ERR_OK)
            forget(db, json_string_value(name), &e);
    }
    json_decref(missing);
    return e;
}

enum err sources_care(sqlite3 *db, const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    while (d && (entry = readdir(d))) {
        char path[1024];
        if (entry->d_type != DT_REG ||
            db_has(db, "SELECT 1 FROM variant WHERE source=?", entry->d_name))
            continue;
        sources_path(dir, entry->d_name, path, sizeof path);
        unlink(path);
    }
    if (d)
        closedir(d);
    return forget_missing(db, dir);
}
