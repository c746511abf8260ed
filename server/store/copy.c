// SPDX-License-Identifier: Apache-2.0
#include "server/store/copy.h"

#include "server/store/db.h"
#include "server/store/wear.h"

#include <malloc.h>
#include <string.h>

// What a schema of ours may need at most, with room: a stranger's may not cost more.
enum { VALUE_MAX = 16 * 1024 * 1024, SQL_MAX = 100 * 1024 };

sqlite3 *copy_open(const char *path, bool fresh)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (fresh ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &db, flags, wear_vfs()) == SQLITE_OK &&
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK &&
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) == SQLITE_OK &&
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL) == SQLITE_OK) {
        sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
        sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, SQL_MAX);
        if (db_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF;"
                        "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA secure_delete=ON;"
                        "PRAGMA temp_store=MEMORY") &&
            (!fresh || db_exec(db, "PRAGMA journal_mode=MEMORY")))
            return db;
    }
    sqlite3_close(db);
    return NULL;
}

bool copy_close(sqlite3 *db)
{
    if (!db)
        return false;
    bool ok = db_exec(db, "PRAGMA journal_mode=DELETE");
    ok = sqlite3_close(db) == SQLITE_OK && ok;
    // Its pages were small, and the heap of each thread that made one would keep them.
    malloc_trim(0);
    return ok;
}

// The first column of the first row is `want`; NULL: there is no row.
static bool says(sqlite3 *db, const char *sql, const char *want)
{
    char text[64] = "";
    sqlite3_stmt *st = NULL;
    bool row = false;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && (row = db_row(st)))
        db_text(st, 0, text, sizeof text);
    bool prepared = st != NULL;
    return sqlite3_finalize(st) == SQLITE_OK && prepared &&
           (want ? row && strcmp(text, want) == 0 : !row);
}

bool copy_is_sound(sqlite3 *db)
{
    return says(db, "PRAGMA integrity_check(1)", "ok") &&
           says(db, "PRAGMA foreign_key_check", NULL);
}

bool copy_forget_logins(sqlite3 *db)
{
    // Schema 1 had no visits.
    bool visits = says(db, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='visit'", "1");
    return db_exec(db, "DELETE FROM login") && (!visits || db_exec(db, "DELETE FROM visit"));
}
