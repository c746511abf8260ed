// SPDX-License-Identifier: Apache-2.0
// The store on a disk that fails: what was refused stays undone, what was acknowledged stays, and
// it comes back by itself. The instants are the test's; SQLite and the files are real.
#include "tests/unit/unit.h"

#include "server/store/health.h"
#include "server/store/reserve.h"
#include "server/store/store.h"
#include "tests/unit/server/a_folder.h"
#include "tests/unit/server/bad_disk.h"

#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S INT64_C(1000000)

static char path[80], reserve[80], aside[80];

static int make_dir(void **state)
{
    (void)state;
    folder_make();
    snprintf(path, sizeof path, "%s/db", dir);
    snprintf(reserve, sizeof reserve, "%s/reserve", dir);
    snprintf(aside, sizeof aside, "%s/aside", dir);
    bad_write = bad_sync = SQLITE_OK;
    bad_sync_hook = NULL;
    return 0;
}

static bool exists(const char *file)
{
    return access(file, F_OK) == 0;
}

static bool write_row(sqlite3 *db, int id)
{
    sqlite3_stmt *st = db_prepare(db, "INSERT INTO track(id,title) VALUES(?,'{}')");
    db_bind_int(st, 1, id);
    return db_run(db, st) == ERR_OK;
}

static bool has_row(sqlite3 *db, int id)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT 1 FROM track WHERE id=?");
    db_bind_int(st, 1, id);
    bool found = db_row(st);
    assert_int_equal(db_done(db, st), ERR_OK);
    return found;
}

// One transaction, as the store makes it; a failure is told to the disk.
static bool change(struct health *h, int id, int64_t now)
{
    sqlite3 *db = health_db(h);
    assert_true(db_exec(db, "BEGIN"));
    write_row(db, id);
    if (!sqlite3_get_autocommit(db) && db_exec(db, "COMMIT"))
        return true;
    enum err e = db_err(db, sqlite3_errcode(db));
    if (!sqlite3_get_autocommit(db))
        db_exec(db, "ROLLBACK");
    health_failed(h, e, now);
    return false;
}

static void put_aside(void)
{
    char command[400];
    snprintf(command, sizeof command, "cp %s %s && cp %s-wal %s-wal", path, aside, path, aside);
    assert_int_equal(system(command), 0);
    bad_sync = SQLITE_OK; // this was the only one
}

static void failed_fsync_takes_nothing_with_it_and_leaves_nothing(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    assert_true(change(h, 1, 0));
    bad_sync_hook = put_aside;
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 2, 0));
    // This is why: whoever had opened the file at that moment would have found the change.
    sqlite3 *db = folder_db(aside);
    assert_true(has_row(db, 1) && has_row(db, 2));
    db_close(db);
    // It is settled before the answer: the log is new, and holds the probe alone.
    assert_int_equal(health_state(h), ERR_OK);
    put_aside();
    db = folder_db(aside);
    assert_true(has_row(db, 1) && !has_row(db, 2));
    db_close(db);
    assert_true(change(h, 3, 0));
    health_free(h);
    db = folder_db(path);
    assert_true(has_row(db, 1) && !has_row(db, 2) && has_row(db, 3));
    db_close(db);
}

static void disk_that_stays_bad_is_tried_less_and_less_and_heals(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    assert_true(change(h, 1, 0));
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 2, 100 * S));
    static const int64_t at[] = {101, 103, 107, 115};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        assert_int_equal(health_state(h), ERR_STORAGE_FAILED);
        assert_null(health_db(h));
        assert_int_equal(health_due_us(h), at[i] * S);
        health_care(h, at[i] * S - 1); // too early, and does nothing
        assert_int_equal(health_due_us(h), at[i] * S);
        health_care(h, at[i] * S);
    }
    bad_sync = SQLITE_OK;
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    assert_true(health_due_us(h) == INT64_MAX);
    assert_int_equal(health_generation(h), 0);
    assert_true(has_row(health_db(h), 1) && !has_row(health_db(h), 2));
    // The next fault soon after is no new story: it waits.
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 3, 140 * S));
    assert_int_equal(health_due_us(h), 148 * S);
    bad_sync = SQLITE_OK;
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    // Long after it is tried at once.
    bad_sync_hook = put_aside;
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 4, 1000 * S));
    assert_int_equal(health_state(h), ERR_OK);
    health_free(h);
}

