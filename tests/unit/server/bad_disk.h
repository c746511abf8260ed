// SPDX-License-Identifier: Apache-2.0
// SQLite's own file system with faults: a copy of the default VFS whose files ask here first.
#ifndef TESTS_UNIT_SERVER_BAD_DISK_H
#define TESTS_UNIT_SERVER_BAD_DISK_H

#include <sqlite3.h>
#include <stdatomic.h>

// What the calls answer; SQLITE_OK: what the disk says. Read on the store's thread.
static atomic_int bad_write = SQLITE_OK, bad_sync = SQLITE_OK;
static void (*bad_sync_hook)(void); // called when a sync is about to fail

static const sqlite3_io_methods *bad_disk_real; // write and sync are the same for all files
static sqlite3_io_methods bad_disk_methods[2];  // of others, of the database
static sqlite3_vfs bad_disk_vfs, *bad_disk_default;

static int bad_disk_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
    int rc = bad_write;
    return rc == SQLITE_OK ? bad_disk_real->xWrite(f, data, len, at) : rc;
}

static int bad_disk_sync(sqlite3_file *f, int flags)
{
    int rc = bad_sync;
    if (rc != SQLITE_OK && bad_sync_hook)
        bad_sync_hook();
    return rc == SQLITE_OK ? bad_disk_real->xSync(f, flags) : rc;
}

static int bad_disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    int rc = bad_disk_default->xOpen(bad_disk_default, name, f, flags, out);
    if (!f->pMethods)
        return rc;
    sqlite3_io_methods *m = &bad_disk_methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
    bad_disk_real = f->pMethods;
    *m = *bad_disk_real;
    m->xWrite = bad_disk_write;
    m->xSync = bad_disk_sync;
    f->pMethods = m;
    return rc;
}

static void bad_disk_install(void)
{
    bad_disk_default = sqlite3_vfs_find(NULL);
    bad_disk_vfs = *bad_disk_default;
    bad_disk_vfs.zName = "bad_disk";
    bad_disk_vfs.xOpen = bad_disk_open;
    sqlite3_vfs_register(&bad_disk_vfs, 1);
}

#endif
