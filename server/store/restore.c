// SPDX-License-Identifier: Apache-2.0
#include "server/store/restore.h"

#include "common/base/log.h"
#include "server/store/anchor_store.h"
#include "server/store/copy.h"
#include "server/store/db.h"
#include "server/store/durable.h"
#include "server/store/restore_check.h"
#include "server/store/room_rows.h"
#include "server/store/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };

static void beside(const char *db_path, const char *ending, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s%s", db_path, ending);
}

enum err restore_stage(const char *path, const char *db_path)
{
    char staged[PATH_SIZE];
    beside(db_path, ".restore", staged);
    if (durable_rename(path, staged))
        return ERR_OK;
    log_error("store", "%s: %s", staged, strerror(errno));
    return errno == ENOSPC ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}

// The clock to go on with: today's. A backup of another box may have promised its players a later
// house time, or have seen more clocks: then this box resumes beyond both, as after a reboot
// (house.h), and the empty boot id says so.
static struct house_anchor clock_after(const struct house_anchor *today,
                                       const struct house_anchor *backup)
{
    struct house_anchor a = today->present ? *today : *backup;
    if (!a.present || (today->present && backup->reserved.us <= today->reserved.us &&
                       backup->clock_epoch <= today->clock_epoch))
        return a;
    a.boot_id[0] = '\0';
    a.reserved = house_max(today->reserved, backup->reserved);
    a.clock_epoch =
        today->clock_epoch > backup->clock_epoch ? today->clock_epoch : backup->clock_epoch;
    return a;
}

static const char seen_table[] =
    "CREATE TEMP TABLE seen(id TEXT PRIMARY KEY, epoch INTEGER, fence INTEGER)";

#define SEEN "SELECT id,epoch,fence FROM room"

// The highest epochs and fences that members may have seen, into the staged database's session.
static bool copy_seen(sqlite3 *staged, sqlite3 *today)
{
    sqlite3_stmt *from = db_prepare(today, SEEN);
    enum err e = ERR_OK;
    while (e == ERR_OK && db_row(from)) {
        sqlite3_stmt *to = db_prepare(staged, "INSERT INTO temp.seen VALUES(?,?,?)");
        db_bind_text(to, 1, (const char *)sqlite3_column_text(from, 0));
        db_bind_int(to, 2, sqlite3_column_int64(from, 1));
        db_bind_int(to, 3, sqlite3_column_int64(from, 2));
        e = db_run(staged, to);
    }
    return db_done(today, from) == ERR_OK && e == ERR_OK;
}

// A restore is the first change of a new epoch; no fence that was given falls.
static const char new_epochs[] =
    "UPDATE room SET rev=1,"
    " epoch=1+max(epoch,coalesce((SELECT s.epoch FROM temp.seen s WHERE s.id=room.id),0)),"
    " fence=max(fence,coalesce((SELECT s.fence FROM temp.seen s WHERE s.id=room.id),0));"
    // The clock of the anchor may be a minute behind.
    "INSERT INTO history(room_id,h_us,lead_us,actor,op," ROOM_STATE_COLUMNS ")"
    " SELECT id,max(updated_us,(SELECT house_us FROM clock_anchor)),0,"
    " 'room','restore'," ROOM_STATE_COLUMNS " FROM room;"
    "DROP TABLE temp.seen;";

static bool write_staged(sqlite3 *staged, sqlite3 *today)
{
    struct house_anchor now = {0}, backup = {0};
    if ((today && anchor_store_read(today, &now) != ERR_OK) ||
        anchor_store_read(staged, &backup) != ERR_OK)
        return false;
    struct house_anchor next = clock_after(&now, &backup);
    return db_exec(staged, seen_table) && (!today || copy_seen(staged, today)) &&
           (!next.present || anchor_store_write(staged, &next) == ERR_OK) &&
           db_exec(staged, new_epochs);
}

// In one transaction: a crash leaves the staged file as it was. (When it comes right after, all is
// done again and epochs rise by one more, which harms nobody.)
static bool prepare(const char *path, sqlite3 *today)
{
    sqlite3 *staged = copy_open(path, false);
    bool ok = staged && db_exec(staged, "PRAGMA synchronous=EXTRA") &&
              db_exec(staged, "BEGIN IMMEDIATE") && write_staged(staged, today) &&
              db_exec(staged, "COMMIT");
    if (staged && !ok)
        log_error("store", "%s: %s", path, sqlite3_errmsg(staged));
    return copy_close(staged) && ok;
}

// Nothing of the old database may lie beside the new one: a log that stayed would be played into
// it.
static bool clear_beside(const char *db_path)
{
    static const char *const endings[] = {"-wal", "-journal", "-shm"};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        beside(db_path, endings[i], path);
        if (!durable_remove(path))
            return false;
    }
    return true;
}

// What cannot even be opened is kept as it is, with its log.
static bool keep_damaged(const char *db_path)
{
    char folder[PATH_SIZE - 100], to[PATH_SIZE], wal[PATH_SIZE];
    snapshot_folder(db_path, folder, sizeof folder);
    snapshot_make_folder(folder);
    snprintf(to, sizeof to, "%s/damaged-%d.db-wal", folder, snapshot_next(folder));
    beside(db_path, "-wal", wal);
    if (access(wal, F_OK) == 0 && !durable_rename(wal, to))
        return false;
    to[strlen(to) - strlen("-wal")] = '\0';
    log_warn("store", "the damaged database is kept as %s", to);
    return durable_rename(db_path, to);
}

// A database that db_open refuses because a newer Roomtone had it is whole: what is needed of it is
// read all the same, if it is where it is with us.
static sqlite3 *open_newer(const char *db_path)
{
    char error[1200];
    sqlite3 *db = db_reopen(db_path, error, sizeof error);
    if (!db || (anchor_store_known(db) && db_exec(db, SEEN)))
        return db;
    db_close(db);
    return NULL;
}

// Makes the staged file ready and keeps the old state. False, and said why: the old one goes on.
static bool ready(const char *db_path, const char *staged)
{
    char error[1200] = "", kept[PATH_SIZE];
    struct restore_report report;
    if (restore_check(staged, NULL, &report, error, sizeof error) != ERR_OK) {
        log_error("store", "%s: %s", staged, error);
        return false;
    }
    if (access(db_path, F_OK) != 0)
        return prepare(staged, NULL);
    sqlite3 *today = db_open(db_path, error, sizeof error);
    if (!today)
        today = open_newer(db_path);
    if (!today) {
        log_error("store", "%s", error);
        return prepare(staged, NULL) && keep_damaged(db_path);
    }
    bool ok = snapshot_before_restore(today, kept, sizeof kept, error, sizeof error);
    if (!ok)
        log_error("store", "the database could not be kept: %s", error);
    ok = ok && prepare(staged, today);
    db_close(today);
    return ok;
}

bool restore_apply(const char *db_path, char *error, size_t error_size)
{
    char staged[PATH_SIZE], refused[PATH_SIZE];
    beside(db_path, ".restore", staged);
    beside(db_path, ".refused", refused);
    if (access(staged, F_OK) != 0)
        return true;
    if (!ready(db_path, staged)) {
        log_error("store", "nothing was restored; the file is kept as %s", refused);
        rename(staged, refused);
        return true;
    }
    if (clear_beside(db_path) && durable_rename(staged, db_path)) {
        log_info("store", "the backup is in its place");
        return true;
    }
    snprintf(error, error_size, "%s: %s", db_path, strerror(errno));
    return false;
}
