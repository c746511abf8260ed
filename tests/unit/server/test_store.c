// SPDX-License-Identifier: Apache-2.0
// The store on a real file: batches, a failing job among good ones, rooms as rows, tours.
#include "tests/unit/unit.h"

#include "server/catalogue/catalogue.h"
#include "server/catalogue/tours.h"
#include "server/catalogue/tracks.h"
#include "server/store/anchor_store.h"
#include "server/store/history.h"
#include "server/store/house_key.h"
#include "server/store/migrate.h"
#include "server/store/room_store.h"
#include "server/store/wear.h"
#include "tests/unit/server/a_folder.h"

#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define H1 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static char path[100];
static sem_t woken;

static int make_dir(void **state)
{
    (void)state;
    folder_make();
    snprintf(path, sizeof path, "%s/db", dir);
    return 0;
}

static void schema_is_made_once_and_a_newer_one_refused(void **state)
{
    (void)state;
    char error[300];
    sqlite3 *db = folder_db(path);
    db_close(db);
    db = folder_db(path);
    assert_true(db_exec(db, "PRAGMA user_version=999"));
    assert_false(migrate(db, error, sizeof error));
    assert_non_null(strstr(error, "newer"));
    db_close(db);
    assert_null(db_open("/nonexistent/dir/db", error, sizeof error));
    assert_non_null(strstr(error, "/nonexistent/dir/db"));
}

static void second_connection_is_impossible(void **state)
{
    (void)state;
    char error[300];
    sqlite3 *db = folder_db(path);
    assert_null(db_open(path, error, sizeof error));
    db_close(db);
}

static void damage(long at, int len)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    for (int i = 0; i < len; i++)
        fputc(0xa5, f);
    fclose(f);
}

static void damaged_file_is_refused(void **state)
{
    (void)state;
    char error[300];
    db_close(folder_db(path));
    damage(4096, 4 * 4096);
    assert_null(db_open(path, error, sizeof error));
    assert_true(strlen(error) > 10);
}

// Too large to be read by one call.
static void damaged_large_file_is_refused(void **state)
{
    (void)state;
    char error[300];
    sqlite3 *db = folder_db(path);
    assert_true(db_exec(db, "CREATE TABLE large(x); WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL "
                            "SELECT i+1 FROM n WHERE i<20000) INSERT INTO large "
                            "SELECT zeroblob(900) FROM n"));
    db_close(db);
    db_close(folder_db(path));
    damage(10 * 1024 * 1024, 1024);
    assert_null(db_open(path, error, sizeof error));
    assert_non_null(strstr(error, "damaged"));
}

static int answer(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = db_prepare(db, sql);
    assert_true(db_row(st));
    int found = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return found;
}

static void what_is_written_is_read_whatever_was_read_whole(void **state)
{
    (void)state;
    sqlite3 *db = folder_db(path);
    assert_true(db_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1); "
                            "PRAGMA wal_checkpoint(TRUNCATE)"));
    assert_true(wear_whole(db, true));
    assert_int_equal(answer(db, "SELECT x FROM t"), 1);
    assert_true(db_exec(db, "UPDATE t SET x=2"));
    sqlite3_db_release_memory(db);
    assert_int_equal(answer(db, "SELECT x FROM t"), 2);
    assert_true(db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)"));
    sqlite3_db_release_memory(db);
    assert_int_equal(answer(db, "SELECT x FROM t"), 2);
    assert_true(wear_whole(db, true) && wear_whole(db, false));
    db_close(db);
}

static struct room_record a_record(const char *id, const char *code)
{
    struct room_record r = {.created = {5}};
    snprintf(r.id, sizeof r.id, "%s", id);
    snprintf(r.name, sizeof r.name, "Group %s", id);
    snprintf(r.code, sizeof r.code, "%s", code);
    snprintf(r.link, sizeof r.link, "link-%s", id);
    room_state_init(&r.state, 1);
    snprintf(r.guide_link, sizeof r.guide_link, "guide-%s", id);
    return r;
}

static void wake_me(void *user)
{
    (void)user;
    sem_post(&woken);
}

struct note {
    int count;
    enum err err[8];
};

static void on_commit(void *user, enum err e)
{
    struct note *n = user;
    n->err[n->count++] = e;
}

static void wait_for(struct store *s, const struct note *n, int count)
{
    while (n->count < count) {
        sem_wait(&woken);
        store_drain(s);
    }
}

