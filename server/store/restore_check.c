// SPDX-License-Identifier: Apache-2.0
#include "server/store/restore_check.h"

#include "common/base/check.h"
#include "common/wire/tour.h"
#include "server/store/anchor_store.h"
#include "server/store/backup.h"
#include "server/store/copy.h"
#include "server/store/db.h"
#include "server/store/durable.h"
#include "server/store/migrate.h"
#include "server/store/room_store.h"
#include "server/store/schema.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

// House times of a backup stay below this (142 years): from there on there is still as much left.
#define SANE_TIME_US (WIRE_TIME_MAX / 2)
// What lets people in must not be guessed: 64 bits at least. Ours have 128.
enum { LINK_MIN = 16 };

struct check {
    sqlite3 *db;
    const char *content_dir;
    struct restore_report *report;
    char *detail;
    size_t detail_size;
};

static bool refuse(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(struct check *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->detail, c->detail_size, fmt, ap);
    va_end(ap);
    return false;
}

// NULL when the file does not even let a statement be prepared.
static sqlite3_stmt *ask(struct check *c, const char *sql)
{
    sqlite3_stmt *st = NULL;
    return sqlite3_prepare_v2(c->db, sql, -1, &st, NULL) == SQLITE_OK ? st : NULL;
}

static bool check_schema(struct check *c)
{
    sqlite3_stmt *st = ask(c, "PRAGMA user_version");
    int version = st && db_row(st) ? sqlite3_column_int(st, 0) : 0;
    if (sqlite3_finalize(st) != SQLITE_OK)
        return refuse(c, "the file is damaged or no database");
    struct migrate_plan plan = migrate_plan();
    if (version > plan.count)
        return refuse(c, "it is of a newer Roomtone (schema %d, this program knows %d)", version,
                      plan.count);
    if (version < 1)
        return refuse(c, "it is no database of a Roomtone");
    c->report->schema = version;
    return schema_is(c->db, version) || refuse(c, "its tables are not those of schema %d", version);
}

// No NUL, no overlong forms, no surrogates.
static bool utf8(const unsigned char *s, int len)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (int i = 0; i < len;) {
        int more = s[i] < 0x80       ? 0
                   : s[i] >> 5 == 6  ? 1
                   : s[i] >> 4 == 14 ? 2
                   : s[i] >> 3 == 30 ? 3
                                     : -1;
        if (more < 0 || s[i] == 0 || i + more >= len)
            return false;
        uint32_t v = more ? s[i] & (0x3f >> more) : s[i];
        for (int k = 1; k <= more; k++) {
            if (s[i + k] >> 6 != 2)
                return false;
            v = v << 6 | (s[i + k] & 0x3f);
        }
        if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
            return false;
        i += more + 1;
    }
    return true;
}

static bool check_text_of(struct check *c, const char *table)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table);
    sqlite3_stmt *st = db_prepare(c->db, sql);
    bool ok = true;
    while (ok && db_row(st)) {
        for (int i = 0; ok && i < sqlite3_column_count(st); i++)
            ok = sqlite3_column_type(st, i) != SQLITE_TEXT ||
                 utf8(sqlite3_column_text(st, i), sqlite3_column_bytes(st, i));
    }
    sqlite3_finalize(st);
    return ok || refuse(c, "table %s holds what is no text", table);
}

static bool check_text(struct check *c)
{
    sqlite3_stmt *st = db_prepare(c->db, "SELECT name FROM sqlite_schema WHERE type='table'");
    bool ok = true;
    char table[64];
    while (ok && db_row(st)) {
        db_text(st, 0, table, sizeof table);
        ok = check_text_of(c, table);
    }
    sqlite3_finalize(st);
    return ok;
}

static bool sane_time(int64_t us)
{
    return us >= 0 && us <= SANE_TIME_US;
}

static bool sane_part(const struct room_part *p, const struct tour *tour)
{
    return (tour ? p->cue < tour->cue_count : p->mode == MODE_VOID) && sane_time(p->vec.p0_us) &&
           sane_time(p->vec.t0.us);
}

// Beyond what reading a room checks.
static bool sane_room(const struct room_record *r, const struct tour *tour)
{
    const struct room_state *s = &r->state;
    char code[JOINCODE_DIGITS + 1];
    return wire_id_valid(r->id) && r->name[0] && joincode_parse(r->code, code) &&
           strlen(r->link) >= LINK_MIN && strlen(r->guide_link) >= LINK_MIN &&
           sane_time(r->created.us) && sane_time(s->rev) && sane_time(s->lease.fence) &&
           sane_part(&s->now, tour) && (!tour || s->now.cue >= 0) &&
           (!s->has_pending || (sane_part(&s->pending, tour) && sane_time(s->pending_at.us)));
}

