// SPDX-License-Identifier: Apache-2.0
// What a schema looks like, and how a program ends whose database has another one than it says.
#include "tests/unit/unit.h"

#include "server/store/migrate.h"
#include "server/store/schema.h"
#include "tests/unit/server/a_folder.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static char path[100];

static int make_dir(void **state)
{
    (void)state;
    folder_make();
    snprintf(path, sizeof path, "%s/db", dir);
    return 0;
}

static void each_version_is_itself_alone(void **state)
{
    (void)state;
    char error[300];
    int count = migrate_plan().count;
    for (int v = 1; v <= count; v++) {
        struct migrate_plan plan = migrate_plan();
        sqlite3 *db;
        plan.count = v;
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        assert_true(migrate_by(db, &plan, error, sizeof error));
        for (int other = 0; other <= count + 1; other++)
            assert_int_equal(schema_is(db, other), other == v);
        sqlite3_close(db);
    }
}

static void one_thing_more_or_less_is_another(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "CREATE TABLE more(a)",
        "CREATE VIEW a AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON room BEGIN SELECT 1; END",
        "CREATE INDEX i ON room(name)",
        "DROP TABLE wifi",
        "ALTER TABLE room ADD COLUMN more TEXT",
        "ALTER TABLE room RENAME COLUMN tour_hash TO tour_hasi",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sqlite3 *db = folder_db(path);
        assert_true(schema_is(db, migrate_plan().count));
        assert_true(db_exec(db, changes[i]));
        assert_false(schema_is(db, migrate_plan().count));
        db_close(db);
        unlink(path);
    }
}

// A bit flips on the disk in each place that has the name of a column.
static void flip(const char *name)
{
    static char data[1 << 20];
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    size_t len = fread(data, 1, sizeof data, f);
    int found = 0;
    for (char *at = data; (at = memmem(at, len - (size_t)(at - data), name, strlen(name))); at++) {
        at[0] ^= 1;
        found++;
    }
    assert_true(found > 0);
    rewind(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

// How a program ends that prepares this.
static int end_of(const char *sql)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char error[300];
        assert_non_null(freopen("/dev/null", "w", stderr));
        signal(SIGABRT, SIG_DFL);
        sqlite3 *db = db_open(path, error, sizeof error);
        if (db)
            db_prepare(db, sql);
        _exit(db ? 0 : 99);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_flipped_bit_in_it_is_no_bug_of_ours(void **state)
{
    (void)state;
    db_close(folder_db(path));
    assert_int_equal(end_of("SELECT tour_hash FROM room"), 0);
    int bug = end_of("SELECT tour_hasi FROM room");
    assert_true(WIFSIGNALED(bug) && WTERMSIG(bug) == SIGABRT);
    flip("tour_hash");
    int damaged = end_of("SELECT tour_hash FROM room");
    assert_true(WIFEXITED(damaged));
    assert_int_equal(WEXITSTATUS(damaged), EXIT_FAILURE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_itself_alone),
        TEST(one_thing_more_or_less_is_another),
        TEST(a_flipped_bit_in_it_is_no_bug_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
