// SPDX-License-Identifier: Apache-2.0
#include "server/access/receipts.h"

#include "common/base/check.h"
#include "server/store/db.h"

#include <string.h>

static void bind_name(sqlite3_stmt *st, const struct receipt *r)
{
    db_bind_text(st, 1, r->user);
    db_bind_text(st, 2, r->key);
}

static enum err find(sqlite3 *db, const struct receipt *r, struct receipt *found)
{
    sqlite3_stmt *st =
        db_prepare(db, "SELECT hash,run,h_us,status,answer FROM receipt WHERE user=? AND key=?");
    bind_name(st, r);
    if (!db_row(st)) {
        enum err e = db_done(db, st);
        return e == ERR_OK ? ERR_NOT_FOUND : e;
    }
    *found = *r;
    memset(found->hash, 0, sizeof found->hash);
    if (sqlite3_column_bytes(st, 0) == RECEIPT_HASH_SIZE)
        memcpy(found->hash, sqlite3_column_blob(st, 0), RECEIPT_HASH_SIZE);
    found->run = sqlite3_column_int64(st, 1);
    found->at.us = sqlite3_column_int64(st, 2);
    found->status = sqlite3_column_int(st, 3);
    found->answer = check_alloc(strdup((const char *)sqlite3_column_text(st, 4)));
    return db_done(db, st);
}

static enum err forget_old(sqlite3 *db, house_t now)
{
    sqlite3_stmt *st =
        db_prepare(db, "DELETE FROM receipt WHERE h_us<=max(?1,ifnull((SELECT h_us FROM receipt"
                       " ORDER BY h_us DESC LIMIT 1 OFFSET ?2),0))");
    db_bind_int(st, 1, now.us - RECEIPTS_AGE_US);
    db_bind_int(st, 2, RECEIPTS_KEPT - 1);
    return db_run(db, st);
}

enum err receipt_reserve(sqlite3 *db, const struct receipt *r, struct receipt *found)
{
    enum err e = forget_old(db, r->at);
    if (e != ERR_OK)
        return e;
    e = find(db, r, found);
    if (e != ERR_NOT_FOUND)
        return e == ERR_OK ? ERR_EXISTS : e;
    sqlite3_stmt *st = db_prepare(
        db, "INSERT INTO receipt(user,key,hash,run,h_us,status,answer) VALUES(?,?,?,?,?,0,'')");
    bind_name(st, r);
    db_bind_blob(st, 3, r->hash, RECEIPT_HASH_SIZE);
    db_bind_int(st, 4, r->run);
    db_bind_int(st, 5, r->at.us);
    return db_run(db, st);
}

enum err receipt_fill(sqlite3 *db, const struct receipt *r)
{
    sqlite3_stmt *st =
        db_prepare(db, "UPDATE receipt SET status=?3,answer=?4 WHERE user=?1 AND key=?2");
    bind_name(st, r);
    db_bind_int(st, 3, r->status);
    db_bind_text(st, 4, r->answer);
    return db_run(db, st);
}

enum err receipt_drop(sqlite3 *db, const struct receipt *r)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM receipt WHERE user=? AND key=?");
    bind_name(st, r);
    return db_run(db, st);
}
