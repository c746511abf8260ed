// SPDX-License-Identifier: Apache-2.0
#include "server/store/migrate.h"

#include "server/store/db.h"

#include <stdio.h>

static const char *const steps[] = {
    // 1: the first house
    "CREATE TABLE clock_anchor("
    " id INTEGER PRIMARY KEY CHECK(id=1), boot_id TEXT NOT NULL, base_ns INTEGER NOT NULL,"
    " house_us INTEGER NOT NULL, realtime_us INTEGER NOT NULL, realtime_trusted INTEGER NOT NULL,"
    " reserved_us INTEGER NOT NULL, clock_epoch INTEGER NOT NULL) STRICT;"

    // A group's durable room: who it is, and the one state in force (server/room/room_state.h).
    // due_us: when something happens by itself; rooms with one are woken at start.
    "CREATE TABLE room("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL UNIQUE,"
    " link TEXT NOT NULL UNIQUE, created_us INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, rev INTEGER NOT NULL, tour_id TEXT, tour_hash TEXT,"
    " mode INTEGER NOT NULL, cue INTEGER NOT NULL,"
    " p0_us INTEGER NOT NULL, t0_us INTEGER NOT NULL, rate INTEGER NOT NULL,"
    " pending_at_us INTEGER, pending_mode INTEGER, pending_cue INTEGER,"
    " pending_p0_us INTEGER, pending_t0_us INTEGER, pending_rate INTEGER,"
    " due_us INTEGER, updated_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX room_due ON room(due_us) WHERE due_us IS NOT NULL;"

    // Commands that took effect, so that a retry gets the same answer and has no second effect.
    "CREATE TABLE cmd_seen("
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, rev INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, cmd_id TEXT NOT NULL, hash INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " h_us INTEGER NOT NULL, PRIMARY KEY(room_id, epoch, rev)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX cmd_seen_id ON cmd_seen(room_id, cmd_id);"

    // Every change of a room, oldest first.
    "CREATE TABLE log("
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, epoch INTEGER NOT NULL,"
    " rev INTEGER NOT NULL, h_us INTEGER NOT NULL, actor TEXT NOT NULL, op TEXT NOT NULL,"
    " state TEXT NOT NULL, PRIMARY KEY(room_id, epoch, rev)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE track("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE variant("
    " track_id TEXT NOT NULL REFERENCES track(id) ON DELETE CASCADE, lang TEXT NOT NULL,"
    " opus TEXT NOT NULL, bytes INTEGER NOT NULL, seek TEXT NOT NULL, dur_us INTEGER NOT NULL,"
    " captions TEXT, info TEXT NOT NULL, PRIMARY KEY(track_id, lang)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tour("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL, hash TEXT NOT NULL, cues INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE tour_doc(hash TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE user("
    " name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    // Logins, by the SHA-256 of their token: the file alone lets nobody in.
    "CREATE TABLE login("
    " token_hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES user(name) ON DELETE CASCADE,"
    " expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
};

enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

static int version(sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(db, "PRAGMA user_version");
    int v = db_row(st) ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    return v;
}

static bool apply(sqlite3 *db, int step)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version=%d", step);
    if (!db_exec(db, "BEGIN IMMEDIATE"))
        return false;
    if (db_exec(db, steps[step - 1]) && db_exec(db, mark) && db_exec(db, "COMMIT"))
        return true;
    db_exec(db, "ROLLBACK");
    return false;
}

bool migrate(sqlite3 *db, char *error, size_t error_size)
{
    int at = version(db);
    if (at > STEP_COUNT) {
        snprintf(error, error_size,
                 "the database is of a newer Roomtone (schema %d, this program knows %d)", at,
                 (int)STEP_COUNT);
        return false;
    }
    for (int step = at + 1; step <= STEP_COUNT; step++) {
        if (!apply(db, step)) {
            snprintf(error, error_size, "schema step %d: %s", step, sqlite3_errmsg(db));
            return false;
        }
    }
    return true;
}