static void assert_same_state(const struct room_state *a, const struct room_state *b)
{
    struct bytes x, y;
    bytes_init(&x, 16384);
    bytes_init(&y, 16384);
    room_state_print(a, &x);
    room_state_print(b, &y);
    assert_string_equal(x.data, y.data);
    bytes_free(&x);
    bytes_free(&y);
}

static void configure(struct room_state *s)
{
    struct wire_configure c = {.has_when_empty = true,
                               .when_empty = EMPTY_RESET,
                               .has_empty_after = true,
                               .empty_after_s = 77,
                               .has_after_reboot = true,
                               .after_reboot = REBOOT_HOLD,
                               .has_schedule = true,
                               .rule_count = 2,
                               .rules = {"daily 11:00 start", "tue-sun 10:00-17:40/20min start:3"}};
    assert_int_equal(room_plan_configure(&s->plan, &c, 12345, &s->plan), ERR_OK);
}

static void room_comes_back_as_it_was_committed(void **state)
{
    (void)state;
    sqlite3 *db = folder_db(path);
    struct room_record rec = a_record("hall", "123456789");
    assert_int_equal(room_store_insert(db, &rec, NULL, "anna", 99), ERR_OK);
    assert_int_equal(room_store_insert(db, &rec, NULL, "anna", 99), ERR_EXISTS);
    sem_init(&woken, 0, 0);
    struct store *s = store_start(db, wake_me, NULL);

    struct room_change c = {.prior_epoch = 1,
                            .prior_rev = 0,
                            .event = "{\"do\":\"play\"}",
                            .state = rec.state,
                            .now = {77},
                            .has_due = true,
                            .due = {88}};
    strcpy(c.room_id, "hall");
    strcpy(c.actor, "anna");
    strcpy(c.op, "play");
    strcpy(c.state.tour_id, "t");
    strcpy(c.state.tour_hash, H1);
    c.state.rev = 1;
    c.state.now = (struct room_part){MODE_RUNNING, 2, {123, {456}, 1}};
    c.state.has_pending = true;
    c.state.pending_at.us = 789;
    c.state.pending = (struct room_part){MODE_HELD, 1, {11, {12}, 0}};
    c.state.presence = PRESENCE_LEAVING;
    c.state.empty_at.us = 991;
    strcpy(c.state.lease.holder, "m1");
    strcpy(c.state.lease.holder_name, "Zo\xc3\xab");
    strcpy(c.state.lease.deputy, "m2");
    c.state.lease.fence = 7;
    configure(&c.state);
    c.has_seen = true;
    c.seen = (struct room_seen){
        "0123456789abcdef0123456789abcdef", UINT64_MAX - 3, 1, 1, {790}, 7, {77}};

    struct note n = {0};
    struct room_change stale = c;
    stale.prior_rev = 5; // builds on what is not there
    stale.state.rev = 6;
    strcpy(stale.seen.cmd_id, "ffffffffffffffffffffffffffffffff");
    room_store_commit(s, &stale, on_commit, &n);
    room_store_commit(s, &c, on_commit, &n);
    room_store_commit(s, &c, on_commit, &n); // the same again
    wait_for(s, &n, 3);
    assert_int_equal(n.err[0], ERR_CONFLICT);
    assert_int_equal(n.err[1], ERR_OK);
    assert_int_equal(n.err[2], ERR_CONFLICT);
    assert_true(store_stats(s).commits >= 1);
    store_stop(s);

    db = folder_db(path);
    struct room_loaded l;
    assert_int_equal(room_store_read(db, ROOM_BY_CODE, "123456789", &l), ERR_OK);
    assert_same_state(&l.record.state, &c.state);
    assert_string_equal(l.record.name, rec.name);
    assert_int_equal(l.seen_count, 1);
    assert_true(l.seen[0].hash == UINT64_MAX - 3);
    assert_int_equal(l.seen[0].at.us, 790);
    assert_int_equal(l.seen[0].fence, 7);
    assert_int_equal(l.seen[0].when.us, 77);
    assert_true(l.has_due && l.due.us == 88);
    room_loaded_free(&l);
    assert_int_equal(room_store_read(db, ROOM_BY_LINK, "link-hall", &l), ERR_OK);
    room_loaded_free(&l);
    assert_int_equal(room_store_read(db, ROOM_BY_ID, "other", &l), ERR_UNKNOWN_GROUP);
    assert_int_equal(room_store_read(db, ROOM_BY_GUIDE_LINK, "guide-hall", &l), ERR_OK);
    room_loaded_free(&l);
    struct history_row *rows = calloc(4, sizeof *rows);
    assert_int_equal(history_list(db, "hall", UINT32_MAX, INT64_MAX, rows, 4), 2);
    assert_same_state(&rows[0].state, &c.state);
    assert_string_equal(rows[0].op, "play");
    assert_string_equal(rows[0].event, "{\"do\":\"play\"}");
    assert_string_equal(rows[1].op, "create");
    assert_string_equal(rows[1].actor, "anna");
    assert_int_equal(rows[1].wall_us, 99);
    history_free(rows, 2);
    db_close(db);
}

