// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/venue.h"

#include "common/picture/picture.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/store/db.h"

#include <string.h>

struct venue {
    char name[WIRE_NAME_MAX + 1];
    char colour[8];
    char logo[TOUR_PICTURE_MAX + 1];
    char lang[WIRE_LANG_MAX + 1];
    char zone[VENUE_ZONE_MAX + 1];
};

static void add(json_t *j, const char *key, const char *text)
{
    if (text[0])
        json_object_set_new(j, key, json_string(text));
}

static void read_row(sqlite3 *db, struct venue *v)
{
    memset(v, 0, sizeof *v);
    sqlite3_stmt *st = db_prepare(db, "SELECT name,colour,logo,lang,zone FROM venue");
    if (db_row(st)) {
        db_text(st, 0, v->name, sizeof v->name);
        db_text(st, 1, v->colour, sizeof v->colour);
        db_text(st, 2, v->logo, sizeof v->logo);
        db_text(st, 3, v->lang, sizeof v->lang);
        db_text(st, 4, v->zone, sizeof v->zone);
    }
    sqlite3_finalize(st);
}

void venue_zone(sqlite3 *db, char out[VENUE_ZONE_MAX + 1])
{
    struct venue v;
    read_row(db, &v);
    memcpy(out, v.zone, sizeof v.zone);
}

json_t *venue_show(sqlite3 *db)
{
    struct venue v;
    read_row(db, &v);
    json_t *j = json_object();
    add(j, "name", v.name);
    add(j, "colour", v.colour);
    add(j, "logo", v.logo);
    add(j, "lang", v.lang);
    add(j, "zone", v.zone);
    return j;
}

static bool colour_valid(const char *text)
{
    return strlen(text) == 7 && text[0] == '#' && strspn(text + 1, "0123456789abcdef") == 6;
}

static void read_request(struct json_reader *r, struct venue *v)
{
    json_get_string(r, "name", false, v->name, sizeof v->name);
    json_get_string(r, "colour", false, v->colour, sizeof v->colour);
    json_get_string(r, "logo", false, v->logo, sizeof v->logo);
    if (json_has(r, "lang"))
        json_get_string(r, "lang", true, v->lang, sizeof v->lang);
    if (json_has(r, "zone"))
        json_get_string(r, "zone", true, v->zone, sizeof v->zone);
    if (r->err == ERR_OK && v->colour[0] && !colour_valid(v->colour))
        json_fail(r, "colour", "not like #1a2b3c");
    if (r->err == ERR_OK && v->logo[0] && !tour_picture_valid(v->logo))
        json_fail(r, "logo", "not the name of a picture");
    if (r->err == ERR_OK && v->lang[0] && !wire_lang_valid(v->lang))
        json_fail(r, "lang", "not like en or pt-br");
}

enum err venue_set(sqlite3 *db, const char *content_dir, json_t *request, char *detail,
                   size_t detail_size)
{
    struct venue v;
    struct json_reader r;
    read_row(db, &v);
    json_reader_init(&r, request);
    read_request(&r, &v);
    snprintf(detail, detail_size, "%s", r.detail);
    if (r.err != ERR_OK)
        return r.err;
    if (v.logo[0] && !picture_kept(content_dir, v.logo)) {
        snprintf(detail, detail_size, "picture %s", v.logo);
        return ERR_NOT_FOUND;
    }
    sqlite3_stmt *st = db_prepare(db, "INSERT OR REPLACE INTO venue(id,name,colour,logo,lang,zone)"
                                      " VALUES(1,?,?,?,?,?)");
    db_bind_text(st, 1, v.name);
    db_bind_text(st, 2, v.colour);
    db_bind_text(st, 3, v.logo);
    db_bind_text(st, 4, v.lang);
    db_bind_text(st, 5, v.zone);
    return db_run(db, st);
}
