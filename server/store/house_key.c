// SPDX-License-Identifier: Apache-2.0
#include "server/store/house_key.h"

#include "common/base/log.h"
#include "server/store/db.h"

static enum err save(sqlite3 *db, const struct sealed_pair *pair)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT OR REPLACE INTO house_key(id,secret) VALUES(1,?)");
    db_bind_blob(st, 1, pair->secret_key, sizeof pair->secret_key);
    return db_run(db, st);
}

enum err house_key_load(sqlite3 *db, struct sealed_pair *out)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT secret FROM house_key");
    bool present = db_row(st), good = false;
    if (present)
        good = sqlite3_column_bytes(st, 0) == SEALED_KEY_BYTES &&
               sealed_pair_from_secret(sqlite3_column_blob(st, 0), out);
    enum err e = db_done(db, st);
    if (e != ERR_OK || good)
        return e;
    if (present)
        log_warn("store", "the house's key was damaged; there is a new one");
    sealed_pair_new(out);
    return save(db, out);
}