static void anchor_is_kept(void **state)
{
    (void)state;
    sqlite3 *db = folder_db(path);
    struct house_anchor a, b = {.present = true,
                                .boot_id = "boot",
                                .base_ns = -5,
                                .house = {6},
                                .realtime_us = 7,
                                .realtime_trusted = true,
                                .reserved = {8},
                                .clock_epoch = 9};
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    assert_false(a.present);
    assert_int_equal(anchor_store_write(db, &b), ERR_OK);
    assert_int_equal(anchor_store_write(db, &b), ERR_OK);
    assert_int_equal(anchor_store_read(db, &a), ERR_OK);
    assert_int_equal(a.base_ns, -5);
    assert_string_equal(a.boot_id, "boot");
    assert_int_equal(a.reserved.us, 8);
    assert_int_equal(a.clock_epoch, 9);
    db_close(db);
}

static void assert_zone(sqlite3 *db, const char *zone)
{
    char found[100];
    assert_int_equal(anchor_store_zone(db, found, sizeof found), ERR_OK);
    assert_string_equal(found, zone);
}

static int64_t due_of(sqlite3 *db, const char *room)
{
    sqlite3_stmt *st = db_prepare(db, "SELECT coalesce(due_us,-1) FROM room WHERE id=?");
    db_bind_text(st, 1, room);
    assert_true(db_row(st));
    int64_t due = sqlite3_column_int64(st, 0);
    assert_int_equal(db_done(db, st), ERR_OK);
    return due;
}

#define A_ROOM(id, due, schedule)                                                              \
    "INSERT INTO room(id,name,code,link,guide_link,created_us,epoch,rev,mode,cue,p0_us,t0_us," \
    "rate,due_us,schedule,updated_us) VALUES('" id "','','" id "','" id "','" id               \
    "',1,1,0,0,0,0,0,0," due "," schedule ",1);"

static void rooms_with_a_schedule_are_due_in_another_zone(void **state)
{
    (void)state;
    sqlite3 *db = folder_db(path);
    struct house_anchor a = {.boot_id = "boot", .clock_epoch = 1}, found;
    assert_true(db_exec(db, A_ROOM("opens", "77", "'0 daily 10:00 start:1'")
                                A_ROOM("plays", "88", "NULL") A_ROOM("rests", "NULL", "NULL")));
    assert_zone(db, "");
    assert_int_equal(anchor_store_replan(db, &a, "Europe/Berlin"), ERR_OK);
    assert_int_equal(due_of(db, "opens"), 0);
    assert_int_equal(due_of(db, "plays"), 88);
    assert_int_equal(due_of(db, "rests"), -1);
    a.clock_epoch = 2;
    assert_int_equal(anchor_store_write(db, &a), ERR_OK); // a renewal leaves the zone alone
    assert_zone(db, "Europe/Berlin");

    // All of it or nothing.
    assert_true(db_exec(db, "UPDATE room SET due_us=99 WHERE id='opens';"
                            "CREATE TRIGGER refuse BEFORE UPDATE OF due_us ON room BEGIN"
                            " SELECT raise(ABORT,'a full disk'); END"));
    a.clock_epoch = 3;
    assert_int_not_equal(anchor_store_replan(db, &a, "Asia/Tokyo"), ERR_OK);
    assert_zone(db, "Europe/Berlin");
    assert_int_equal(due_of(db, "opens"), 99);
    assert_int_equal(anchor_store_read(db, &found), ERR_OK);
    assert_int_equal(found.clock_epoch, 2);
    assert_int_equal(anchor_store_write(db, &a), ERR_OK); // no transaction stayed open
    db_close(db);
    db = folder_db(path);
    assert_int_equal(anchor_store_read(db, &found), ERR_OK);
    assert_int_equal(found.clock_epoch, 3);
    db_close(db);
}

static int64_t newest_version(sqlite3 *db)
{
    json_t *shown;
    assert_int_equal(tours_show(db, "t", &shown), ERR_OK);
    int64_t n = json_integer_value(json_object_get(shown, "version"));
    json_decref(shown);
    return n;
}

