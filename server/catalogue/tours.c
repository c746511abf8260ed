// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/tours.h"

#include "common/base/check.h"
#include "common/wire/tour.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/columns.h"
#include "server/catalogue/content.h"
#include "server/store/db.h"

#include <string.h>

// --- versions ------------------------------------------------------------------------------------

// The hash in force; "" when there is no such tour.
static void in_force(sqlite3 *db, const char *id, char hash[WIRE_HASH_LEN + 1])
{
    sqlite3_stmt *st = db_prepare(db, "SELECT hash FROM tour WHERE id=?");
    hash[0] = '\0';
    db_bind_text(st, 1, id);
    if (db_row(st))
        db_text(st, 0, hash, WIRE_HASH_LEN + 1);
    sqlite3_finalize(st);
}

static enum err admit(sqlite3 *db, const char *id, const struct tours_edit *edit,
                      char hash[WIRE_HASH_LEN + 1])
{
    in_force(db, id, hash);
    return edit->on && strcmp(edit->on, hash) != 0 ? ERR_PRECONDITION_FAILED : ERR_OK;
}

static enum err add_version(sqlite3 *db, const char *id, const char *hash,
                            const struct tours_edit *edit)
{
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO tour_version(tour_id,n,hash,wall_us,actor) SELECT ?1,"
                       "1+coalesce(max(n),0),?2,?3,?4 FROM tour_version WHERE tour_id=?1");
    db_bind_text(st, 1, id);
    db_bind_text(st, 2, hash);
    if (edit->wall_us)
        db_bind_int(st, 3, edit->wall_us);
    db_bind_text(st, 4, edit->actor);
    enum err e = db_run(db, st);
    if (e != ERR_OK)
        return e;
    st = db_prepare(db, "DELETE FROM tour_version WHERE tour_id=?1 AND n<=(SELECT max(n) FROM"
                        " tour_version WHERE tour_id=?1)-?2");
    db_bind_text(st, 1, id);
    db_bind_int(st, 2, TOURS_VERSIONS_MAX);
    return db_run(db, st);
}

// Makes a document that is in the store the newest of `id`.
static enum err put_in_force(sqlite3 *db, const char *id, const char *hash,
                             const struct tours_edit *edit)
{
    sqlite3_stmt *st =
        db_prepare(db, "INSERT INTO tour(id,title,hash,cues) SELECT ?1,doc->'$.title',hash,"
                       "json_array_length(doc,'$.cues') FROM tour_doc WHERE hash=?2 AND true"
                       " ON CONFLICT(id) DO UPDATE SET title=excluded.title,hash=excluded.hash,"
                       "cues=excluded.cues");
    db_bind_text(st, 1, id);
    db_bind_text(st, 2, hash);
    enum err e = db_run(db, st);
    return e == ERR_OK ? add_version(db, id, hash, edit) : e;
}

static enum err keep_document(sqlite3 *db, const char *hash, const char *text)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT OR IGNORE INTO tour_doc(hash,doc) VALUES(?,?)");
    db_bind_text(st, 1, hash);
    db_bind_text(st, 2, text);
    return db_run(db, st);
}

enum err tours_publish(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                       const struct tours_edit *edit, char hash[WIRE_HASH_LEN + 1], char *detail,
                       size_t size)
{
    char *text, was[WIRE_HASH_LEN + 1];
    enum err e = admit(db, id, edit, was);
    if (e != ERR_OK) {
        snprintf(detail, size, "%s", was[0] ? "there is a newer edition" : "there is no such tour");
        return e;
    }
    e = tours_compose(db, content_dir, id, request, &text, detail, size);
    if (e != ERR_OK)
        return e;
    e = content_put(content_dir, "json", text, strlen(text), hash);
    if (e == ERR_OK && strcmp(hash, was) != 0) {
        e = keep_document(db, hash, text);
        if (e == ERR_OK)
            e = put_in_force(db, id, hash, edit);
    }
    free(text);
    return e;
}

enum err tours_restore(sqlite3 *db, const char *id, int64_t version, const struct tours_edit *edit,
                       char hash[WIRE_HASH_LEN + 1])
{
    char was[WIRE_HASH_LEN + 1];
    enum err e = admit(db, id, edit, was);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *st = db_prepare(db, "SELECT hash FROM tour_version WHERE tour_id=? AND n=?");
    db_bind_text(st, 1, id);
    db_bind_int(st, 2, version);
    bool found = db_row(st);
    if (found)
        db_text(st, 0, hash, WIRE_HASH_LEN + 1);
    e = db_done(db, st);
    if (e != ERR_OK || !found)
        return e != ERR_OK ? e : ERR_NOT_FOUND;
    return strcmp(hash, was) == 0 ? ERR_OK : put_in_force(db, id, hash, edit);
}

