// SPDX-License-Identifier: Apache-2.0
// Backups taken while commits go on, what a restore refuses, and what it leaves when it happened
// and when it was cut off.
#include "tests/unit/unit.h"

#include "common/base/log.h"
#include "server/store/anchor_store.h"
#include "server/store/backup.h"
#include "server/store/migrate.h"
#include "server/store/restore.h"
#include "server/store/restore_check.h"
#include "server/store/room_store.h"
#include "tests/unit/server/a_folder.h"

#include <fcntl.h>
#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define H1 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static char db_path[100], file[100], detail[300], error[300];
static struct restore_report report;
static sem_t woken;

static int make_dir(void **state)
{
    (void)state;
    log_setup(LOG_ERROR); // refusals are what is tested
    folder_make();
    snprintf(db_path, sizeof db_path, "%s/roomtone.db", dir);
    snprintf(file, sizeof file, "%s/file", dir);
    sem_init(&woken, 0, 0);
    return 0;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    int64_t v = db_row(st) ? sqlite3_column_int64(st, 0) : -1;
    sqlite3_finalize(st);
    return v;
}

static struct room_change change_to(int64_t rev)
{
    struct room_change c = {.prior_epoch = 1, .prior_rev = rev - 1, .now = {rev}, .event = "{}"};
    snprintf(c.room_id, sizeof c.room_id, "hall");
    room_state_init(&c.state, 3);
    c.state.rev = rev;
    snprintf(c.state.tour_id, sizeof c.state.tour_id, "t");
    snprintf(c.state.tour_hash, sizeof c.state.tour_hash, H1);
    c.state.now = (struct room_part){MODE_HELD, 0, {rev, {rev}, 0}};
    snprintf(c.actor, sizeof c.actor, "anna");
    snprintf(c.op, sizeof c.op, "seek");
    return c;
}

// A house with a group at revision 0, a tour, somebody to sign in, and a clock.
static sqlite3 *new_house(const char *path)
{
    sqlite3 *db = db_open(path, error, sizeof error);
    if (!db)
        fail_msg("%s", error);
    struct room_record r = {.created = {5}};
    snprintf(r.id, sizeof r.id, "hall");
    snprintf(r.name, sizeof r.name, "The hall");
    joincode_format(12345678, r.code);
    snprintf(r.link, sizeof r.link, "KGIThr417Jtt71HX6F429Q");
    snprintf(r.guide_link, sizeof r.guide_link, "guideThr417Jtt71HX6F42");
    room_state_init(&r.state, 3);
    assert_int_equal(room_store_insert(db, &r, NULL, "anna", 0), ERR_OK);
    static const char doc[] =
        "INSERT INTO tour_doc(hash,doc) VALUES('" H1 "','{\"format\":\"roomtone.tour.v1\","
        "\"id\":\"t\",\"title\":{\"en\":\"T\"},\"cues\":[{\"id\":\"a\",\"on_end\":\"stop\","
        "\"track\":{\"id\":\"a\",\"title\":{\"en\":\"A\"},\"dur_us\":5000000,\"variants\":["
        "{\"lang\":\"en\",\"dur_us\":5000000,\"opus\":\"" H1 "\",\"bytes\":9,\"seek\":\"" H1
        "\"}]}}]}');"
        "INSERT INTO user(name,password,role) VALUES('admin','$argon2id$x','admin');"
        "INSERT INTO login(token_hash,user,expires_us) VALUES(x'0102030405060708','admin',99);"
        "INSERT INTO visit(token_hash,room_id,member,role,name,lang,trim_us,expires_us)"
        " VALUES(x'0807060504030201','hall','m',0,'','en',0,99);";
    assert_true(db_exec(db, doc));
    struct house_anchor a = {.present = true,
                             .boot_id = "this-boot",
                             .base_ns = 77,
                             .house = {1000},
                             .reserved = {2000},
                             .clock_epoch = 3};
    assert_int_equal(anchor_store_write(db, &a), ERR_OK);
    return db;
}

static void wake_me(void *user)
{
    (void)user;
    sem_post(&woken);
}

struct note {
    int count;
    enum err last;
};

static void on_done(void *user, enum err e)
{
    struct note *n = user;
    n->count++;
    n->last = e;
}