// `ask` was published as `hash`, as version 1.
static void every_version_of_a_tour_can_be_had_again(sqlite3 *db, json_t *ask, const char *first)
{
    char hash[WIRE_HASH_LEN + 1], again[WIRE_HASH_LEN + 1], detail[200];
    struct tours_edit edit = {.actor = "anna", .wall_us = 7, .on = first}, late = edit;
    json_t *cue = json_array_get(json_object_get(ask, "cues"), 0);
    assert_int_equal(newest_version(db), 1); // the same again was no version
    json_object_set_new(cue, "on_end", json_string("wait"));
    json_object_set_new(cue, "gap_us", json_integer(2000000));
    assert_int_equal(tours_publish(db, dir, "t", ask, &edit, hash, detail, sizeof detail), ERR_OK);
    assert_int_equal(newest_version(db), 2);
    json_t *shown;
    assert_int_equal(tours_show(db, "t", &shown), ERR_OK);
    json_t *got = json_array_get(json_object_get(json_object_get(shown, "tour"), "cues"), 0);
    assert_string_equal(json_string_value(json_object_get(got, "on_end")), "wait");
    assert_int_equal(json_integer_value(json_object_get(got, "gap_us")), 2000000);
    json_decref(shown);
    // Who has not seen it changes nothing.
    json_object_set_new(cue, "gap_us", json_integer(1));
    assert_int_equal(tours_publish(db, dir, "t", ask, &late, again, detail, sizeof detail),
                     ERR_PRECONDITION_FAILED);
    assert_int_equal(tours_remove(db, "t", &late, detail, sizeof detail), ERR_PRECONDITION_FAILED);
    edit.on = hash;
    assert_int_equal(tours_restore(db, "t", 1, &edit, again), ERR_OK);
    assert_string_equal(again, first);
    assert_int_equal(newest_version(db), 3);
    edit.on = NULL;
    assert_int_equal(tours_restore(db, "t", 9, &edit, again), ERR_NOT_FOUND);
    assert_int_equal(tours_remove(db, "t", &edit, detail, sizeof detail), ERR_OK);
    assert_int_equal(tours_show(db, "t", &shown), ERR_NOT_FOUND);
    json_t *gone = tours_gone(db);
    assert_int_equal(json_array_size(json_object_get(gone, "tours")), 1);
    json_decref(gone);
    assert_int_equal(tours_restore(db, "t", 2, &edit, again), ERR_OK);
    assert_string_equal(again, hash);
    assert_int_equal(newest_version(db), 4);
    for (int i = 2; i < TOURS_VERSIONS_MAX + 5; i++) {
        json_object_set_new(cue, "gap_us", json_integer(i));
        assert_int_equal(tours_publish(db, dir, "t", ask, &edit, again, detail, sizeof detail),
                         ERR_OK);
    }
    assert_int_equal(tours_versions(db, "t", &shown), ERR_OK);
    assert_int_equal(json_array_size(json_object_get(shown, "versions")), TOURS_VERSIONS_MAX);
    json_decref(shown);
}