static bool check_room(struct check *c, const char *id)
{
    struct room_loaded l;
    char why[200] = "";
    if (room_store_read(c->db, ROOM_BY_ID, id, &l) != ERR_OK)
        return refuse(c, "group %s cannot be read", id);
    struct tour *tour = l.tour_doc ? tour_parse(l.tour_doc, l.tour_doc_len, why, sizeof why) : NULL;
    bool has_tour = l.record.state.tour_hash[0] != '\0';
    bool ok = has_tour == (tour != NULL) && sane_room(&l.record, tour);
    if (!ok)
        refuse(c,
               has_tour && !tour ? "group %s: its tour cannot be read%s%s"
                                 : "group %s: its state makes no sense%s%s",
               id, why[0] ? ": " : "", why);
    if (tour)
        tour_free(tour);
    room_loaded_free(&l);
    return ok;
}

// In 64 bits, before they are read into less.
static bool check_numbers(struct check *c)
{
    sqlite3_stmt *st =
        db_prepare(c->db, "SELECT 1 FROM room WHERE epoch NOT BETWEEN 1 AND 1000000000"
                          " OR mode NOT BETWEEN 0 AND 9 OR pending_mode NOT BETWEEN 0 AND 9"
                          " OR cue NOT BETWEEN -1 AND 999 OR pending_cue NOT BETWEEN -1 AND 999"
                          " OR rate NOT BETWEEN 0 AND 1 OR pending_rate NOT BETWEEN 0 AND 1"
                          " UNION ALL SELECT 1 FROM clock_anchor"
                          " WHERE clock_epoch NOT BETWEEN 0 AND 1000000000"
                          " OR guessed_epoch NOT BETWEEN 0 AND 1000000000");
    bool strange = db_row(st);
    sqlite3_finalize(st);
    return !strange || refuse(c, "a number in it makes no sense");
}

static bool check_kiosks(struct check *c)
{
    sqlite3_stmt *st =
        db_prepare(c->db, "SELECT 1 FROM kiosk WHERE length(id)<>16 OR id GLOB '*[^0-9a-f]*'"
                          " OR length(CAST(name AS BLOB))>?2 OR length(CAST(said AS BLOB))>?2"
                          " OR length(room_id) NOT BETWEEN 1 AND ?3"
                          " OR room_id||place GLOB '*[^a-z0-9-]*' OR length(place)>?3"
                          " OR first_us NOT BETWEEN 0 AND ?1 OR last_us NOT BETWEEN 0 AND ?1"
                          " OR trim_us NOT BETWEEN -?4 AND ?4 OR gain_ddb NOT BETWEEN ?5 AND 0"
                          " OR ceiling_ddb NOT BETWEEN ?5 AND 0"
                          " OR left_channel NOT BETWEEN 0 AND 3"
                          " OR right_channel NOT BETWEEN 0 AND 3"
                          " OR length(left_lang)=1 OR length(left_lang)>?6"
                          " OR length(right_lang)=1 OR length(right_lang)>?6"
                          " OR left_lang GLOB '-*' OR right_lang GLOB '-*'"
                          " OR left_lang||right_lang GLOB '*[^a-z0-9-]*'");
    const int64_t limits[] = {SANE_TIME_US,          WIRE_NAME_MAX,     WIRE_ID_MAX,
                              WIRE_ZONE_TRIM_MAX_US, WIRE_GAIN_MIN_DDB, WIRE_LANG_MAX};
    for (int i = 0; i < 6; i++)
        db_bind_int(st, i + 1, limits[i]);
    bool strange = db_row(st);
    sqlite3_finalize(st);
    return !strange || refuse(c, "a kiosk's zone makes no sense");
}

static bool check_rooms(struct check *c)
{
    sqlite3_stmt *st = db_prepare(c->db, "SELECT id FROM room WHERE gone_us IS NULL");
    char id[WIRE_ID_MAX + 1];
    bool ok = true;
    while (ok && db_row(st)) {
        db_text(st, 0, id, sizeof id);
        ok = check_room(c, id);
        c->report->groups++;
    }
    sqlite3_finalize(st);
    return ok;
}

static bool check_anchor(struct check *c)
{
    struct house_anchor a;
    if (anchor_store_read(c->db, &a) == ERR_OK && sane_time(a.house.us) &&
        sane_time(a.reserved.us) && sane_time(a.known_until.us) && sane_time(a.suspended_ns / 1000))
        return true;
    return refuse(c, "its clock makes no sense");
}

static bool check_users(struct check *c)
{
    sqlite3_stmt *st = db_prepare(c->db, "SELECT count(*) FROM user WHERE role='admin'");
    bool ok = db_row(st) && sqlite3_column_int64(st, 0) > 0;
    sqlite3_finalize(st);
    return ok || refuse(c, "nobody could sign in to it");
}

