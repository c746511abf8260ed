// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/kiosk_rows.h"

#include "server/store/db.h"

#include <string.h>

#define COLUMNS                                                                            \
    "id,device,name,said,room_id,first_us,last_us,kept,trim_us,gain_ddb,ceiling_ddb,mute," \
    "left_lang,left_channel,right_lang,right_channel,place,address"

static void read_row(sqlite3_stmt *st, struct kiosk *k)
{
    struct wire_zone *z = &k->zone;
    db_text(st, 0, k->id, sizeof k->id);
    db_text(st, 1, k->device, sizeof k->device);
    db_text(st, 2, k->name, sizeof k->name);
    db_text(st, 3, k->said, sizeof k->said);
    db_text(st, 4, k->group, sizeof k->group);
    k->first_seen.us = sqlite3_column_int64(st, 5);
    k->last_seen.us = sqlite3_column_int64(st, 6);
    k->kept = sqlite3_column_int(st, 7) != 0;
    z->trim_us = sqlite3_column_int64(st, 8);
    z->gain_ddb = sqlite3_column_int(st, 9);
    k->ceiling_ddb = sqlite3_column_int(st, 10);
    z->mute = sqlite3_column_int(st, 11) != 0;
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        db_text(st, 12 + 2 * i, z->map[i].lang, sizeof z->map[i].lang);
        z->map[i].channel = (enum wire_channel)sqlite3_column_int(st, 13 + 2 * i);
    }
    db_text(st, 16, k->place, sizeof k->place);
    db_text(st, 17, k->address, sizeof k->address);
}

// trim, gain, ceiling, mute and the outputs, from parameter `at` on.
static void bind_zone(sqlite3_stmt *st, int at, const struct kiosk *k)
{
    const struct wire_zone *z = &k->zone;
    db_bind_int(st, at, z->trim_us);
    db_bind_int(st, at + 1, z->gain_ddb);
    db_bind_int(st, at + 2, k->ceiling_ddb);
    db_bind_int(st, at + 3, z->mute);
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        db_bind_text(st, at + 4 + 2 * i, z->map[i].lang);
        db_bind_int(st, at + 5 + 2 * i, z->map[i].channel);
    }
}

enum err kiosk_rows_read(sqlite3 *db, const char *id, struct kiosk *out)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT " COLUMNS " FROM kiosk WHERE id=?");
    db_bind_text(st, 1, id);
    bool found = db_row(st);
    if (found)
        read_row(st, out);
    enum err e = db_done(db, st);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

// The one that nobody has set anything for and that was here longest ago goes.
static enum err make_room(sqlite3 *db, char gone[WIRE_KIOSK_LEN + 1])
{
    sqlite3_stmt *st = db_prepare(db, "SELECT count(*) FROM kiosk");
    bool full = db_row(st) && sqlite3_column_int(st, 0) >= KIOSKS_MAX;
    enum err e = db_done(db, st);
    if (e != ERR_OK || !full)
        return e;
    st = db_prepare(db, "SELECT id FROM kiosk WHERE kept=0 ORDER BY last_us,id LIMIT 1");
    if (db_row(st))
        db_text(st, 0, gone, WIRE_KIOSK_LEN + 1);
    e = db_done(db, st);
    if (e != ERR_OK)
        return e;
    return gone[0] ? kiosk_rows_forget(db, gone) : ERR_HOUSE_FULL;
}

static enum err make(sqlite3 *db, const struct kiosk *k)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO kiosk(" COLUMNS ")"
                                      " VALUES(?,?,'',?,?,?,?,0,?,?,?,?,?,?,?,?,'',?)");
    db_bind_text(st, 1, k->id);
    db_bind_text(st, 2, k->device);
    db_bind_text(st, 3, k->said);
    db_bind_text(st, 4, k->group);
    db_bind_int(st, 5, k->last_seen.us);
    db_bind_int(st, 6, k->last_seen.us);
    bind_zone(st, 7, k);
    db_bind_text(st, 15, k->address);
    return db_run(db, st);
}

static enum err meet(sqlite3 *db, const struct kiosk *k)
{
    sqlite3_stmt *st = db_prepare(db, "UPDATE kiosk SET said=?1,room_id=?2,last_us=?3,"
                                      "address=iif(?5='',address,?5) WHERE id=?4");
    db_bind_text(st, 1, k->said);
    db_bind_text(st, 2, k->group);
    db_bind_int(st, 3, k->last_seen.us);
    db_bind_text(st, 4, k->id);
    db_bind_text(st, 5, k->address);
    return db_run(db, st);
}

enum err kiosk_rows_met(sqlite3 *db, struct kiosk *k, char gone[WIRE_KIOSK_LEN + 1])
{
    struct kiosk known;
    gone[0] = '\0';
    enum err e = kiosk_rows_read(db, k->id, &known);
    if (e == ERR_OK) {
        e = meet(db, k);
    } else if (e == ERR_NOT_FOUND) {
        e = make_room(db, gone);
        e = e == ERR_OK ? make(db, k) : e;
    }
    return e == ERR_OK ? kiosk_rows_read(db, k->id, k) : e;
}

enum err kiosk_rows_keep(sqlite3 *db, const struct kiosk *k)
{
    sqlite3_stmt *st =
        db_prepare(db, "UPDATE kiosk SET name=?,trim_us=?,gain_ddb=?,ceiling_ddb=?,mute=?,"
                       "left_lang=?,left_channel=?,right_lang=?,right_channel=?,"
                       "place=?,kept=1 WHERE id=?");
    db_bind_text(st, 1, k->name);
    bind_zone(st, 2, k);
    db_bind_text(st, 10, k->place);
    db_bind_text(st, 11, k->id);
    return db_run(db, st);
}

bool kiosk_rows_group(sqlite3 *db, const char *id)
{
    return db_has(db, "SELECT 1 FROM room WHERE gone_us IS NULL AND id=?", id);
}

enum err kiosk_rows_forget(sqlite3 *db, const char *id)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM kiosk WHERE id=?");
    db_bind_text(st, 1, id);
    return db_run(db, st);
}

int kiosk_rows_list(sqlite3 *db, struct kiosk out[KIOSKS_MAX])
{
    int n = 0;
    sqlite3_stmt *st = db_prepare(db, "SELECT " COLUMNS " FROM kiosk ORDER BY id LIMIT ?");
    db_bind_int(st, 1, KIOSKS_MAX);
    while (db_row(st))
        read_row(st, &out[n++]);
    sqlite3_finalize(st);
    return n;
}