static void dead_connection_is_given_up_and_said_so(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    assert_true(change(h, 1, 0));
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 2, 0));
    assert_int_equal(health_generation(h), 0);
    while (health_due_us(h) <= 31 * S) {
        assert_int_equal(health_generation(h), 0);
        health_care(h, health_due_us(h));
    }
    assert_int_equal(health_generation(h), 1);
    assert_int_equal(health_state(h), ERR_STORAGE_FAILED);
    bad_sync = SQLITE_OK;
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    assert_true(has_row(health_db(h), 1));
    health_free(h);
}

static void place_without_the_file_is_no_new_house(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    bad_sync = SQLITE_IOERR_FSYNC;
    assert_false(change(h, 2, 0));
    bad_sync = SQLITE_OK;
    assert_int_equal(rename(path, aside), 0);
    for (int i = 0; i < 6; i++)
        health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_STORAGE_FAILED);
    assert_false(exists(path));
    assert_int_equal(rename(aside, path), 0);
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    health_free(h);
}

static void full_disk_serves_reads_and_the_vital_and_recovers(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    assert_true(change(h, 1, 0));
    assert_true(exists(reserve));
    bad_write = SQLITE_FULL;
    assert_false(change(h, 2, 0));
    assert_int_equal(health_state(h), ERR_STORAGE_FULL);
    assert_false(exists(reserve));
    assert_true(has_row(health_db(h), 1) && !has_row(health_db(h), 2));
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_STORAGE_FULL);
    bad_write = SQLITE_OK; // the reserve's room
    assert_false(write_row(health_db(h), 3));
    health_let_write(h, true);
    assert_true(write_row(health_db(h), 4));
    health_let_write(h, false);
    assert_int_equal(health_due_us(h), 2 * S);
    health_care(h, 2 * S);
    assert_int_equal(health_state(h), ERR_OK);
    assert_true(exists(reserve));
    assert_true(change(h, 5, 2 * S));
    health_free(h);
}

static void disk_without_room_for_the_reserve_is_full(void **state)
{
    (void)state;
    assert_int_equal(mkdir(reserve, 0700), 0);
    struct health *h = health_new(folder_db(path), 0);
    assert_int_equal(health_state(h), ERR_STORAGE_FULL);
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_STORAGE_FULL);
    assert_int_equal(rmdir(reserve), 0);
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    struct stat st;
    assert_int_equal(stat(reserve, &st), 0);
    assert_int_equal(st.st_size, RESERVE_BYTES);
    health_free(h);
}

static int64_t log_bytes(void)
{
    char file[100];
    struct stat st;
    snprintf(file, sizeof file, "%s-wal", path);
    return stat(file, &st) == 0 ? st.st_size : 0;
}

static void a_log_that_was_large_once_is_cut(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    assert_true(db_exec(health_db(h),
                        "CREATE TABLE large(x); WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL "
                        "SELECT i+1 FROM n WHERE i<14000) INSERT INTO large "
                        "SELECT zeroblob(900) FROM n"));
    assert_true(log_bytes() > 12 * 1024 * 1024);
    health_checkpoint(h, 0);
    assert_true(change(h, 1, 0));
    assert_true(log_bytes() <= 8 * 1024 * 1024);
    health_free(h);
}

static void log_is_kept_short_and_a_checkpoint_that_fails_is_noticed(void **state)
{
    (void)state;
    struct health *h = health_new(folder_db(path), 0);
    for (int i = 0; i < 3000; i++) {
        assert_true(change(h, i, 0));
        health_checkpoint(h, 0);
    }
    assert_true(log_bytes() > 0 && log_bytes() < 6 * 1024 * 1024);
    for (int i = 3000; health_state(h) == ERR_OK; i++) {
        assert_true(i < 6000);
        assert_true(change(h, i, 0));
        bad_sync = SQLITE_IOERR_FSYNC;
        health_checkpoint(h, 0);
        bad_sync = SQLITE_OK;
    }
    health_care(h, health_due_us(h));
    assert_int_equal(health_state(h), ERR_OK);
    health_free(h);
}

// The same through the store: its thread, its answers.

static sem_t woken;

static void wake_me(void *user)
{
    (void)user;
    sem_post(&woken);
}

struct probe_job {
    struct store_job job;
    int id;
    sem_t *gate; // waited for on the store's thread
    bool answered;
    enum err err;
};

static enum err insert_run(sqlite3 *db, struct store_job *job)
{
    struct probe_job *j = (struct probe_job *)job;
    if (j->gate)
        sem_wait(j->gate);
    return write_row(db, j->id) ? ERR_OK : ERR_STORAGE_FAILED;
}

static enum err read_run(sqlite3 *db, struct store_job *job)
{
    return has_row(db, ((struct probe_job *)job)->id) ? ERR_OK : ERR_NOT_FOUND;
}

