// SPDX-License-Identifier: Apache-2.0
#include "server/store/schema.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "server/store/db.h"
#include "server/store/migrate.h"

#include <pthread.h>
#include <string.h>

enum { VERSIONS_MAX = 64, TEXT_MAX = 256 * 1024, COLUMNS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards the next
static struct bytes known[VERSIONS_MAX];

static const char all[] = "SELECT type,name,tbl_name,sql FROM sqlite_schema ORDER BY type,name";

// With its NUL; 0 when there is one inside, which ours have not. What is NULL, as the text of an
// index that a table brings, has a mark that SQLite would not take for a text.
static size_t column(sqlite3_stmt *st, int i, const char **out)
{
    if (sqlite3_column_type(st, i) == SQLITE_NULL) {
        *out = "\1";
        return sizeof "\1";
    }
    *out = (const char *)sqlite3_column_text(st, i);
    size_t len = (size_t)sqlite3_column_bytes(st, i);
    return *out && strlen(*out) == len ? len + 1 : 0;
}

static void make(struct bytes *text, int version)
{
    struct migrate_plan plan = migrate_plan();
    sqlite3 *db = NULL;
    char why[200];
    plan.count = version;
    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(migrate_by(db, &plan, why, sizeof why));
    bytes_init(text, TEXT_MAX);
    sqlite3_stmt *st = NULL;
    CHECK(sqlite3_prepare_v2(db, all, -1, &st, NULL) == SQLITE_OK);
    while (db_row(st)) {
        for (int i = 0; i < COLUMNS; i++) {
            const char *from;
            size_t len = column(st, i, &from);
            CHECK(len && bytes_append(text, from, len));
        }
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static const struct bytes *text_of(int version)
{
    CHECK(version < VERSIONS_MAX);
    pthread_mutex_lock(&lock);
    struct bytes *text = &known[version];
    if (!text->data)
        make(text, version);
    pthread_mutex_unlock(&lock);
    return text; // never changed again
}

bool schema_is(sqlite3 *db, int version)
{
    if (version < 1 || version > migrate_plan().count)
        return false;
    const struct bytes *want = text_of(version);
    sqlite3_stmt *st = NULL;
    size_t at = 0;
    if (sqlite3_prepare_v2(db, all, -1, &st, NULL) != SQLITE_OK)
        return false; // so damaged that nothing can be asked
    bool same = true;
    while (same && db_row(st)) {
        for (int i = 0; same && i < COLUMNS; i++) {
            const char *text;
            size_t len = column(st, i, &text);
            same = len && len <= want->len - at && memcmp(want->data + at, text, len) == 0;
            at += len;
        }
    }
    return sqlite3_finalize(st) == SQLITE_OK && same && at == want->len;
}
