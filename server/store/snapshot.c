// SPDX-License-Identifier: Apache-2.0
#include "server/store/snapshot.h"

#include "common/base/log.h"
#include "server/store/copy.h"
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

bool snapshot_make_folder(const char *folder)
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

// Removes the oldest of a kind, by their numbers (the wall clock may have been anywhere), until few
// enough are left. Failing to is no reason to stop.
static void prune(const char *folder, const char *kind)
{
    for (;;) {
        char path[PATH_SIZE];
        int count = 0, oldest = -1;
        DIR *d = opendir(folder);
        struct dirent *e;
        while (d && (e = readdir(d))) {
            int n = number_of(e->d_name, kind);
            count += n >= 0;
            oldest = n >= 0 && (oldest < 0 || n < oldest) ? n : oldest;
        }
        if (d)
            closedir(d);
        snprintf(path, sizeof path, "%s/%s%d.db", folder, kind, oldest);
        if (count <= SNAPSHOT_KEEP || unlink(path) != 0)
            return;
    }
}

// A copy of `db`, whole and out of WAL mode, synced, under a temporary name.
static bool make_copy(sqlite3 *db, const char *path, char *error, size_t error_size)
{
    unlink(path);
    int rc = SQLITE_CANTOPEN;
    sqlite3 *copy = copy_open(path, true);
    sqlite3_backup *b = copy ? sqlite3_backup_init(copy, "main", db, "main") : NULL;
    if (b) {
        sqlite3_backup_step(b, -1);
        rc = sqlite3_backup_finish(b);
    }
    sqlite3_close(copy);
    // Opened anew, so that what was written is looked at and not what was meant.
    copy = rc == SQLITE_OK ? copy_open(path, false) : NULL;
    bool sound = copy && copy_is_sound(copy);
    sound = copy_close(copy) && sound;
    if (rc != SQLITE_OK)
        snprintf(error, error_size, "%s: %s", path, sqlite3_errstr(rc));
    else if (!sound)
        snprintf(error, error_size, "%s: the copy is not sound", path);
    else
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
    if (!snapshot_make_folder(folder)) {
        snprintf(error, error_size, "%s: %s", folder, strerror(errno));
        return false;
    }
    snprintf(temp, sizeof temp, "%s/.tmp", folder);
    snprintf(path, path_size, "%s/%s%d.db", folder, kind,
             number < 0 ? snapshot_next(folder) : number);
    if (!make_copy(db, temp, error, error_size))
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

bool snapshot_of_schema(const char *db_path, int schema, char *path, size_t size)
{
    char folder[FOLDER_MAX];
    snapshot_folder(db_path, folder, sizeof folder);
    for (int n = schema; n > 0; n--) {
        snprintf(path, size, "%s/%s%d.db", folder, migration_kind, n);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

bool snapshot_before_restore(sqlite3 *db, char *path, size_t path_size, char *error,
                             size_t error_size)
{
    return keep(db, restore_kind, -1, path, path_size, error, error_size);
}
