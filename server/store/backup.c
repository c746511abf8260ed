// SPDX-License-Identifier: Apache-2.0
#include "server/store/backup.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/copy.h"
#include "server/store/db.h"

#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUM_BYTES = crypto_hash_sha256_BYTES };

static const char sum_begins[] = "\nroomtone backup, sha256 of what is before: ";
_Static_assert(sizeof sum_begins - 1 + 2 * SUM_BYTES + 1 == BACKUP_SUM_LEN, "one line");

struct backup {
    struct store_job job;
    struct store *store;
    char path[1024];
    // The store's thread's:
    sqlite3 *from, *copy;
    sqlite3_backup *steps; // NULL before the first step and when let go
    bool over;
    // The loop's:
    void (*done)(void *user, enum err err);
    void *user;
};

// The one that has begun. Of the thread that has the database.
static struct backup *under_way;

static enum err begin(struct backup *b, sqlite3 *db)
{
    if (under_way)
        return ERR_BUSY;
    unlink(b->path);
    b->from = db;
    b->copy = copy_open(b->path, true);
    b->steps = b->copy ? sqlite3_backup_init(b->copy, "main", db, "main") : NULL;
    if (!b->steps) {
        sqlite3_close(b->copy);
        b->copy = NULL;
        return ERR_STORAGE_FAILED;
    }
    under_way = b;
    return ERR_OK;
}

static int end(struct backup *b)
{
    int rc = sqlite3_backup_finish(b->steps);
    int closed = sqlite3_close(b->copy);
    b->steps = NULL;
    b->copy = NULL;
    b->over = true;
    under_way = NULL;
    return rc == SQLITE_OK ? closed : rc;
}

void backup_let_go(sqlite3 *db)
{
    if (under_way && under_way->from == db) {
        log_warn("store", "a backup was given up: the database is closed");
        end(under_way);
    }
}

static enum err step(sqlite3 *db, struct store_job *job)
{
    struct backup *b = (struct backup *)job;
    if (!b->steps) {
        if (b->over || !db)
            return ERR_STORAGE_FAILED; // let go
        enum err e = begin(b, db);
        if (e != ERR_OK) {
            b->over = true;
            return e;
        }
    }
    int rc = sqlite3_backup_step(b->steps, BACKUP_STEP_PAGES);
    if (rc == SQLITE_OK)
        return ERR_OK;
    int ended = end(b);
    rc = rc == SQLITE_DONE ? ended : rc;
    if (rc == SQLITE_OK)
        return ERR_OK;
    log_error("store", "%s: %s", b->path, sqlite3_errstr(rc));
    return (rc & 0xff) == SQLITE_FULL ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}

static void stepped(struct store_job *job, enum err e)
{
    struct backup *b = (struct backup *)job;
    if (e == ERR_OK && !b->over) {
        store_submit(b->store, job);
        return;
    }
    if (e != ERR_OK && e != ERR_BUSY)
        unlink(b->path);
    b->done(b->user, e);
    free(b);
}

void backup_start(struct store *s, const char *path, void (*done)(void *user, enum err err),
                  void *user)
{
    struct backup *b = check_alloc(calloc(1, sizeof *b));
    // One at a time, and one that has begun must come to its end: never refused for a full queue.
    b->job = (struct store_job){.run = step, .done = stepped, .apart = true, .in_line = true};
    b->store = s;
    snprintf(b->path, sizeof b->path, "%s", path);
    b->done = done;
    b->user = user;
    store_submit(s, &b->job);
}

// The sum of the first `len` bytes, as a line.
static bool sum_line(int fd, int64_t len, char out[BACKUP_SUM_LEN + 1])
{
    unsigned char sum[SUM_BYTES], piece[16 * 1024];
    char hex[2 * SUM_BYTES + 1];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (int64_t at = 0; at < len;) {
        int64_t want = len - at < (int64_t)sizeof piece ? len - at : (int64_t)sizeof piece;
        ssize_t n = pread(fd, piece, (size_t)want, at);
        if (n <= 0)
            return false;
        crypto_hash_sha256_update(&state, piece, (unsigned long long)n);
        at += n;
    }
    crypto_hash_sha256_final(&state, sum);
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    snprintf(out, BACKUP_SUM_LEN + 1, "%s%s\n", sum_begins, hex);
    return true;
}

static bool add_sum(const char *path)
{
    char line[BACKUP_SUM_LEN + 1];
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && sum_line(fd, st.st_size, line) &&
              pwrite(fd, line, BACKUP_SUM_LEN, st.st_size) == BACKUP_SUM_LEN && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

enum err backup_finish(const char *path)
{
    sqlite3 *db = copy_open(path, false);
    char mark[60];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d", BACKUP_APPLICATION_ID);
    bool ok = db && copy_forget_logins(db) && db_exec(db, mark) && copy_is_sound(db);
    ok = copy_close(db) && ok && add_sum(path);
    if (ok)
        return ERR_OK;
    log_error("store", "%s: the copy is not sound", path);
    unlink(path);
    return ERR_STORAGE_FAILED;
}

// Where the line with the sum begins; 0: there is none, and none is missing; -1: no such file.
static int64_t find_sum(int fd)
{
    // SQLite's header: the page size at 16, where 1 stands for 65,536; the application id at 68.
    unsigned char head[72];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        pread(fd, head, sizeof head, 0) != sizeof head)
        return -1;
    int64_t page = head[16] << 8 | head[17], whole = st.st_size - BACKUP_SUM_LEN;
    page = page == 1 ? 65536 : page;
    int32_t id = (int32_t)((uint32_t)head[68] << 24 | head[69] << 16 | head[70] << 8 | head[71]);
    if (page < 512 || page > 65536)
        return -1;
    if (id != BACKUP_APPLICATION_ID)
        return st.st_size % page == 0 ? 0 : -1;
    return whole > 0 && whole % page == 0 ? whole : -1;
}

static bool take_sum(int fd)
{
    char line[BACKUP_SUM_LEN + 1], found[BACKUP_SUM_LEN];
    int64_t at = find_sum(fd);
    if (at <= 0)
        return at == 0;
    return pread(fd, found, sizeof found, at) == BACKUP_SUM_LEN && sum_line(fd, at, line) &&
           memcmp(line, found, sizeof found) == 0 && ftruncate(fd, at) == 0;
}

bool backup_take_sum(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && take_sum(fd);
    if (fd >= 0)
        close(fd);
    return ok;
}
