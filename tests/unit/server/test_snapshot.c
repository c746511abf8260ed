// SPDX-License-Identifier: Apache-2.0
// A snapshot stands before the first step of a migration; without one there is no migration.
#include "tests/unit/unit.h"

#include "common/base/log.h"
#include "server/store/migrate.h"
#include "server/store/snapshot.h"
#include "tests/unit/server/a_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[100], error[700];

static const char *const steps[] = {
    "CREATE TABLE a(n INTEGER) STRICT; INSERT INTO a VALUES(1)",
    "CREATE TABLE b(n INTEGER) STRICT; INSERT INTO b SELECT n+1 FROM a",
    "INSERT INTO a SELECT 7",
    "no SQL",
};

static bool to(sqlite3 *db, int version)
{
    struct migrate_plan plan = {.steps = steps, .count = version};
    error[0] = '\0';
    return migrate_by(db, &plan, error, sizeof error);
}

static int make_dir(void **state)
{
    (void)state;
    log_setup(LOG_WARN);
    folder_make();
    snprintf(path, sizeof path, "%s/roomtone.db", dir);
    return 0;
}

// As the store has it: EXCLUSIVE, in WAL mode.
static sqlite3 *open_db(const char *file)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_true(db_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL"));
    return db;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    int64_t v = db_row(st) ? sqlite3_column_int64(st, 0) : -1;
    sqlite3_finalize(st);
    return v;
}

static void a_new_database_needs_none(void **state)
{
    (void)state;
    sqlite3 *db = open_db(path);
    assert_true(to(db, 3));
    assert_false(folder_has("snapshots"));
    assert_true(to(db, 3)); // nothing to do
    assert_false(folder_has("snapshots"));
    db_close(db);
}

static void the_schema_that_was_is_kept(void **state)
{
    (void)state;
    sqlite3 *db = open_db(path);
    assert_true(to(db, 1));
    assert_true(db_exec(db, "INSERT INTO a VALUES(40)"));
    assert_true(to(db, 3));
    db_close(db);
    assert_true(folder_has("snapshots/roomtone-schema-1.db"));
    assert_false(folder_has("snapshots/roomtone-schema-2.db"));
    assert_false(folder_has("snapshots/.tmp"));

    // It opens without a write, alone, and can be migrated like any other.
    assert_int_equal(sqlite3_open_v2(folder_path("snapshots/roomtone-schema-1.db"), &db,
                                     SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    assert_int_equal(ask(db, "PRAGMA user_version"), 1);
    assert_int_equal(ask(db, "SELECT sum(n) FROM a"), 41);
    db_close(db);
    assert_false(folder_has("snapshots/roomtone-schema-1.db-wal"));
    db = open_db(folder_path("snapshots/roomtone-schema-1.db"));
    assert_true(to(db, 3));
    assert_int_equal(ask(db, "SELECT sum(n) FROM a"), 48);
    db_close(db);
}

// A program that is older than the database says which snapshot it can go back to.
static void an_older_program_names_the_way_back(void **state)
{
    (void)state;
    sqlite3 *db = open_db(path);
    assert_true(to(db, 2));
    assert_true(to(db, 3));
    assert_false(to(db, 1));
    assert_non_null(strstr(error, "newer Roomtone (schema 3, this program knows 1)"));
    assert_non_null(strstr(error, "install that version again"));
    assert_null(strstr(error, "go back")); // there is a snapshot, but it is of schema 2
    assert_false(to(db, 2));
    char want[300];
    snprintf(want, sizeof want, "cp -p %s/snapshots/roomtone-schema-2.db %s.restore", dir, path);
    assert_non_null(strstr(error, want));
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
    db_close(db);
}

static void no_snapshot_no_migration(void **state)
{
    (void)state;
    sqlite3 *db = open_db(path);
    assert_true(to(db, 1));
    FILE *f = fopen(folder_path("snapshots"), "w"); // where the folder should be
    fclose(f);
    assert_false(to(db, 2));
    assert_non_null(strstr(error, "no migration without a snapshot"));
    assert_non_null(strstr(error, "snapshots"));
    assert_int_equal(ask(db, "PRAGMA user_version"), 1);
    assert_int_equal(ask(db, "SELECT count(*) FROM sqlite_schema"), 1);
    unlink(folder_path("snapshots"));
    assert_true(to(db, 2));
    db_close(db);
}

// A disk that takes no more, at many points of the copy.
static void a_full_disk_refuses_and_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit all, little;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &all);
    sqlite3 *db = open_db(path);
    assert_true(to(db, 1));
    assert_true(db_exec(db, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE"
                            " i<9999) INSERT INTO a SELECT i FROM n"));
    for (rlim_t limit = 0; limit < 100000; limit += 10000) {
        little = all;
        little.rlim_cur = limit;
        setrlimit(RLIMIT_FSIZE, &little);
        bool done = to(db, 2);
        setrlimit(RLIMIT_FSIZE, &all);
        assert_false(done);
        assert_int_equal(ask(db, "PRAGMA user_version"), 1);
        assert_false(folder_has("snapshots/roomtone-schema-1.db"));
        assert_false(folder_has("snapshots/.tmp"));
    }
    assert_true(to(db, 2));
    db_close(db);
}

static void a_step_that_fails_leaves_the_snapshot(void **state)
{
    (void)state;
    sqlite3 *db = open_db(path);
    assert_true(to(db, 3));
    assert_false(to(db, 4));
    assert_non_null(strstr(error, "schema step 4"));
    assert_int_equal(ask(db, "PRAGMA user_version"), 3);
    assert_true(folder_has("snapshots/roomtone-schema-3.db"));
    db_close(db);
}

static void the_newest_five_are_kept(void **state)
{
    (void)state;
    char kept[900];
    sqlite3 *db = open_db(path);
    assert_true(to(db, 1));
    for (int i = 1; i <= 12; i++) {
        assert_true(snapshot_before_restore(db, kept, sizeof kept, error, sizeof error));
        assert_int_equal(access(kept, F_OK), 0);
        assert_non_null(strstr(kept, "before-restore-"));
        assert_int_equal(snapshot_next(folder_path("snapshots")), i + 1);
        // The wall clock of a box may fall: the newest is made in 1970.
        struct timespec times[2] = {{.tv_sec = 1000 - i}, {.tv_sec = 1000 - i}};
        assert_int_equal(utimensat(AT_FDCWD, kept, times, 0), 0);
    }
    db_close(db);
    for (int i = 1; i <= 12; i++) {
        char name[60];
        snprintf(name, sizeof name, "snapshots/before-restore-%d.db", i);
        assert_int_equal(folder_has(name), i > 12 - SNAPSHOT_KEEP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_database_needs_none, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(the_schema_that_was_is_kept, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(an_older_program_names_the_way_back, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(no_snapshot_no_migration, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_and_leaves_nothing, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(a_step_that_fails_leaves_the_snapshot, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(the_newest_five_are_kept, make_dir, folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