// The names of the groups that have it loaded, as far as they fit; false when there are none.
static bool users_of(sqlite3 *db, const char *id, char *detail, size_t size)
{
    sqlite3_stmt *st = db_prepare(
        db, "SELECT name FROM room WHERE tour_id=? AND gone_us IS NULL ORDER BY name,id LIMIT 4");
    size_t used = 0;
    int n = 0;
    db_bind_text(st, 1, id);
    for (; db_row(st); n++) {
        char name[WIRE_NAME_MAX + 1];
        db_text(st, 0, name, sizeof name);
        if (n < 3 && used < size)
            used +=
                (size_t)snprintf(detail + used, size - used, "%s%s", n ? ", " : "loaded in ", name);
    }
    sqlite3_finalize(st);
    if (n > 3 && used < size)
        snprintf(detail + used, size - used, " and more");
    return n > 0;
}

enum err tours_remove(sqlite3 *db, const char *id, const struct tours_edit *edit, char *detail,
                      size_t size)
{
    char was[WIRE_HASH_LEN + 1];
    enum err e = admit(db, id, edit, was);
    if (e != ERR_OK)
        return e;
    if (!was[0])
        return ERR_NOT_FOUND;
    if (users_of(db, id, detail, size))
        return ERR_IN_USE;
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM tour WHERE id=?");
    db_bind_text(st, 1, id);
    return db_run(db, st);
}

// --- looking -------------------------------------------------------------------------------------

json_t *tours_list(sqlite3 *db)
{
    json_t *list = json_array();
    sqlite3_stmt *st = db_prepare(db, "SELECT id,title,hash,cues FROM tour ORDER BY id LIMIT 1000");
    while (db_row(st)) {
        json_t *t = json_object();
        column_set(t, "id", st, 0);
        json_object_set_new(t, "title", column_json(st, 1));
        column_set(t, "hash", st, 2);
        column_set(t, "cues", st, 3);
        json_array_append_new(list, t);
    }
    sqlite3_finalize(st);
    return json_pack("{s:o}", "tours", list);
}

// Of a statement that gives id, hash, number, document of one edition.
static enum err show(sqlite3 *db, sqlite3_stmt *st, json_t **out)
{
    bool found = db_row(st);
    if (found) {
        json_t *doc = column_json(st, 3);
        *out = json_object();
        column_set(*out, "id", st, 0);
        column_set(*out, "hash", st, 1);
        column_set(*out, "version", st, 2);
        json_object_set_new(*out, "tour", tours_as_asked(doc));
        json_decref(doc);
    }
    enum err e = db_done(db, st);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

enum err tours_show(sqlite3 *db, const char *id, json_t **out)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT t.id,t.hash,(SELECT max(n) FROM tour_version WHERE tour_id=t.id),"
                       "d.doc FROM tour t JOIN tour_doc d USING(hash) WHERE t.id=?");
    db_bind_text(st, 1, id);
    return show(db, st, out);
}

enum err tours_version(sqlite3 *db, const char *id, int64_t version, json_t **out)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT v.tour_id,v.hash,v.n,d.doc FROM tour_version v JOIN"
                                      " tour_doc d USING(hash) WHERE v.tour_id=? AND v.n=?");
    db_bind_text(st, 1, id);
    db_bind_int(st, 2, version);
    return show(db, st, out);
}

enum err tours_versions(sqlite3 *db, const char *id, json_t **out)
{
    sqlite3_stmt *st = db_prepare(
        db, "SELECT v.n,v.hash,d.doc->'$.title',json_array_length(d.doc,'$.cues'),v.wall_us,v.actor"
            " FROM tour_version v JOIN tour_doc d USING(hash) WHERE v.tour_id=? ORDER BY v.n DESC");
    json_t *list = json_array();
    db_bind_text(st, 1, id);
    while (db_row(st)) {
        json_t *v = json_object();
        column_set(v, "version", st, 0);
        column_set(v, "hash", st, 1);
        json_object_set_new(v, "title", column_json(st, 2));
        column_set(v, "cues", st, 3);
        column_set(v, "wall", st, 4);
        column_set(v, "actor", st, 5);
        json_array_append_new(list, v);
    }
    enum err e = db_done(db, st);
    if (e == ERR_OK && json_array_size(list) == 0)
        e = ERR_NOT_FOUND;
    *out = json_pack("{s:s,s:o}", "id", id, "versions", list);
    return e;
}

json_t *tours_gone(sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(
        db, "SELECT v.tour_id,d.doc->'$.title',v.n FROM tour_version v JOIN tour_doc d USING(hash)"
            " WHERE v.n=(SELECT max(n) FROM tour_version w WHERE w.tour_id=v.tour_id) AND"
            " v.tour_id NOT IN (SELECT id FROM tour) ORDER BY v.wall_us DESC,v.tour_id LIMIT 100");
    json_t *list = json_array();
    while (db_row(st)) {
        json_t *t = json_object();
        column_set(t, "id", st, 0);
        json_object_set_new(t, "title", column_json(st, 1));
        column_set(t, "version", st, 2);
        json_array_append_new(list, t);
    }
    sqlite3_finalize(st);
    return json_pack("{s:o}", "tours", list);
}

enum err tours_newest(sqlite3 *db, const char *id, char hash[WIRE_HASH_LEN + 1], char **doc,
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
