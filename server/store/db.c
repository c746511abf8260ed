// SPDX-License-Identifier: Apache-2.0
#include "server/store/db.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/backup.h"
#include "server/store/migrate.h"
#include "server/store/schema.h"
#include "server/store/wear.h"

#include <string.h>
#include <unistd.h>

enum err db_err(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return ERR_OK;
    case SQLITE_FULL:
        return ERR_STORAGE_FULL;
    case SQLITE_CONSTRAINT:
        return sqlite3_extended_errcode(db) == SQLITE_CONSTRAINT_FOREIGNKEY ? ERR_NOT_FOUND
                                                                            : ERR_EXISTS;
    case SQLITE_READONLY: // asked for, while the disk is full; else the store says it, once
        return ERR_STORAGE_FAILED;
    default:
        log_error("store", "sqlite: %s (%d)", sqlite3_errmsg(db), sqlite3_extended_errcode(db));
        return ERR_STORAGE_FAILED;
    }
}

bool db_exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int version(sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int v = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && db_row(st))
        v = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return v;
}

// A flipped bit in the name of a column is nothing that SQLite's own checks see. Comparing the
// schema at each start would cost as much as all the rest of it.
static _Noreturn void give_up(sqlite3 *db, const char *sql)
{
    char why[200];
    snprintf(why, sizeof why, "%s", sqlite3_errmsg(db));
    if (!schema_is(db, version(db))) {
        log_error("store", "the database is damaged (%s); restore a backup", why);
        _exit(EXIT_FAILURE);
    }
    fprintf(stderr, "bug: %s: %s\n", why, sql);
    abort();
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql, unsigned flags)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v3(db, sql, -1, flags, &st, NULL) != SQLITE_OK)
        give_up(db, sql);
    return st;
}

sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql)
{
    return prepare(db, sql, 0);
}

// The connection itself knows what is kept: nothing else has to be told when it is closed. They are
// a dozen, and differ in their first letters.
sqlite3_stmt *db_keep(sqlite3 *db, const char *sql)
{
    for (sqlite3_stmt *st = sqlite3_next_stmt(db, NULL); st; st = sqlite3_next_stmt(db, st)) {
        if (strcmp(sqlite3_sql(st), sql) == 0)
            return st;
    }
    return prepare(db, sql, SQLITE_PREPARE_PERSISTENT);
}

void db_bind_text(sqlite3_stmt *st, int i, const char *text)
{
    CHECK(sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT) == SQLITE_OK);
}

void db_bind_int(sqlite3_stmt *st, int i, int64_t v)
{
    CHECK(sqlite3_bind_int64(st, i, v) == SQLITE_OK);
}

void db_bind_blob(sqlite3_stmt *st, int i, const void *data, size_t len)
{
    CHECK(sqlite3_bind_blob64(st, i, data, len, SQLITE_TRANSIENT) == SQLITE_OK);
}

bool db_row(sqlite3_stmt *st)
{
    return sqlite3_step(st) == SQLITE_ROW;
}

void db_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(st, column);
    snprintf(out, size, "%s", text ? (const char *)text : "");
}

enum err db_done(sqlite3 *db, sqlite3_stmt *st)
{
    return db_err(db, sqlite3_finalize(st));
}

enum err db_run(sqlite3 *db, sqlite3_stmt *st)
{
    while (db_row(st)) {
    }
    return db_done(db, st);
}

enum err db_run_kept(sqlite3 *db, sqlite3_stmt *st)
{
    while (db_row(st)) {
    }
    int rc = sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return db_err(db, rc);
}

bool db_exec_kept(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = db_keep(db, sql);
    sqlite3_step(st);
    return sqlite3_reset(st) == SQLITE_OK;
}

bool db_has(sqlite3 *db, const char *sql, const char *text)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    db_bind_text(st, 1, text);
    bool found = db_row(st);
    sqlite3_finalize(st);
    return found;
}

// Of a new database: a change of a group touches a few rows in as many pages, and each page is
// written whole. With SQLite's 4,096 bytes an hour of 50 groups was 31 MB, with these 14. An older
// database keeps what it has. What a statement needs for its own undoing stays in memory: a file
// for it in /var/tmp would need a disk that can be written, and stay open. A log that one large
// transaction has blown up is cut at the next turn.
static bool apply_pragmas(sqlite3 *db)
{
    return db_exec(db,
                   "PRAGMA page_size=1024; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                   "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                   "PRAGMA journal_size_limit=8388608;"
                   "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;");
}

// The check passes over each page about once: keeping more of them than its way down the trees
// would cost a fresh page of memory each, which is most of its time.
static bool sound(sqlite3 *db)
{
    if (!wear_whole(db, true) || !db_exec(db, "PRAGMA cache_size=64"))
        return false;
    sqlite3_stmt *st = db_prepare(db, "PRAGMA quick_check(1)");
    char text[64] = "";
    if (db_row(st))
        db_text(st, 0, text, sizeof text);
    sqlite3_finalize(st);
    wear_whole(db, false);
    db_exec(db, "PRAGMA cache_size=-2000"); // KiB: SQLite's own
    return strcmp(text, "ok") == 0;
}

static sqlite3 *open_file(const char *path, int flags, char *error, size_t error_size)
{
    sqlite3 *db = NULL;
    flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db, flags, wear_vfs()) != SQLITE_OK || !apply_pragmas(db)) {
        snprintf(error, error_size, "%s: %s", path, db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return NULL;
    }
    if (!sound(db)) {
        snprintf(error, error_size, "%s: the database is damaged; restore a backup", path);
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

sqlite3 *db_open(const char *path, char *error, size_t error_size)
{
    sqlite3 *db = open_file(path, SQLITE_OPEN_CREATE, error, error_size);
    if (db && !migrate(db, error, error_size)) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

sqlite3 *db_reopen(const char *path, char *error, size_t error_size)
{
    return open_file(path, 0, error, error_size);
}

void db_close(sqlite3 *db)
{
    backup_let_go(db);
    for (sqlite3_stmt *st; (st = sqlite3_next_stmt(db, NULL));) {
        CHECK(!sqlite3_stmt_busy(st));
        sqlite3_finalize(st);
    }
    CHECK(sqlite3_close(db) == SQLITE_OK);
}