static void note_missing(struct check *c, sqlite3_stmt *note, const char *hash, const char *ending)
{
    char path[1024], name[WIRE_HASH_LEN + 10];
    if (!wire_hash_valid(hash))
        return;
    snprintf(name, sizeof name, "%s.%s", hash, ending);
    snprintf(path, sizeof path, "%s/%s", c->content_dir, name);
    if (access(path, R_OK) == 0)
        return;
    sqlite3_bind_text(note, 1, name, -1, SQLITE_TRANSIENT);
    sqlite3_step(note);
    sqlite3_reset(note);
}

static void note_missing_picture(struct check *c, sqlite3_stmt *note, const char *name)
{
    char hash[WIRE_HASH_LEN + 1];
    if (!tour_picture_valid(name))
        return;
    memcpy(hash, name, WIRE_HASH_LEN);
    hash[WIRE_HASH_LEN] = '\0';
    note_missing(c, note, hash, name + WIRE_HASH_LEN + 1);
}

static void note_missing_of_tour(struct check *c, sqlite3_stmt *note, const struct tour *tour)
{
    for (int i = 0; i < tour->cue_count; i++) {
        note_missing_picture(c, note, tour->cues[i].picture);
        for (int k = 0; k < tour->cues[i].variant_count; k++) {
            const struct tour_variant *v = &tour->cues[i].variants[k];
            note_missing(c, note, v->opus, "opus");
            note_missing(c, note, v->seek, "seek");
            note_missing(c, note, v->captions, "vtt");
        }
    }
}

// Counts each file once, in a database in memory: there may be many.
static void count_missing(struct check *c)
{
    sqlite3 *memory = NULL;
    char why[200];
    CHECK(sqlite3_open(":memory:", &memory) == SQLITE_OK);
    CHECK(db_exec(memory, "CREATE TABLE missing(name TEXT PRIMARY KEY) WITHOUT ROWID"));
    sqlite3_stmt *note = db_prepare(memory, "INSERT OR IGNORE INTO missing VALUES(?)");
    sqlite3_stmt *st = db_prepare(c->db, "SELECT logo FROM venue");
    while (db_row(st))
        note_missing_picture(c, note, (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    st = db_prepare(c->db, "SELECT hash,doc FROM tour_doc");
    while (db_row(st)) {
        note_missing(c, note, (const char *)sqlite3_column_text(st, 0), "json");
        struct tour *t = tour_parse((const char *)sqlite3_column_text(st, 1),
                                    (size_t)sqlite3_column_bytes(st, 1), why, sizeof why);
        if (t) {
            note_missing_of_tour(c, note, t);
            tour_free(t);
        }
    }
    sqlite3_finalize(st);
    st = db_prepare(c->db, "SELECT opus,seek,coalesce(captions,'') FROM variant");
    while (db_row(st)) {
        note_missing(c, note, (const char *)sqlite3_column_text(st, 0), "opus");
        note_missing(c, note, (const char *)sqlite3_column_text(st, 1), "seek");
        note_missing(c, note, (const char *)sqlite3_column_text(st, 2), "vtt");
    }
    sqlite3_finalize(st);
    sqlite3_finalize(note);
    st = db_prepare(memory, "SELECT count(*) FROM missing");
    c->report->missing = db_row(st) ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    sqlite3_close(memory);
}

static bool bring_up_to_date(struct check *c)
{
    struct migrate_plan plan = migrate_plan();
    char why[300];
    plan.no_snapshot = true;
    return migrate_by(c->db, &plan, why, sizeof why) || refuse(c, "%s", why);
}

static bool check_all(struct check *c)
{
    if (!check_schema(c))
        return false;
    if (!copy_is_sound(c->db))
        return refuse(c, "the file is damaged");
    if (!check_text(c) || !db_exec(c->db, "PRAGMA application_id=0") ||
        !copy_forget_logins(c->db) || !bring_up_to_date(c))
        return false;
    if (!check_numbers(c) || !check_anchor(c) || !check_users(c) || !check_kiosks(c) ||
        !check_rooms(c))
        return false;
    if (c->content_dir)
        count_missing(c);
    return true;
}

enum err restore_check(const char *path, const char *content_dir, struct restore_report *out,
                       char *detail, size_t detail_size)
{
    struct check c = {
        .content_dir = content_dir, .report = out, .detail = detail, .detail_size = detail_size};
    *out = (struct restore_report){0};
    detail[0] = '\0';
    if (!backup_take_sum(path)) {
        refuse(&c, "the file is damaged, or no backup");
        return ERR_BAD_BACKUP;
    }
    c.db = copy_open(path, false);
    bool ok = c.db && check_all(&c);
    if (!copy_close(c.db) && ok) {
        refuse(&c, "the file is damaged");
        ok = false;
    }
    if (!ok) {
        if (!detail[0])
            refuse(&c, "the file is damaged or no database");
        return ERR_BAD_BACKUP;
    }
    return durable_sync(path) ? ERR_OK : ERR_STORAGE_FAILED;
}
