// SPDX-License-Identifier: Apache-2.0
#include "server/store/health.h"

#include "common/base/check.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "server/store/backup.h"
#include "server/store/db.h"
#include "server/store/reserve.h"

#include <limits.h>
#include <string.h>

enum {
    // A checkpoint at 4 MiB: seldom enough to be rare, small enough not to stall for long on a slow
    // card.
    LOG_BYTES = 4 * 1024 * 1024,
    // A try costs milliseconds: seldom enough for a disk that is dead, soon enough for people who
    // wait for one that is well again.
    BACKOFF_MAX_S = 8,
    GIVE_UP_S = 30, // with the back-off: the attempt at 31 s goes on without the old connection
    CALM_S = 60,    // after so long without a fault the next one is a new story, tried at once
};
#define SECOND_US INT64_C(1000000)

struct health {
    sqlite3 *db; // NULL when it could not be opened again
    enum err health;
    char path[PATH_MAX], reserve[PATH_MAX + 16];
    int log_pages, log_pages_max;
    int64_t since_us;  // changes are refused
    int64_t failed_us; // FAILED
    int64_t due_us;    // the next try
    int64_t healed_us; // when the last trouble ended
    int tries;         // to settle, since the last calm
    int64_t generation;
};

static int on_log(void *user, sqlite3 *db, const char *name, int pages)
{
    ((struct health *)user)->log_pages = pages;
    return SQLITE_OK;
}

// The hook takes the place of SQLite's own checkpoint, which would make a commit wait and swallow
// errors.
static void adopt(struct health *h, sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(db, "PRAGMA page_size");
    int page = db_row(st) ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    h->db = db;
    h->log_pages = 0;
    h->log_pages_max = LOG_BYTES / (page > 0 ? page : 4096);
    sqlite3_wal_hook(db, on_log, h);
}

static void become(struct health *h, enum err health, int64_t now_us)
{
    if (health == h->health)
        return;
    if (health == ERR_OK) {
        log_warn("store", "changes are saved again, after %lld s",
                 (long long)((now_us - h->since_us) / SECOND_US));
        h->healed_us = now_us;
    } else if (h->health == ERR_OK) {
        h->since_us = now_us;
    }
    if (health == ERR_STORAGE_FAILED) {
        log_error("store", "changes cannot be saved and are refused; trying again");
        h->failed_us = now_us;
        backup_let_go(h->db);
    }
    if (health == ERR_STORAGE_FULL) {
        log_error("store", "the disk is full: changes are refused until there is space");
        reserve_give(h->reserve);
        h->due_us = now_us + SECOND_US;
    }
    h->health = health;
    if (h->db)
        db_exec(h->db, health == ERR_STORAGE_FULL ? "PRAGMA query_only=ON" // for health_let_write
                                                  : "PRAGMA query_only=OFF");
}

struct health *health_new(sqlite3 *db, int64_t now_us)
{
    struct health *h = check_alloc(calloc(1, sizeof *h));
    snprintf(h->path, sizeof h->path, "%s", sqlite3_db_filename(db, "main"));
    const char *slash = strrchr(h->path, '/');
    snprintf(h->reserve, sizeof h->reserve, "%.*sreserve", slash ? (int)(slash + 1 - h->path) : 0,
             h->path);
    h->healed_us = now_us - CALM_S * SECOND_US;
    adopt(h, db);
    if (!reserve_take(h->reserve))
        become(h, ERR_STORAGE_FULL, now_us);
    return h;
}

void health_free(struct health *h)
{
    if (h->db)
        db_close(h->db);
    free(h);
}

enum err health_state(const struct health *h)
{
    return h->health;
}

sqlite3 *health_db(struct health *h)
{
    return h->health == ERR_STORAGE_FAILED ? NULL : h->db;
}

int64_t health_generation(const struct health *h)
{
    return h->generation;
}

int64_t health_due_us(const struct health *h)
{
    return h->health == ERR_OK ? INT64_MAX : h->due_us;
}

