// SPDX-License-Identifier: Apache-2.0
#include "server/store/wear.h"

#include "common/base/check.h"
#include "server/house/house.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const int64_t buckets_us[WEAR_BUCKETS] = {1000,  2000,   5000,   10000,   20000,
                                                 50000, 100000, 200000, 1000000, 5000000};

static _Atomic int64_t bytes, syncs, sync_us, within[WEAR_BUCKETS];

// SQLite writes each page of the log in two pieces, one behind the other. They are held and go to
// the kernel together, at the latest when they are to be on the disk or somebody looks.
enum { HELD_MAX = 64 * 1024 };

// A database that is read through is read by one call instead of two a page, where it is not too
// large for that. A map of the file would do the same, and turn a failing disk into SIGBUS. The
// memory is asked for whole: page by page it would cost as much as the calls.
enum { WHOLE_MAX = 16 * 1024 * 1024, OP_WHOLE = 7001 };

struct counted {
    sqlite3_file base;
    sqlite3_file *real;  // our own allocation: its size is the default VFS's
    unsigned char *held; // of a log alone: HELD_MAX bytes
    int held_len;
    sqlite3_int64 held_at;
    unsigned char *whole; // the file's bytes, while wear_whole()
    sqlite3_int64 whole_len;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct counted *)f)->real;
}

static int write_through(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    int rc = real_of(f)->pMethods->xWrite(real_of(f), data, n, at);
    if (rc == SQLITE_OK)
        bytes += n;
    return rc;
}

// What could not be written is not tried again: whoever hears of it takes the transaction back.
static int let_go(sqlite3_file *f)
{
    struct counted *c = (struct counted *)f;
    int n = c->held_len;
    c->held_len = 0;
    return n ? write_through(f, c->held, n, c->held_at) : SQLITE_OK;
}

static void forget_whole(struct counted *c)
{
    if (c->whole)
        munmap(c->whole, (size_t)c->whole_len);
    c->whole = NULL;
}

static int take_whole(struct counted *c)
{
    int rc = c->real->pMethods->xFileSize(c->real, &c->whole_len);
    if (rc != SQLITE_OK || c->whole_len == 0 || c->whole_len > WHOLE_MAX)
        return rc;
    void *room = mmap(NULL, (size_t)c->whole_len, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    CHECK(room != MAP_FAILED);
    c->whole = room;
    rc = c->real->pMethods->xRead(c->real, c->whole, (int)c->whole_len, 0);
    if (rc != SQLITE_OK)
        forget_whole(c);
    return rc;
}

static int on_close(sqlite3_file *f)
{
    struct counted *c = (struct counted *)f;
    forget_whole(c);
    let_go(f); // nothing that was promised: that was synced
    int rc = c->real->pMethods->xClose(c->real);
    free(c->real);
    free(c->held);
    return rc;
}

static int on_read(sqlite3_file *f, void *data, int n, sqlite3_int64 at)
{
    struct counted *c = (struct counted *)f;
    if (c->whole && at + n <= c->whole_len) {
        memcpy(data, c->whole + at, (size_t)n);
        return SQLITE_OK;
    }
    int rc = let_go(f);
    return rc == SQLITE_OK ? real_of(f)->pMethods->xRead(real_of(f), data, n, at) : rc;
}

static int on_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    struct counted *c = (struct counted *)f;
    forget_whole(c);
    if (!c->held || n > HELD_MAX) {
        int rc = let_go(f);
        return rc == SQLITE_OK ? write_through(f, data, n, at) : rc;
    }
    bool fits = c->held_len + n <= HELD_MAX && at == c->held_at + c->held_len;
    int rc = fits ? SQLITE_OK : let_go(f);
    if (rc != SQLITE_OK)
        return rc;
    if (c->held_len == 0)
        c->held_at = at;
    memcpy(c->held + c->held_len, data, (size_t)n);
    c->held_len += n;
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    forget_whole((struct counted *)f);
    int rc = let_go(f);
    return rc == SQLITE_OK ? real_of(f)->pMethods->xTruncate(real_of(f), size) : rc;
}

static int on_sync(sqlite3_file *f, int flags)
{
    int written = let_go(f);
    if (written != SQLITE_OK)
        return written;
    mono_t began = house_raw_now();
    int rc = real_of(f)->pMethods->xSync(real_of(f), flags);
    int64_t took = mono_diff_ns(house_raw_now(), began) / 1000;
    syncs++;
    sync_us += took;
    for (int i = 0; i < WEAR_BUCKETS; i++)
        within[i] += took <= buckets_us[i];
    return rc;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    int rc = let_go(f);
    if (rc != SQLITE_OK)
        return rc;
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int on_lock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int on_unlock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int on_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
    struct counted *c = (struct counted *)f;
    if (op != OP_WHOLE)
        return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
    forget_whole(c);
    return *(bool *)arg ? take_whole(c) : SQLITE_OK;
}

static int on_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

// Version 1, without shared memory: whoever comes this way has locking_mode=EXCLUSIVE.
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
};

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    struct counted *c = (struct counted *)f;
    c->base.pMethods = NULL;
    c->held = c->whole = NULL;
    c->held_len = 0;
    c->real = check_alloc(calloc(1, (size_t)below->szOsFile));
    int rc = below->xOpen(below, name, c->real, flags, out);
    if (rc == SQLITE_OK) {
        if (flags & SQLITE_OPEN_WAL)
            c->held = check_alloc(malloc(HELD_MAX));
        c->base.pMethods = &methods;
        return rc;
    }
    if (c->real->pMethods)
        c->real->pMethods->xClose(c->real);
    free(c->real);
    return rc;
}

static int on_delete(sqlite3_vfs *v, const char *name, int sync)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    return below->xDelete(below, name, sync);
}

static int on_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    return below->xAccess(below, name, flags, out);
}

static int on_full_path(sqlite3_vfs *v, const char *name, int size, char *out)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    return below->xFullPathname(below, name, size, out);
}

static int on_randomness(sqlite3_vfs *v, int n, char *out)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    return below->xRandomness(below, n, out);
}

static sqlite3_vfs vfs;

static void make_vfs(void)
{
    vfs = *sqlite3_vfs_find(NULL); // what is not ours (sleeping, clocks) needs no file
    vfs.zName = "roomtone";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct counted);
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    vfs.xAccess = on_access;
    vfs.xFullPathname = on_full_path;
    vfs.xRandomness = on_randomness;
    CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

const char *wear_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CHECK(sqlite3_initialize() == SQLITE_OK);
    pthread_once(&once, make_vfs);
    return vfs.zName;
}

bool wear_whole(sqlite3 *db, bool on)
{
    return sqlite3_file_control(db, "main", OP_WHOLE, &on) == SQLITE_OK;
}

struct wear wear_read(void)
{
    struct wear w = {.bytes = bytes, .syncs = syncs, .sync_us = sync_us};
    for (int i = 0; i < WEAR_BUCKETS; i++)
        w.within[i] = within[i];
    return w;
}

int64_t wear_bucket_us(int i)
{
    return buckets_us[i];
}