static void tour_is_published_as_an_immutable_document(void **state)
{
    (void)state;
    sqlite3 *db = folder_db(path);
    char hash[WIRE_HASH_LEN + 1], again[WIRE_HASH_LEN + 1], detail[200], *doc;
    size_t len;
    struct tours_edit edit = {.actor = "anna"};
    json_t *title = json_pack("{s:s,s:s}", "en", "Loom", "de", "Webstuhl");
    assert_int_equal(tracks_title(db, "loom", title, NULL), ERR_OK);
    json_t *ask = json_pack("{s:O,s:[{s:s}]}", "title", title, "cues", "track", "loom");
    assert_int_equal(tours_publish(db, dir, "t", ask, &edit, hash, detail, sizeof detail),
                     ERR_NOT_READY);
    assert_non_null(strstr(detail, "loom"));
    json_t *dropped = json_array(), *users = NULL;
    struct track_variant v = {.track = "loom",
                              .lang = "en",
                              .opus = H1,
                              .seek = H1,
                              .peaks = H1,
                              .bytes = 9,
                              .dur_us = 5000000,
                              .info = "{}",
                              .source = "first",
                              .source_name = "loom.wav",
                              .source_bytes = 60};
    assert_int_equal(tracks_variant(db, &v, 100, dropped), ERR_OK);
    strcpy(v.track, "none");
    assert_int_equal(tracks_variant(db, &v, 100, dropped), ERR_NOT_FOUND); // no such track
    strcpy(v.track, "loom");
    assert_int_equal(tracks_captions(db, "loom", "en", H1), ERR_OK);
    assert_int_equal(tracks_captions(db, "loom", "fr", H1), ERR_NOT_FOUND);
    assert_int_equal(tours_publish(db, dir, "t", ask, &edit, hash, detail, sizeof detail), ERR_OK);
    assert_int_equal(tours_publish(db, dir, "t", ask, &edit, again, detail, sizeof detail), ERR_OK);
    assert_string_equal(hash, again);
    assert_int_equal(tours_newest(db, "t", again, &doc, &len), ERR_OK);
    assert_string_equal(hash, again);
    struct tour *t = tour_parse(doc, len, detail, sizeof detail);
    assert_non_null(t);
    assert_int_equal(t->cues[0].dur_us, 5000000);
    tour_free(t);
    free(doc);
    char file[300];
    struct stat st;
    snprintf(file, sizeof file, "%s/%s.json", dir, hash);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, len);
    json_t *unknown = json_pack("{s:O,s:[{s:s}]}", "title", title, "cues", "track", "nowhere");
    assert_int_equal(tours_publish(db, dir, "t", unknown, &edit, hash, detail, sizeof detail),
                     ERR_NOT_FOUND);
    json_decref(unknown);
    every_version_of_a_tour_can_be_had_again(db, ask, hash);
    json_decref(ask);
    json_decref(title);
    json_t *list = tracks_list(db);
    assert_int_equal(json_array_size(json_object_get(list, "tracks")), 1);
    json_decref(list);

    // What is in a tour cannot be removed; a language that is not in it can.
    assert_int_equal(tracks_remove(db, "loom", "en", dropped, &users), ERR_IN_USE);
    assert_string_equal(json_string_value(json_object_get(json_array_get(users, 0), "id")), "t");
    json_decref(users);
    assert_int_equal(json_array_size(dropped), 0);
    // Two originals of 60 bytes do not fit into 100: the older goes.
    strcpy(v.lang, "de");
    strcpy(v.source, "second");
    v.source_us = 1;
    assert_int_equal(tracks_variant(db, &v, 100, dropped), ERR_OK);
    assert_string_equal(json_string_value(json_array_get(dropped, 0)), "first");
    // The same original made anew stays; another one takes its place.
    v.source[0] = '\0';
    assert_int_equal(tracks_variant(db, &v, 100, dropped), ERR_OK);
    assert_int_equal(json_array_size(dropped), 1);
    assert_int_equal(tracks_remove(db, "loom", "de", dropped, &users), ERR_OK);
    assert_string_equal(json_string_value(json_array_get(dropped, 1)), "second");
    assert_int_equal(tracks_remove(db, "loom", "de", dropped, &users), ERR_NOT_FOUND);
    json_decref(dropped);
    db_close(db);
}

static void the_house_has_one_key(void **state)
{
    (void)state;
    struct sealed_pair first, again;
    sqlite3 *db = folder_db(path);
    assert_int_equal(house_key_load(db, &first), ERR_OK);
    db_close(db);
    db = folder_db(path);
    assert_int_equal(house_key_load(db, &again), ERR_OK);
    assert_memory_equal(&again, &first, sizeof first);
    assert_false(db_exec(db, "UPDATE house_key SET secret=x'00'"));
    assert_true(db_exec(db, "UPDATE house_key SET secret=zeroblob(32)"));
    assert_int_equal(house_key_load(db, &again), ERR_OK);
    assert_memory_not_equal(&again, &first, sizeof first);
    db_close(db);
}

static void a_key_that_cannot_be_kept_is_none(void **state)
{
    (void)state;
    struct sealed_pair pair;
    sqlite3 *db = folder_db(path);
    assert_true(db_exec(db, "PRAGMA query_only=1"));
    assert_int_equal(house_key_load(db, &pair), ERR_STORAGE_FAILED);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(schema_is_made_once_and_a_newer_one_refused, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(second_connection_is_impossible, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(damaged_file_is_refused, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(damaged_large_file_is_refused, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_whatever_was_read_whole, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(room_comes_back_as_it_was_committed, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(anchor_is_kept, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(rooms_with_a_schedule_are_due_in_another_zone, make_dir,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(the_house_has_one_key, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(a_key_that_cannot_be_kept_is_none, make_dir, folder_remove),
        cmocka_unit_test_setup_teardown(tour_is_published_as_an_immutable_document, make_dir,
                                        folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
