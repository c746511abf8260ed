// SPDX-License-Identifier: Apache-2.0
// Power cuts while the schema is brought up to date, at every event of the recording, from an empty
// database and from each schema that ever was. Whatever the disk holds then is sound, migrates to
// the newest schema, and has what it had before.
//
// A step more than there are is added, with data in it: so that there is always one from schema 1.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/db.h"
#include "server/store/migrate.h"
#include "tests/crash/image.h"
#include "tests/crash/recvfs.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_MAX = 100, ROWS = 200 };

static const char one_more[] =
    "CREATE TABLE one_more(id TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO one_more SELECT id, length(title) FROM track;"
    "ALTER TABLE track ADD COLUMN more TEXT; UPDATE track SET more=title;"
    "DELETE FROM track WHERE id<'t-1';";

static const char *steps[STEPS_MAX];
static struct migrate_plan plan;
static char run_folder[64], image_folder[64], wanted[64 * 1024];
static uint64_t seed;

static sqlite3 *open_in(const char *folder, const char *vfs)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/db", folder);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &db, flags, vfs) == SQLITE_OK &&
        db_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"))
        return db;
    sqlite3_close(db);
    return NULL;
}

static bool migrate_until(sqlite3 *db, int version, char *error, size_t error_size)
{
    struct migrate_plan part = {.steps = steps, .count = version};
    return migrate_by(db, &part, error, error_size);
}

// The schema as one text.
static void schema_of(sqlite3 *db, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    sqlite3_stmt *st = db_prepare(db, "SELECT type||name||coalesce(sql,'') FROM sqlite_schema"
                                      " ORDER BY type,name");
    while (db_row(st) && len < size) {
        db_text(st, 0, out + len, size - len);
        len += strlen(out + len);
    }
    sqlite3_finalize(st);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && db_row(st))
        v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

static bool judge(int from)
{
    char error[400] = "it cannot be opened", schema[sizeof wanted], text[100] = "";
    sqlite3 *db = open_in(image_folder, "unix");
    sqlite3_stmt *st = NULL;
    bool ok = db != NULL;
    if (ok && sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
        db_row(st))
        db_text(st, 0, text, sizeof text);
    sqlite3_finalize(st);
    if (ok && strcmp(text, "ok") != 0) {
        snprintf(error, sizeof error, "integrity_check: %s", text);
        ok = false;
    }
    ok = ok && migrate_by(db, &plan, error, sizeof error);
    if (ok) {
        schema_of(db, schema, sizeof schema);
        int64_t rows = from ? ask(db, "SELECT count(*) FROM one_more") : 0;
        ok = strcmp(schema, wanted) == 0 && rows == (from ? ROWS : 0);
        snprintf(error, sizeof error, "another schema, or %lld rows", (long long)rows);
    }
    if (!ok)
        fprintf(stderr, "%s\n", error);
    sqlite3_close(db);
    return ok;
}

static void fill(sqlite3 *db)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<%d)"
             " INSERT INTO track(id,title) SELECT 't-'||i,hex(zeroblob(i)) FROM n",
             ROWS);
    CHECK(db_exec(db, sql));
}

static int64_t record(int from)
{
    char error[400];
    image_empty(run_folder);
    if (from) {
        sqlite3 *db = open_in(run_folder, "unix");
        CHECK(db && migrate_until(db, from, error, sizeof error));
        fill(db);
        CHECK(sqlite3_close(db) == SQLITE_OK);
    }
    recvfs_start(run_folder);
    int64_t begin = recvfs_count();
    sqlite3 *db = open_in(run_folder, NULL);
    CHECK(db && migrate_by(db, &plan, error, sizeof error));
    schema_of(db, wanted, sizeof wanted);
    CHECK(sqlite3_close(db) == SQLITE_OK);
    return begin;
}

static int64_t cut_all(int from, int64_t *images)
{
    int64_t bad = 0;
    struct disk *disk = disk_new();
    for (int64_t event = record(from); event <= recvfs_count() && bad < 5; event++) {
        disk_play(disk, event);
        for (int k = 0; k < IMAGE_KINDS; k++, ++*images) {
            disk_image(disk, (enum image_kind)k, seed + (uint64_t)event, image_folder);
            if (judge(from))
                continue;
            fprintf(stderr, "  from schema %d, cut at event %lld, unsynced: %s\n", from,
                    (long long)event, image_kind_name((enum image_kind)k));
            bad++;
        }
    }
    disk_free(disk);
    return bad;
}

static void make_folder(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/roomtone-%s-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name);
    CHECK(mkdtemp(out));
}

static void remove_folder(const char *folder)
{
    char snapshots[100];
    snprintf(snapshots, sizeof snapshots, "%s/snapshots", folder);
    if (access(snapshots, F_OK) == 0)
        image_empty(snapshots);
    rmdir(snapshots);
    image_empty(folder);
    rmdir(folder);
}

int main(void)
{
    const char *given = getenv("ROOMTONE_SEED");
    log_setup(LOG_WARN);
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("ROOMTONE_SEED=%llu\n", (unsigned long long)seed);
    struct migrate_plan real = migrate_plan();
    CHECK(real.count > 0 && real.count < STEPS_MAX);
    memcpy(steps, real.steps, (size_t)real.count * sizeof steps[0]);
    steps[real.count] = one_more;
    plan = (struct migrate_plan){.steps = steps, .count = real.count + 1};
    make_folder(run_folder, sizeof run_folder, "run");
    make_folder(image_folder, sizeof image_folder, "cut");
    recvfs_install(seed);
    int64_t images = 0, bad = 0;
    for (int from = 0; from < plan.count && bad == 0; from++)
        bad += cut_all(from, &images);
    remove_folder(run_folder);
    remove_folder(image_folder);
    recvfs_clear();
    printf("%lld images from %d schemas: %lld are wrong\n", (long long)images, plan.count,
           (long long)bad);
    return bad != 0;
}