static void wait_for(struct store *s, const struct note *n, int count)
{
    while (n->count < count) {
        sem_wait(&woken);
        store_drain(s);
    }
}

static void commit(struct store *s, int64_t rev)
{
    struct note n = {0};
    struct room_change c = change_to(rev);
    room_store_commit(s, &c, on_done, &n);
    wait_for(s, &n, 1);
    assert_int_equal(n.last, ERR_OK);
}

// A backup of a house whose group is at `rev`, as `file`; the house stays at db_path.
static void make_backup(int64_t rev)
{
    struct note n = {0};
    struct store *s = store_start(new_house(db_path), wake_me, NULL);
    for (int64_t r = 1; r <= rev; r++)
        commit(s, r);
    backup_start(s, file, on_done, &n);
    wait_for(s, &n, 1);
    assert_int_equal(n.last, ERR_OK);
    store_stop(s);
    assert_int_equal(backup_finish(file), ERR_OK);
}

// --- Taking one. ---

static void commits_go_on_while_it_is_taken(void **state)
{
    (void)state;
    sqlite3 *db = new_house(db_path);
    // Some 8 MB: 32 steps.
    assert_true(db_exec(db, "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE"
                            " i<200) INSERT INTO tour_doc SELECT 'doc-'||i,hex(zeroblob(20000))"
                            " FROM n"));
    struct store *s = store_start(db, wake_me, NULL);
    struct note backup = {0}, second = {0};
    commit(s, 1);
    backup_start(s, file, on_done, &backup);
    backup_start(s, folder_path("second"), on_done, &second);
    int64_t rev = 1;
    while (!backup.count)
        commit(s, ++rev);
    assert_int_equal(backup.last, ERR_OK);
    assert_int_equal(second.count, 1);
    assert_int_equal(second.last, ERR_BUSY);
    assert_false(folder_has("second"));
    assert_true(rev >= 5); // it did not stand still
    store_stop(s);

    assert_int_equal(backup_finish(file), ERR_OK);
    assert_int_equal(restore_check(file, dir, &report, detail, sizeof detail), ERR_OK);
    assert_int_equal(report.groups, 1);
    assert_int_equal(report.missing, 3); // .json, .opus, .seek
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    int64_t kept = ask(db, "SELECT rev FROM room");
    assert_in_range(kept, 1, rev);
    assert_int_equal(ask(db, "SELECT max(rev) FROM history"), kept);
    assert_int_equal(ask(db, "SELECT count(*) FROM tour_doc"), 201);
    assert_int_equal(ask(db, "SELECT count(*) FROM login"), 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM visit"), 0);
    db_close(db);
}

static bool contains(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *all = malloc(4000000);
    size_t n = fread(all, 1, 4000000, f);
    fclose(f);
    bool found = memmem(all, n, bytes, len) != NULL;
    free(all);
    return found;
}

static void logins_are_not_in_it(void **state)
{
    (void)state;
    make_backup(2);
    static const char login[] = {1, 2, 3, 4, 5, 6, 7, 8}, visit[] = {8, 7, 6, 5, 4, 3, 2, 1};
    assert_true(contains(db_path, login, sizeof login));
    assert_true(contains(db_path, visit, sizeof visit));
    assert_false(contains(file, login, sizeof login));
    assert_false(contains(file, visit, sizeof visit));
    // Anybody may read it with SQLite as it is.
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(ask(db, "SELECT rev FROM room"), 2);
    db_close(db);
    assert_false(folder_has("file-wal"));
}

static void a_closed_database_ends_it(void **state)
{
    (void)state;
    sqlite3 *db = new_house(db_path);
    assert_true(db_exec(db, "INSERT INTO tour_doc VALUES('big',hex(zeroblob(3000000)))"));
    struct store *s = store_start(db, wake_me, NULL);
    struct note n = {0};
    backup_start(s, file, on_done, &n);
    store_stop(s); // runs what waits to its end
    assert_int_equal(n.count, 1);
    assert_int_equal(n.last, ERR_OK);
    backup_let_go(NULL);
}

// --- What is refused. ---

static void copy_file(const char *from, const char *to)
{
    char command[700];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void assert_refused(const char *why)
{
    if (restore_check(file, dir, &report, detail, sizeof detail) != ERR_BAD_BACKUP)
        fail_msg("taken, although: %s", why);
    if (!strstr(detail, why))
        fail_msg("'%s' says not '%s'", detail, why);
}

static void truncated_ones_are_refused(void **state)
{
    (void)state;
    make_backup(3);
    char whole[120];
    snprintf(whole, sizeof whole, "%s/whole", dir);
    copy_file(file, whole);
    struct stat st;
    stat(whole, &st);
    for (int64_t len = 0; len < st.st_size; len += len < 600 ? 37 : 1024 - len % 1024) {
        copy_file(whole, file);
        assert_int_equal(truncate(file, len), 0);
        assert_refused("");
    }
    for (int cut = 1; cut <= BACKUP_SUM_LEN; cut++) {
        copy_file(whole, file);
        assert_int_equal(truncate(file, st.st_size - cut), 0);
        assert_refused("damaged");
    }
    copy_file(whole, file);
    assert_int_equal(restore_check(file, dir, &report, detail, sizeof detail), ERR_OK);
}

static void any_flipped_bit_is_noticed(void **state)
{
    (void)state;
    unit_seed();
    make_backup(3);
    char whole[120];
    snprintf(whole, sizeof whole, "%s/whole", dir);
    copy_file(file, whole);
    struct stat st;
    stat(whole, &st);
    for (int i = 0; i < 300; i++) {
        copy_file(whole, file);
        int64_t at = i < 100 ? i : unit_below(st.st_size);
        unsigned char byte;
        int fd = open(file, O_RDWR);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (unsigned char)(1 << unit_below(8));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        assert_refused("");
    }
}

// A database without a sum, as snapshots are, that somebody worked on.
static void worked_on(const char *sql, const char *why)
{
    unlink(file);
    sqlite3 *db = new_house(file);
    assert_int_equal(room_store_list(db, (struct room_record[1]){0}, 1), 1);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_true(db_exec(db, "PRAGMA journal_mode=DELETE"));
    db_close(db);
    if (why)
        assert_refused(why);
    else
        assert_int_equal(restore_check(file, dir, &report, detail, sizeof detail), ERR_OK);
}

#define A_KIOSK(id, trim, gain, lang, channel)                                                 \
    "INSERT INTO kiosk VALUES('" id "','key','','left','weavers',1,2,1," trim "," gain ",0,0," \
    "'" lang "'," channel ",'',1,'','')"

static void strangers_files_are_refused(void **state)
{
    (void)state;
    worked_on("", NULL);
    worked_on("PRAGMA user_version=999", "newer");
    worked_on("PRAGMA user_version=0", "no database of a Roomtone");
    worked_on("CREATE TRIGGER x AFTER UPDATE ON room BEGIN DELETE FROM history; END", "tables");
    worked_on("CREATE VIEW x AS SELECT 1", "tables");
    worked_on("CREATE TABLE x(y)", "tables");
    worked_on("CREATE INDEX x ON room(abs(rev))", "tables");
    worked_on("DROP TABLE login", "tables");
    worked_on("ALTER TABLE room ADD COLUMN x TEXT", "tables");
    worked_on("PRAGMA foreign_keys=OFF; UPDATE history SET room_id='nobody'", "damaged");
    worked_on("DELETE FROM user", "sign in");
    worked_on("UPDATE clock_anchor SET reserved_us=9007199254740991", "clock");
    worked_on("UPDATE clock_anchor SET house_us=-1", "clock");
    worked_on("UPDATE room SET name=cast(x'ff41' AS TEXT)", "text");
    worked_on("UPDATE room SET name=''", "makes no sense");
    worked_on("UPDATE room SET guide_link=''", "makes no sense");
    worked_on("UPDATE room SET code='000000001'", "makes no sense");
    worked_on("UPDATE room SET mode=2", "cannot be read");
    worked_on("UPDATE room SET tour_hash='" H1 "', tour_id='t', mode=8, cue=0", "cannot be read");
    worked_on("UPDATE room SET tour_hash='" H1 "', tour_id='t', mode=3, cue=1", "makes no sense");
    worked_on("UPDATE room SET tour_hash='" H1 "', tour_id='t', mode=3, cue=0", NULL);
    worked_on("UPDATE room SET tour_hash='" H1 "', tour_id='t', mode=3, cue=0;"
              "UPDATE tour_doc SET doc='{}'",
              "its tour cannot be read");
    worked_on("UPDATE room SET epoch=4294967297", "number");
    worked_on(A_KIOSK("0123456789abcdef", "-9911", "-60", "de", "0"), NULL);
    worked_on(A_KIOSK("0123456789abcdeX", "0", "0", "", "0"), "kiosk");
    worked_on(A_KIOSK("0123456789abcdef", "500001", "0", "", "0"), "kiosk");
    worked_on(A_KIOSK("0123456789abcdef", "-9223372036854775808", "0", "", "0"), "kiosk");
    worked_on(A_KIOSK("0123456789abcdef", "0", "1", "", "0"), "kiosk");
    worked_on(A_KIOSK("0123456789abcdef", "0", "0", "DE", "0"), "kiosk");
    worked_on(A_KIOSK("0123456789abcdef", "0", "0", "", "4"), "kiosk");
}

static void what_is_no_database_is_refused(void **state)
{
    (void)state;
    unit_seed();
    for (int i = 0; i < 30; i++) {
        FILE *f = fopen(file, "wb");
        if (i % 3 == 1)
            fputs("SQLite format 3", f), fputc(0, f), fputc(16, f), fputc(0, f);
        while (ftell(f) < (i % 2 ? 8192 : 100 + i))
            fputc((int)unit_below(256), f);
        fclose(f);
        assert_refused("");
    }
    unlink(file);
    assert_refused("");
    assert_int_equal(symlink("/etc/passwd", file), 0);
    assert_refused("");
}

// --- Restoring. ---

static sqlite3 *start_again(void)
{
    assert_true(restore_apply(db_path, error, sizeof error));
    sqlite3 *db = db_open(db_path, error, sizeof error);
    if (!db)
        fail_msg("%s", error);
    return db;
}

// A backup at revision 3 is staged, the house has gone on to 7.
static void stage(void)
{
    make_backup(3);
    struct store *s = store_start(db_open(db_path, error, sizeof error), wake_me, NULL);
    for (int64_t r = 4; r <= 7; r++)
        commit(s, r);
    store_stop(s);
    assert_int_equal(restore_check(file, dir, &report, detail, sizeof detail), ERR_OK);
    assert_int_equal(restore_stage(file, db_path), ERR_OK);
    assert_true(folder_has("roomtone.db.restore"));
    assert_false(folder_has("file"));
}

static void assert_restored(sqlite3 *db, int64_t epoch)
{
    assert_int_equal(ask(db, "SELECT p0_us FROM room"), 3);
    assert_int_equal(ask(db, "SELECT epoch FROM room"), epoch);
    assert_int_equal(ask(db, "SELECT rev FROM room"), 1);
    assert_int_equal(ask(db, "SELECT count(*) FROM history WHERE op='restore' AND rev=1 AND epoch="
                             "(SELECT epoch FROM room)"),
                     1);
    assert_false(folder_has("roomtone.db.restore"));
}

static void it_comes_back_as_a_new_epoch_under_todays_clock(void **state)
{
    (void)state;
    stage();
    sqlite3 *db = start_again();
    assert_restored(db, 2);
    struct house_anchor a;
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    assert_string_equal(a.boot_id, "this-boot");
    assert_int_equal(a.clock_epoch, 3);
    assert_int_equal(a.base_ns, 77);
    db_close(db);
    db = start_again(); // nothing waits any more
    assert_restored(db, 2);
    db_close(db);

    // The way back.
    copy_file(folder_path("snapshots/before-restore-1.db"), file);
    assert_int_equal(restore_check(file, dir, &report, detail, sizeof detail), ERR_OK);
    assert_int_equal(restore_stage(file, db_path), ERR_OK);
    db = start_again();
    assert_int_equal(ask(db, "SELECT p0_us FROM room"), 7);
    assert_int_equal(ask(db, "SELECT epoch FROM room"), 3);
    db_close(db);
    assert_true(folder_has("snapshots/before-restore-2.db"));
}

static void another_boxs_time_is_not_undercut(void **state)
{
    (void)state;
    stage();
    sqlite3 *db;
    assert_int_equal(sqlite3_open(folder_path("roomtone.db.restore"), &db), SQLITE_OK);
    assert_true(db_exec(db, "UPDATE clock_anchor SET reserved_us=5000000,clock_epoch=8,"
                            "boot_id='another',zone='Asia/Tokyo'"));
    db_close(db);
    db = start_again();
    struct house_anchor a;
    struct house_reading now = {.boot_id = "this-boot", .raw = {123}};
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    struct house_anchor next = house_resume(&a, &now);
    assert_true(house_at(&next, now.raw).us > 5000000);
    assert_int_equal(next.clock_epoch, 9);
    char zone[100]; // its schedules were planned there
    assert_int_equal(anchor_store_zone(db, zone, sizeof zone), ERR_OK);
    assert_string_equal(zone, "Asia/Tokyo");
    db_close(db);
}

static void a_bad_staged_file_changes_nothing(void **state)
{
    (void)state;
    stage();
    assert_int_equal(truncate(folder_path("roomtone.db.restore"), 5000), 0);
    sqlite3 *db = start_again();
    assert_int_equal(ask(db, "SELECT rev FROM room"), 7);
    db_close(db);
    assert_false(folder_has("roomtone.db.restore"));
    assert_true(folder_has("roomtone.db.refused"));
    assert_false(folder_has("snapshots"));
}

static void without_a_snapshot_nothing_is_restored(void **state)
{
    (void)state;
    stage();
    FILE *f = fopen(folder_path("snapshots"), "w"); // where the folder should be
    fclose(f);
    sqlite3 *db = start_again();
    assert_int_equal(ask(db, "SELECT rev FROM room"), 7);
    db_close(db);
    assert_true(folder_has("roomtone.db.refused"));
}

static void a_damaged_database_is_replaced_and_kept(void **state)
{
    (void)state;
    stage();
    int fd = open(db_path, O_WRONLY);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(pwrite(fd, "\xa5\xa5\xa5\xa5", 4, 4096 + 4 * i), 4);
    close(fd);
    sqlite3 *db = start_again();
    assert_restored(db, 2);
    db_close(db);
    assert_true(folder_has("snapshots/damaged-1.db"));
}

// Back from a newer Roomtone: its clock goes on and its epochs are not undercut, and it is kept to
// come back to. One that has become too different is kept as a damaged one is.
static void a_newer_database_is_replaced_and_kept(void **state)
{
    (void)state;
    stage();
    sqlite3 *db = db_open(db_path, error, sizeof error);
    assert_true(db_exec(db, "UPDATE room SET epoch=9; ALTER TABLE room ADD COLUMN later TEXT;"
                            "PRAGMA user_version=999"));
    db_close(db);
    db = start_again();
    assert_restored(db, 10);
    struct house_anchor a;
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    assert_string_equal(a.boot_id, "this-boot");
    assert_int_equal(a.base_ns, 77);
    db_close(db);
    assert_true(folder_has("snapshots/before-restore-1.db"));
    assert_int_equal(sqlite3_open(folder_path("snapshots/before-restore-1.db"), &db), SQLITE_OK);
    assert_int_equal(ask(db, "PRAGMA user_version"), 999);
    assert_int_equal(ask(db, "SELECT epoch FROM room"), 9);
    sqlite3_close(db);
}

static void a_newer_database_that_cannot_be_read_is_kept(void **state)
{
    (void)state;
    stage();
    sqlite3 *db = db_open(db_path, error, sizeof error);
    assert_true(db_exec(db, "ALTER TABLE clock_anchor RENAME TO clock; PRAGMA user_version=999"));
    db_close(db);
    db = start_again();
    assert_restored(db, 2);
    db_close(db);
    assert_true(folder_has("snapshots/damaged-1.db"));
}

static void a_log_of_the_old_database_is_not_played_into_the_new_one(void **state)
{
    (void)state;
    stage();
    // The server was killed: its log lies beside the database, and tells of revision 8.
    char copy[120], log[130];
    snprintf(copy, sizeof copy, "%s/copy.db", dir);
    snprintf(log, sizeof log, "%s-wal", copy);
    sqlite3 *db = db_open(db_path, error, sizeof error);
    assert_true(db_exec(db, "UPDATE room SET p0_us=8,rev=8"));
    copy_file(db_path, copy);
    copy_file(folder_path("roomtone.db-wal"), log);
    db_close(db);
    copy_file(copy, db_path);
    copy_file(log, folder_path("roomtone.db-wal"));
    db = start_again();
    assert_restored(db, 2);
    db_close(db);
    assert_int_equal(sqlite3_open(folder_path("snapshots/before-restore-1.db"), &db), SQLITE_OK);
    assert_int_equal(ask(db, "SELECT rev FROM room"), 8);
    db_close(db);
}

// What the parts leave when they are cut off; the last rename decides (tests/crash has more).
static void cut_off_anywhere_the_next_start_does_it(void **state)
{
    (void)state;
    stage();
    // Cut off right before the last rename: it was prepared, and is staged still.
    copy_file(folder_path("roomtone.db.restore"), file);
    char old[120];
    snprintf(old, sizeof old, "%s/old", dir);
    copy_file(db_path, old);
    db_close(start_again());
    copy_file(db_path, folder_path("roomtone.db.restore"));
    copy_file(old, db_path);
    FILE *f = fopen(folder_path("snapshots/.tmp"), "w"); // and half a snapshot
    fputs("half", f);
    fclose(f);
    sqlite3 *db = start_again();
    assert_restored(db, 3); // one more than needed, as restore.c says
    db_close(db);
}

static void a_new_box_takes_a_backup_laid_beside(void **state)
{
    (void)state;
    make_backup(3);
    unlink(db_path);
    assert_int_equal(restore_stage(file, db_path), ERR_OK);
    sqlite3 *db = start_again();
    assert_restored(db, 2);
    struct house_anchor a;
    struct house_reading now = {.boot_id = "this-boot", .raw = {123}};
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    struct house_anchor next = house_resume(&a, &now);
    assert_true(house_at(&next, now.raw).us > 2000);
    assert_int_equal(next.clock_epoch, 4);
    db_close(db);
}

// A backup of the first Roomtone: it comes up to date on its way.
static void an_old_schema_is_brought_up_to_date(void **state)
{
    (void)state;
    struct migrate_plan first = migrate_plan();
    sqlite3 *db;
    first.count = 1;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_true(migrate_by(db, &first, error, sizeof error));
    assert_true(db_exec(
        db, "INSERT INTO user VALUES('admin','x','admin');"
            "INSERT INTO room(id,name,code,link,created_us,epoch,rev,mode,cue,p0_us,t0_us,rate,"
            "updated_us) VALUES('hall','The hall','123456784','KGIThr417Jtt71HX6F429Q',5,1,0,0,-1,"
            "0,0,0,5)"));
    char code[JOINCODE_DIGITS + 1], sql[60];
    joincode_format(12345678, code);
    snprintf(sql, sizeof sql, "UPDATE room SET code='%s'", code);
    assert_true(db_exec(db, sql));
    db_close(db);
    if (restore_check(file, dir, &report, detail, sizeof detail) != ERR_OK)
        fail_msg("%s", detail);
    assert_int_equal(report.schema, 1);
    assert_int_equal(report.groups, 1);
    assert_false(folder_has("snapshots"));
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(ask(db, "PRAGMA user_version"), migrate_plan().count);
    db_close(db);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commits_go_on_while_it_is_taken),
        TEST(logins_are_not_in_it),
        TEST(a_closed_database_ends_it),
        TEST(truncated_ones_are_refused),
        TEST(any_flipped_bit_is_noticed),
        TEST(strangers_files_are_refused),
        TEST(what_is_no_database_is_refused),
        TEST(an_old_schema_is_brought_up_to_date),
        TEST(it_comes_back_as_a_new_epoch_under_todays_clock),
        TEST(another_boxs_time_is_not_undercut),
        TEST(a_bad_staged_file_changes_nothing),
        TEST(without_a_snapshot_nothing_is_restored),
        TEST(a_damaged_database_is_replaced_and_kept),
        TEST(a_newer_database_is_replaced_and_kept),
        TEST(a_newer_database_that_cannot_be_read_is_kept),
        TEST(a_log_of_the_old_database_is_not_played_into_the_new_one),
        TEST(cut_off_anywhere_the_next_start_does_it),
        TEST(a_new_box_takes_a_backup_laid_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