static void on_done(struct store_job *job, enum err e)
{
    struct probe_job *j = (struct probe_job *)job;
    j->answered = true;
    j->err = e;
}

static enum err ask(struct store *s, enum err (*run)(sqlite3 *, struct store_job *), int id)
{
    struct probe_job j = {.job = {.run = run, .done = on_done}, .id = id};
    store_submit(s, &j.job);
    while (!j.answered) {
        sem_wait(&woken);
        store_drain(s);
    }
    return j.err;
}

static void wait_for_health(struct store *s, enum err health)
{
    while (store_health(s) != health)
        sem_wait(&woken); // it wakes when its health changes
}

static void store_refuses_and_recovers_by_itself(void **state)
{
    (void)state;
    sem_init(&woken, 0, 0);
    struct store *s = store_start(folder_db(path), wake_me, NULL);
    assert_int_equal(ask(s, insert_run, 1), ERR_OK);
    bad_write = SQLITE_FULL;
    assert_int_equal(ask(s, insert_run, 2), ERR_STORAGE_FULL);
    assert_int_equal(store_health(s), ERR_STORAGE_FULL);
    assert_int_equal(ask(s, insert_run, 3), ERR_STORAGE_FULL);
    assert_int_equal(ask(s, read_run, 1), ERR_OK);
    assert_int_equal(ask(s, read_run, 2), ERR_NOT_FOUND);
    bad_write = SQLITE_OK;
    wait_for_health(s, ERR_OK);
    assert_int_equal(ask(s, insert_run, 4), ERR_OK);

    bad_sync = SQLITE_IOERR_FSYNC;
    assert_int_equal(ask(s, insert_run, 5), ERR_STORAGE_FAILED);
    assert_int_equal(store_health(s), ERR_STORAGE_FAILED);
    assert_int_equal(ask(s, read_run, 1), ERR_STORAGE_FAILED);
    bad_sync = SQLITE_OK;
    wait_for_health(s, ERR_OK);
    assert_int_equal(ask(s, read_run, 5), ERR_NOT_FOUND);
    assert_int_equal(ask(s, read_run, 4), ERR_OK);
    assert_int_equal(store_stats(s).failed, 3);
    assert_int_equal(store_stats(s).generation, 0);
    store_stop(s);
}

static void queue_has_a_ceiling(void **state)
{
    (void)state;
    enum { MORE = 10 };
    sem_init(&woken, 0, 0);
    sem_t gate;
    sem_init(&gate, 0, 0);
    struct store *s = store_start(folder_db(path), wake_me, NULL);
    struct probe_job first = {.job = {.run = insert_run, .done = on_done}, .id = 1, .gate = &gate};
    store_submit(s, &first.job);
    int n = 2 * STORE_WAITING_MAX + MORE; // the first half may be taken with `first`
    struct probe_job *jobs = calloc((size_t)n, sizeof *jobs);
    int in_line = n - 1, refused = 0;
    for (int i = 0; i < n; i++) {
        jobs[i].id = 1;
        jobs[i].job.run = read_run;
        jobs[i].job.done = on_done;
        jobs[i].job.in_line = i == in_line;
        store_submit(s, &jobs[i].job);
    }
    store_drain(s); // while the disk still stalls
    for (int i = 0; i < n; i++) {
        refused += jobs[i].answered;
        assert_true(!jobs[i].answered || jobs[i].err == ERR_BUSY);
    }
    assert_true(refused >= MORE - 1);
    assert_int_equal(refused, store_stats(s).busy);
    assert_false(jobs[in_line].answered);
    sem_post(&gate);
    store_stop(s);
    assert_int_equal(jobs[in_line].err, ERR_OK);
    assert_true(jobs[0].answered);
    free(jobs);
}

int main(void)
{
    bad_disk_install();
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, folder_remove)
    const struct CMUnitTest tests[] = {
        TEST(failed_fsync_takes_nothing_with_it_and_leaves_nothing),
        TEST(disk_that_stays_bad_is_tried_less_and_less_and_heals),
        TEST(dead_connection_is_given_up_and_said_so),
        TEST(place_without_the_file_is_no_new_house),
        TEST(full_disk_serves_reads_and_the_vital_and_recovers),
        TEST(disk_without_room_for_the_reserve_is_full),
        TEST(a_log_that_was_large_once_is_cut),
        TEST(log_is_kept_short_and_a_checkpoint_that_fails_is_noticed),
        TEST(store_refuses_and_recovers_by_itself),
        TEST(queue_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
