// SPDX-License-Identifier: Apache-2.0
// The one SQLite connection and its rules.
//
// One connection per file, in EXCLUSIVE mode set before WAL: Debian 12's SQLite 3.40 has a race
// between two connections in WAL mode that can lose commits, and EXCLUSIVE makes a second
// connection impossible. synchronous=FULL: a commit that was acknowledged survives a power cut.
// Checkpoints: SQLite's own until store_start(), then the store's (health.h).
// Thread: the opening thread until store_start(), then the store's thread alone.
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include "common/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Opens (creates) the database and brings its schema up to date. NULL with one line in `error`.
sqlite3 *db_open(const char *path, char *error, size_t error_size);
// Opens a database that was open before, by the same rules. An empty place where the disk should be
// mounted is an error, not a new house.
sqlite3 *db_reopen(const char *path, char *error, size_t error_size);
void db_close(sqlite3 *db);

// Maps SQLite's result to ours: ERR_OK, ERR_STORAGE_FULL, ERR_EXISTS (a UNIQUE clash),
// ERR_NOT_FOUND (a foreign key points at nothing) or ERR_STORAGE_FAILED, and logs the last.
enum err db_err(sqlite3 *db, int rc);

bool db_exec(sqlite3 *db, const char *sql);

// Prepared statements by position. The SQL is our own text: a mistake in it is a bug (CHECK),
// unless the database's schema is not ours any more: it is damaged, which is said, and the program
// ends.
//   sqlite3_stmt *st = db_prepare(db, "INSERT ...");
//   db_bind_text(st, 1, id); ... ; enum err e = db_run(db, st);   // runs once, finalizes
//   while (db_row(st)) ... ; e = db_done(db, st);
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql);
void db_bind_text(sqlite3_stmt *st, int i, const char *text);
void db_bind_int(sqlite3_stmt *st, int i, int64_t v);
void db_bind_blob(sqlite3_stmt *st, int i, const void *data, size_t len);
bool db_row(sqlite3_stmt *st);
void db_text(sqlite3_stmt *st, int column, char *out, size_t size);
enum err db_run(sqlite3 *db, sqlite3_stmt *st);
enum err db_done(sqlite3 *db, sqlite3_stmt *st);
// The same for what is run with every change: prepared once for as long as the database is open,
// which takes longer than running it. Of one text no two may be under way at once.
//   sqlite3_stmt *st = db_keep(db, "INSERT ..."); db_bind_...; e = db_run_kept(db, st);
sqlite3_stmt *db_keep(sqlite3 *db, const char *sql);
enum err db_run_kept(sqlite3 *db, sqlite3_stmt *st);
bool db_exec_kept(sqlite3 *db, const char *sql);
// Whether a SELECT with one parameter, a text, finds a row.
bool db_has(sqlite3 *db, const char *sql, const char *text);

#endif
