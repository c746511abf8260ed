// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/recvfs.h"

#include "common/base/check.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 4096, NAME_SIZE = 64 };

struct rec_file {
    sqlite3_file base;
    int number; // -1: not recorded
    bool new_name;
    sqlite3_file *real;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *stock;
static sqlite3_vfs shim;
static uint64_t random_state;
static char folder[400];
static struct recvfs_event *events;
static int64_t count, cap;
static char names[FILES_MAX][NAME_SIZE];
static bool gone[FILES_MAX];
static int file_count;

static struct recvfs_event *add(enum recvfs_kind kind, int file)
{
    if (count == cap) {
        cap = cap ? 2 * cap : 1024;
        events = check_alloc(realloc(events, (size_t)cap * sizeof *events));
    }
    struct recvfs_event *e = &events[count++];
    *e = (struct recvfs_event){.kind = kind, .file = file, .name = names[file]};
    return e;
}

static void record(enum recvfs_kind kind, int file, int64_t offset, const void *data, int64_t len,
                   bool with_folder)
{
    if (file < 0)
        return;
    pthread_mutex_lock(&lock);
    struct recvfs_event *e = add(kind, file);
    e->offset = offset;
    e->len = len;
    e->folder = with_folder;
    if (len > 0) {
        e->data = check_alloc(malloc((size_t)len));
        memcpy(e->data, data, (size_t)len);
    }
    pthread_mutex_unlock(&lock);
}

// The name of a path that is recorded, or NULL.
static const char *recorded_name(const char *path)
{
    size_t len = strlen(folder);
    if (!path || len == 0 || strncmp(path, folder, len) != 0 || path[len] != '/' ||
        strchr(path + len + 1, '/') || strlen(path + len + 1) >= NAME_SIZE)
        return NULL;
    return path + len + 1;
}

static int find(const char *name)
{
    for (int i = file_count - 1; i >= 0; i--) {
        if (!gone[i] && strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static int find_or_create(const char *name)
{
    pthread_mutex_lock(&lock);
    int file = find(name);
    if (file < 0) {
        CHECK(file_count < FILES_MAX);
        file = file_count++;
        memcpy(names[file], name, strlen(name) + 1);
        gone[file] = false;
        add(REC_CREATE, file);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((struct rec_file *)f)->real;
}

static int rec_close(sqlite3_file *f)
{
    return real(f)->pMethods->xClose(real(f));
}

static int rec_read(sqlite3_file *f, void *data, int len, sqlite3_int64 offset)
{
    return real(f)->pMethods->xRead(real(f), data, len, offset);
}

static int rec_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 offset)
{
    int rc = real(f)->pMethods->xWrite(real(f), data, len, offset);
    if (rc == SQLITE_OK)
        record(REC_WRITE, ((struct rec_file *)f)->number, offset, data, len, false);
    return rc;
}

static int rec_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = real(f)->pMethods->xTruncate(real(f), size);
    if (rc == SQLITE_OK)
        record(REC_TRUNCATE, ((struct rec_file *)f)->number, size, NULL, 0, false);
    return rc;
}

static int rec_sync(sqlite3_file *f, int flags)
{
    struct rec_file *r = (struct rec_file *)f;
    if (r->number < 0)
        return r->real->pMethods->xSync(r->real, flags);
    record(REC_SYNC, r->number, 0, NULL, 0, r->new_name);
    r->new_name = false;
    return SQLITE_OK;
}

static int rec_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int rec_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}

static int rec_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int rec_reserved(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int rec_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int rec_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int rec_traits(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

// Version 1: no shared memory, no memory mapping.
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = rec_close,
    .xRead = rec_read,
    .xWrite = rec_write,
    .xTruncate = rec_truncate,
    .xSync = rec_sync,
    .xFileSize = rec_size,
    .xLock = rec_lock,
    .xUnlock = rec_unlock,
    .xCheckReservedLock = rec_reserved,
    .xFileControl = rec_control,
    .xSectorSize = rec_sector,
    .xDeviceCharacteristics = rec_traits,
};

static int rec_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
    (void)vfs;
    struct rec_file *r = (struct rec_file *)f;
    r->real = (sqlite3_file *)(r + 1);
    int rc = stock->xOpen(stock, path, r->real, flags, out_flags);
    f->pMethods = r->real->pMethods ? &methods : NULL;
    const char *name = recorded_name(path);
    r->number = rc == SQLITE_OK && name ? find_or_create(name) : -1;
    // What the stock VFS does: the first sync of a log or journal syncs its name, too.
    r->new_name =
        (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
    return rc;
}

static int rec_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    int rc = stock->xDelete(stock, path, 0);
    const char *name = recorded_name(path);
    int file = name && rc == SQLITE_OK ? find(name) : -1;
    if (file >= 0) {
        record(REC_REMOVE, file, 0, NULL, 0, sync_folder != 0);
        gone[file] = true;
    }
    return rc;
}

static int rec_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    for (int i = 0; i < len; i++) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (char)(random_state >> 56);
    }
    return len;
}

void recvfs_install(uint64_t seed)
{
    CHECK(sqlite3_initialize() == SQLITE_OK);
    stock = sqlite3_vfs_find(NULL);
    random_state = seed;
    shim = *stock;
    shim.pNext = NULL;
    shim.zName = "recording";
    shim.szOsFile = (int)sizeof(struct rec_file) + stock->szOsFile;
    shim.xOpen = rec_open;
    shim.xDelete = rec_delete;
    shim.xRandomness = rec_randomness;
    CHECK(sqlite3_vfs_register(&shim, 1) == SQLITE_OK);
}

static void record_existing(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rbe");
    CHECK(f && fseek(f, 0, SEEK_END) == 0);
    long size = ftell(f);
    rewind(f);
    char *data = check_alloc(malloc((size_t)size + 1));
    CHECK(fread(data, 1, (size_t)size, f) == (size_t)size);
    fclose(f);
    int file = find_or_create(name);
    if (size > 0)
        record(REC_WRITE, file, 0, data, size, false);
    record(REC_SYNC, file, 0, NULL, 0, true);
    free(data);
}

void recvfs_start(const char *where)
{
    recvfs_clear();
    CHECK((size_t)snprintf(folder, sizeof folder, "%s", where) < sizeof folder);
    DIR *d = opendir(folder);
    CHECK(d);
    struct dirent *e;
    while ((e = readdir(d))) {
        if (e->d_type == DT_REG)
            record_existing(e->d_name);
    }
    closedir(d);
}

int64_t recvfs_count(void)
{
    pthread_mutex_lock(&lock);
    int64_t n = count;
    pthread_mutex_unlock(&lock);
    return n;
}

const struct recvfs_event *recvfs_event(int64_t i)
{
    CHECK(i >= 0 && i < count);
    return &events[i];
}

void recvfs_clear(void)
{
    for (int64_t i = 0; i < count; i++)
        free(events[i].data);
    free(events);
    events = NULL;
    count = cap = 0;
    file_count = 0;
    folder[0] = '\0';
}