void health_let_write(struct health *h, bool let)
{
    if (h->health == ERR_STORAGE_FULL)
        db_exec(h->db, let ? "PRAGMA query_only=OFF" : "PRAGMA query_only=ON");
}

// A real transaction: the header's page is written even when the number in it is the same.
static enum err probe(struct health *h)
{
    if (db_exec(h->db, "BEGIN IMMEDIATE; PRAGMA application_id=0; COMMIT"))
        return ERR_OK;
    bool full = (sqlite3_errcode(h->db) & 0xff) == SQLITE_FULL; // quietly: this may go on for long
    if (!sqlite3_get_autocommit(h->db))
        db_exec(h->db, "ROLLBACK");
    return full ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}

// All that was acknowledged goes into the database, and the log ends.
static bool empty_log(struct health *h)
{
    int rc = sqlite3_wal_checkpoint_v2(h->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if ((rc & 0xff) == SQLITE_FULL)
        reserve_give(h->reserve); // for the next try
    return rc == SQLITE_OK;
}

static enum err settle(struct health *h, int64_t now_us)
{
    bool known = h->db && empty_log(h);
    if (h->db && !known && now_us - h->failed_us < GIVE_UP_S * SECOND_US)
        return ERR_STORAGE_FAILED;
    if (h->db)
        db_close(h->db);
    h->db = NULL;
    char error[PATH_MAX + 200];
    sqlite3 *db = db_reopen(h->path, error, sizeof error);
    if (!db) {
        log_debug("store", "%s", error);
        return ERR_STORAGE_FAILED;
    }
    adopt(h, db);
    if (!known)
        h->generation++;
    return reserve_take(h->reserve) ? probe(h) : ERR_STORAGE_FULL;
}

static void back_off(struct health *h, int64_t now_us)
{
    int wait_s = h->tries < 3 ? 1 << h->tries : BACKOFF_MAX_S;
    h->tries++;
    h->due_us = now_us + wait_s * SECOND_US;
}

static void try_to_settle(struct health *h, int64_t now_us)
{
    back_off(h, now_us);
    become(h, settle(h, now_us), now_us);
}

static void try_for_space(struct health *h, int64_t now_us)
{
    h->due_us = now_us + SECOND_US;
    // The reserve was given away; trying to take it makes a file, and the file system's journal
    // pays for that each second.
    int64_t left = disk_free(h->path);
    if ((left >= 0 && left < RESERVE_BYTES) || !reserve_take(h->reserve))
        return;
    health_let_write(h, true);
    enum err e = probe(h);
    health_let_write(h, false);
    if (e == ERR_STORAGE_FULL)
        reserve_give(h->reserve);
    else if (e == ERR_STORAGE_FAILED)
        health_failed(h, e, now_us);
    else
        become(h, ERR_OK, now_us);
}

void health_failed(struct health *h, enum err e, int64_t now_us)
{
    if (e == ERR_STORAGE_FULL) {
        become(h, e, now_us);
        return;
    }
    if (now_us - h->healed_us >= CALM_S * SECOND_US)
        h->tries = 0;
    become(h, ERR_STORAGE_FAILED, now_us);
    // A disk that fails again and again is not tried, and told of, with every change.
    if (h->tries == 0)
        try_to_settle(h, now_us);
    else
        back_off(h, now_us);
}

void health_care(struct health *h, int64_t now_us)
{
    if (now_us < health_due_us(h))
        return;
    if (h->health == ERR_STORAGE_FULL)
        try_for_space(h, now_us);
    else
        try_to_settle(h, now_us);
}

void health_checkpoint(struct health *h, int64_t now_us)
{
    if (h->health == ERR_STORAGE_FAILED || h->log_pages < h->log_pages_max)
        return;
    h->log_pages = 0;
    int rc = sqlite3_wal_checkpoint_v2(h->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK)
        health_failed(h, db_err(h->db, rc), now_us);
}
