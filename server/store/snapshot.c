// SPDX-License-Identifier: Apache-2.0
#include "server/store/snapshot.h"

#include "common/base/log.h"
#include "server/store/db.h"
#include "server/store/durable.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MAX = 600, PATH_SIZE = 900 };

static const char migration_kind[] = "roomtone-schema-", restore_kind[] = "before-restore-";

void snapshot_folder(const char *db_path, char *out, size_t size)
{
    const char *slash = strrchr(db_path, '/');
    snprintf(out, size, "%.*ssnapshots", slash ? (int)(slash - db_path) + 1 : 0, db_path);
}

static bool make_folder(const char *folder)
{
    if (mkdir(folder, 0750) == 0)
        return durable_sync_folder_of(folder);
    struct stat st;
    return errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
}

// The number of KIND-N.db, or -1.
static int number_of(const char *name, const char *kind)
{
    size_t len = strlen(kind);
    char *end;
    if (strncmp(name, kind, len) != 0)
        return -1;
    long n = strtol(name + len, &end, 10);
    return end != name + len && strcmp(end, ".db") == 0 && n >= 0 && n < 1000000000 ? (int)n : -1;
}

int snapshot_next(const char *folder)
{
    int next = 1;
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        int n = number_of(e->d_name, restore_kind);
        next = n >= next ? n + 1 : next;
    }
    if (d)
        closedir(d);
    return next;
}

// Removes the oldest of a kind until few enough are left. Failing to is no reason to stop.
static void prune(const char *folder, const char *kind)
{
    for (;;) {
        char oldest[PATH_SIZE] = "", path[PATH_SIZE];
        struct timespec when = {0};
        int count = 0;
        DIR *d = opendir(folder);
        struct dirent *e;
        while (d && (e = readdir(d))) {
            struct stat st;
            int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            if (number_of(e->d_name, kind) < 0 || n >= (int)sizeof path || stat(path, &st) != 0)
                continue;
            bool older = st.st_mtim.tv_sec < when.tv_sec ||
                         (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec);
            if (count++ == 0 || older) {
                memcpy(oldest, path, sizeof oldest);
                when = st.st_mtim;
            }
        }
        if (d)
            closedir(d);
        if (count <= SNAPSHOT_KEEP || unlink(oldest) != 0)
            return;
    }
}

static sqlite3 *open_copy(const char *path, int flags)
{
    sqlite3 *db = NULL;
    // Nobody else has this file, and until it is sealed it is worth nothing: no journal, no syncs.
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        db_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF;"
                    "PRAGMA cell_size_check=ON; PRAGMA synchronous=OFF"))
        return db;
    sqlite3_close(db);
    return NULL;
}

static bool is_sound(sqlite3 *db)
{
    char text[64] = "";
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL) == SQLITE_OK &&
        db_row(st))
        db_text(st, 0, text, sizeof text);
    return sqlite3_finalize(st) == SQLITE_OK && strcmp(text, "ok") == 0;
}

bool snapshot_seal(const char *path, char *error, size_t error_size)
{
    sqlite3 *db = open_copy(path, 0);
    bool ok = db && db_exec(db, "PRAGMA journal_mode=DELETE") && is_sound(db);
    ok = sqlite3_close(db) == SQLITE_OK && ok;
    if (!ok)
        snprintf(error, error_size, "%s: the copy is not sound", path);
    else if (!durable_sync(path))
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    else
        return true;
    return false;
}

bool snapshot_copy(sqlite3 *db, const char *path, char *error, size_t error_size)
{
    unlink(path);
    int rc = SQLITE_CANTOPEN;
    sqlite3 *copy = open_copy(path, SQLITE_OPEN_CREATE);
    if (copy && db_exec(copy, "PRAGMA journal_mode=OFF")) {
        sqlite3_backup *b = sqlite3_backup_init(copy, "main", db, "main");
        if (b)
            sqlite3_backup_step(b, -1);
        rc = b ? sqlite3_backup_finish(b) : sqlite3_errcode(copy);
    }
    sqlite3_close(copy);
    if (rc != SQLITE_OK)
        snprintf(error, error_size, "%s: %s", path, sqlite3_errstr(rc));
    else if (snapshot_seal(path, error, error_size))
        return true;
    unlink(path);
    return false;
}

// `number` < 0: the next one.
static bool keep(sqlite3 *db, const char *kind, int number, char *path, size_t path_size,
                 char *error, size_t error_size)
{
    char folder[FOLDER_MAX], temp[PATH_SIZE];
    snapshot_folder(sqlite3_db_filename(db, "main"), folder, sizeof folder);
    if (!make_folder(folder)) {
        snprintf(error, error_size, "%s: %s", folder, strerror(errno));
        return false;
    }
    snprintf(temp, sizeof temp, "%s/.tmp", folder);
    snprintf(path, path_size, "%s/%s%d.db", folder, kind,
             number < 0 ? snapshot_next(folder) : number);
    if (!snapshot_copy(db, temp, error, error_size))
        return false;
    if (!durable_rename(temp, path)) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        unlink(temp);
        return false;
    }
    prune(folder, kind);
    log_info("store", "the database was kept as %s", path);
    return true;
}

bool snapshot_before_migration(sqlite3 *db, int version, char *error, size_t error_size)
{
    char path[PATH_SIZE];
    const char *file = sqlite3_db_filename(db, "main");
    return !file || !file[0] ||
           keep(db, migration_kind, version, path, sizeof path, error, error_size);
}

bool snapshot_before_restore(sqlite3 *db, char *path, size_t path_size, char *error,
                             size_t error_size)
{
    return keep(db, restore_kind, -1, path, path_size, error, error_size);
}
