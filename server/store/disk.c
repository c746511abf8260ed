// SPDX-License-Identifier: Apache-2.0
#include "server/store/disk.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/backup.h"
#include "server/store/db.h"
#include "server/store/reserve.h"

#include <limits.h>
#include <string.h>

enum {
    // A checkpoint at 4 MiB (1,024 pages of 4 KiB): seldom enough to be rare, small enough not to
    // stall for long on a slow card.
    LOG_PAGES = 1024,
    BACKOFF_MAX_S = 30,
    GIVE_UP_S = 30, // with the back-off: the attempt at 31 s goes on without the old connection
    CALM_S = 60,    // after so long without a fault the next one is a new story, tried at once
};
#define SECOND_US INT64_C(1000000)

struct disk {
    sqlite3 *db; // NULL when it could not be opened again
    enum err health;
    char path[PATH_MAX], reserve[PATH_MAX + 16];
    int log_pages;
    int64_t since_us;  // changes are refused
    int64_t failed_us; // FAILED
    int64_t due_us;    // the next try
    int64_t healed_us; // when the last trouble ended
    int tries;         // to settle, since the last calm
    int64_t generation;
};

static int on_log(void *user, sqlite3 *db, const char *name, int pages)
{
    ((struct disk *)user)->log_pages = pages;
    return SQLITE_OK;
}

// The hook takes the place of SQLite's own checkpoint, which would make a commit wait and swallow
// errors.
static void adopt(struct disk *d, sqlite3 *db)
{
    d->db = db;
    d->log_pages = 0;
    sqlite3_wal_hook(db, on_log, d);
}

static void become(struct disk *d, enum err health, int64_t now_us)
{
    if (health == d->health)
        return;
    if (health == ERR_OK) {
        log_warn("store", "changes are saved again, after %lld s",
                 (long long)((now_us - d->since_us) / SECOND_US));
        d->healed_us = now_us;
    } else if (d->health == ERR_OK) {
        d->since_us = now_us;
    }
    if (health == ERR_STORAGE_FAILED) {
        log_error("store", "changes cannot be saved and are refused; trying again");
        d->failed_us = now_us;
        backup_let_go(d->db);
    }
    if (health == ERR_STORAGE_FULL) {
        log_error("store", "the disk is full: changes are refused until there is space");
        reserve_give(d->reserve);
        d->due_us = now_us + SECOND_US;
    }
    d->health = health;
    if (d->db)
        db_exec(d->db, health == ERR_STORAGE_FULL ? "PRAGMA query_only=ON" // for disk_let_write
                                                  : "PRAGMA query_only=OFF");
}

struct disk *disk_new(sqlite3 *db, int64_t now_us)
{
    struct disk *d = check_alloc(calloc(1, sizeof *d));
    snprintf(d->path, sizeof d->path, "%s", sqlite3_db_filename(db, "main"));
    const char *slash = strrchr(d->path, '/');
    snprintf(d->reserve, sizeof d->reserve, "%.*sreserve", slash ? (int)(slash + 1 - d->path) : 0,
             d->path);
    d->healed_us = now_us - CALM_S * SECOND_US;
    adopt(d, db);
    if (!reserve_take(d->reserve))
        become(d, ERR_STORAGE_FULL, now_us);
    return d;
}

void disk_free(struct disk *d)
{
    if (d->db)
        db_close(d->db);
    free(d);
}

enum err disk_health(const struct disk *d)
{
    return d->health;
}

sqlite3 *disk_db(struct disk *d)
{
    return d->health == ERR_STORAGE_FAILED ? NULL : d->db;
}

int64_t disk_generation(const struct disk *d)
{
    return d->generation;
}

int64_t disk_due_us(const struct disk *d)
{
    return d->health == ERR_OK ? INT64_MAX : d->due_us;
}

void disk_let_write(struct disk *d, bool let)
{
    if (d->health == ERR_STORAGE_FULL)
        db_exec(d->db, let ? "PRAGMA query_only=OFF" : "PRAGMA query_only=ON");
}

// A real transaction: the header's page is written even when the number in it is the same.
static enum err probe(struct disk *d)
{
    if (db_exec(d->db, "BEGIN IMMEDIATE; PRAGMA application_id=0; COMMIT"))
        return ERR_OK;
    bool full = (sqlite3_errcode(d->db) & 0xff) == SQLITE_FULL; // quietly: this may go on for long
    if (!sqlite3_get_autocommit(d->db))
        db_exec(d->db, "ROLLBACK");
    return full ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}

// All that was acknowledged goes into the database, and the log ends.
static bool empty_log(struct disk *d)
{
    int rc = sqlite3_wal_checkpoint_v2(d->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if ((rc & 0xff) == SQLITE_FULL)
        reserve_give(d->reserve); // for the next try
    return rc == SQLITE_OK;
}

static enum err settle(struct disk *d, int64_t now_us)
{
    bool known = d->db && empty_log(d);
    if (d->db && !known && now_us - d->failed_us < GIVE_UP_S * SECOND_US)
        return ERR_STORAGE_FAILED;
    if (d->db)
        db_close(d->db);
    d->db = NULL;
    char error[PATH_MAX + 200];
    sqlite3 *db = db_reopen(d->path, error, sizeof error);
    if (!db) {
        log_debug("store", "%s", error);
        return ERR_STORAGE_FAILED;
    }
    adopt(d, db);
    if (!known)
        d->generation++;
    return reserve_take(d->reserve) ? probe(d) : ERR_STORAGE_FULL;
}

static void back_off(struct disk *d, int64_t now_us)
{
    int wait_s = d->tries < 5 ? 1 << d->tries : BACKOFF_MAX_S;
    d->tries++;
    d->due_us = now_us + wait_s * SECOND_US;
}

static void try_to_settle(struct disk *d, int64_t now_us)
{
    back_off(d, now_us);
    become(d, settle(d, now_us), now_us);
}

static void try_for_space(struct disk *d, int64_t now_us)
{
    d->due_us = now_us + SECOND_US;
    if (!reserve_take(d->reserve))
        return;
    disk_let_write(d, true);
    enum err e = probe(d);
    disk_let_write(d, false);
    if (e == ERR_STORAGE_FULL)
        reserve_give(d->reserve);
    else if (e == ERR_STORAGE_FAILED)
        disk_failed(d, e, now_us);
    else
        become(d, ERR_OK, now_us);
}

void disk_failed(struct disk *d, enum err e, int64_t now_us)
{
    if (e == ERR_STORAGE_FULL) {
        become(d, e, now_us);
        return;
    }
    if (now_us - d->healed_us >= CALM_S * SECOND_US)
        d->tries = 0;
    become(d, ERR_STORAGE_FAILED, now_us);
    // A disk that fails again and again is not tried, and told of, with every change.
    if (d->tries == 0)
        try_to_settle(d, now_us);
    else
        back_off(d, now_us);
}

void disk_care(struct disk *d, int64_t now_us)
{
    if (now_us < disk_due_us(d))
        return;
    if (d->health == ERR_STORAGE_FULL)
        try_for_space(d, now_us);
    else
        try_to_settle(d, now_us);
}

void disk_checkpoint(struct disk *d, int64_t now_us)
{
    if (d->health == ERR_STORAGE_FAILED || d->log_pages < LOG_PAGES)
        return;
    d->log_pages = 0;
    int rc = sqlite3_wal_checkpoint_v2(d->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK)
        disk_failed(d, db_err(d->db, rc), now_us);
}
