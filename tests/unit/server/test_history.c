// SPDX-License-Identifier: Apache-2.0
// History and rewind on a real database: random lives of groups, random points in them, an oracle
// that remembers everything; undo; the ceilings.
#include "tests/unit/unit.h"

#include "server/store/history.h"
#include "server/store/room_store.h"
#include "tests/unit/server/a_folder.h"
#include "tests/unit/server/a_tour.h"

#include <dirent.h>
#include <semaphore.h>
#include <unistd.h>

enum { GROUPS = 200, EVENTS = 40, POINTS = 50 };
#define WALL_AHEAD (INT64_C(1795600800) * S) // wall clock minus house time

// What the oracle remembers: every durable state and when it came to be.
struct life {
    char id[20];
    int count;
    struct room_state states[EVENTS + 1];
    house_t at[EVENTS + 1];
};

static struct tour *tour;
static sem_t woken;

static int make_dir(void **state)
{
    (void)state;
    folder_make();
    tour = a_tour(true);
    return 0;
}

static int remove_dir(void **state)
{
    tour_free(tour);
    return folder_remove(state);
}

static const struct tour *tour_in(const struct room_state *s)
{
    return s->now.mode == MODE_VOID ? NULL : tour;
}

static struct room_event event_at(house_t now, enum room_event_kind kind)
{
    return (struct room_event){.kind = kind,
                               .now = now,
                               .clock_epoch = 1,
                               .wall_us = now.us + WALL_AHEAD,
                               .lead_us = 200000,
                               .actor = {ROLE_STAFF, "", "anna"},
                               .tour = tour,
                               .tour_hash = A_HASH};
}

static void random_command(struct wire_command *c)
{
    static const char *const rules[] = {"daily 10:00 start", "tue-sun 10:00-17:40/20min start:1"};
    static const enum wire_op ops[] = {OP_LOAD, OP_PLAY, OP_PLAY, OP_PAUSE,    OP_SEEK,
                                       OP_GOTO, OP_NEXT, OP_STOP, OP_CONFIGURE};
    *c = (struct wire_command){
        .op = ops[unit_below(9)], .position_us = unit_below(30 * S), .cue = (int32_t)unit_below(3)};
    if (c->op != OP_CONFIGURE)
        return;
    c->configure.has_when_empty = unit_below(2);
    c->configure.when_empty = (enum wire_empty)unit_below(3);
    c->configure.has_schedule = unit_below(2);
    c->configure.rule_count = (int)unit_below(3);
    for (int i = 0; i < c->configure.rule_count; i++)
        strcpy(c->configure.rules[i], rules[i]);
}

static void write_change(sqlite3 *db, const char *id, const struct room_state *s,
                         const struct room_event *e)
{
    struct room_change c = {
        .state = *s, .now = e->now, .wall_us = e->wall_us, .lead_us = e->lead_us, .op = "test"};
    snprintf(c.room_id, sizeof c.room_id, "%s", id);
    c.event = e->kind == EVENT_COMMAND ? "{}" : NULL;
    assert_int_equal(history_write(db, &c), ERR_OK);
}

static void live(sqlite3 *db, struct life *l, int n)
{
    struct room_record rec = {.created = {S}};
    snprintf(l->id, sizeof l->id, "g-%d", n);
    snprintf(rec.id, sizeof rec.id, "%s", l->id);
    snprintf(rec.name, sizeof rec.name, "G");
    snprintf(rec.code, sizeof rec.code, "%09d", n);
    snprintf(rec.link, sizeof rec.link, "l-%d", n);
    snprintf(rec.guide_link, sizeof rec.guide_link, "gl-%d", n);
    room_state_init(&rec.state, 1);
    assert_int_equal(room_store_insert(db, &rec, NULL, "anna", S + WALL_AHEAD), ERR_OK);
    struct room_state s = rec.state;
    house_t now = rec.created, at;
    l->states[0] = s;
    l->at[0] = now;
    l->count = 1;
    while (l->count <= EVENTS) {
        now = house_add_us(now, 1 + unit_below(20 * S));
        struct wire_command c;
        struct room_event e = event_at(now, unit_below(4) ? EVENT_COMMAND : EVENT_TIME);
        random_command(&c);
        e.command = &c;
        if (room_state_step(&s, tour_in(&s), &e, &s, &at) != ERR_OK)
            continue;
        write_change(db, l->id, &s, &e);
        l->states[l->count] = s;
        l->at[l->count++] = now;
    }
}

static void on_wake(void *user)
{
    (void)user;
    sem_post(&woken);
}

static struct {
    bool done;
    enum err err;
    struct room_past past;
} got;

static void on_past(void *user, enum err e, struct room_past *past)
{
    (void)user;
    got.done = true;
    got.err = e;
    if (past)
        got.past = *past;
}

static void ask(struct store *s, const struct life *l, const struct wire_point *p)
{
    got.done = false;
    history_past(s, l->id, p, on_past, NULL);
    while (!got.done) {
        sem_wait(&woken);
        store_drain(s);
    }
}

static void print(const struct room_state *s, struct bytes *b)
{
    bytes_init(b, 16384);
    room_state_print(s, b);
}

static void assert_same(const struct room_state *a, const struct room_state *b)
{
    struct bytes x, y;
    print(a, &x);
    print(b, &y);
    assert_string_equal(x.data, y.data);
    bytes_free(&x);
    bytes_free(&y);
}

static int64_t place(const struct room_state *s, house_t at)
{
    if (s->now.cue < 0)
        return 0;
    return tl_position_us(&s->now.vec, tour->cues[s->now.cue].dur_us, at);
}

// `now` restored to `then` as it stood at `at`: tour, place and plan of then, held; the rest of
// now.
static void check_restored(const struct room_state *now, const struct room_state *was, house_t at,
                           const struct room_state *got_state, house_t done_at)
{
    struct room_state then = *was;
    room_state_advance(&then, tour_in(&then), at);
    assert_int_equal(got_state->epoch, now->epoch + 1);
    assert_int_equal(got_state->rev, 1);
    assert_string_equal(got_state->tour_hash, then.tour_hash);
    assert_int_equal(got_state->now.cue, then.now.cue);
    assert_int_equal(got_state->now.mode,
                     then.now.mode == MODE_RUNNING ? MODE_HELD : then.now.mode);
    assert_int_equal(place(got_state, done_at), place(&then, at));
    assert_int_equal(got_state->now.vec.rate, 0);
    assert_false(got_state->has_pending);
    assert_int_equal(got_state->plan.when_empty, then.plan.when_empty);
    assert_int_equal(got_state->plan.rule_count, then.plan.rule_count);
    for (int i = 0; i < then.plan.rule_count; i++) {
        assert_memory_equal(&got_state->plan.rules[i].rule, &then.plan.rules[i].rule,
                            sizeof then.plan.rules[i].rule);
        assert_int_equal(got_state->plan.rules[i].handled_us, done_at.us + WALL_AHEAD);
    }
    assert_int_equal(got_state->lease.fence, now->lease.fence);
}

static struct room_state restore(const struct room_state *now, const struct room_past *past,
                                 house_t at)
{
    struct wire_command c = {.op = OP_RESTORE};
    struct room_event e = event_at(at, EVENT_COMMAND);
    struct room_state out;
    house_t when;
    e.command = &c;
    e.point = &past->state;
    e.point_at = past->at;
    e.tour = tour_in(&past->state);
    assert_int_equal(room_state_step(now, tour_in(now), &e, &out, &when), ERR_OK);
    return out;
}

static void check_point(struct store *s, const struct life *l, house_t end)
{
    const struct room_state *newest = &l->states[l->count - 1];
    int i = (int)unit_below(l->count);
    struct wire_point p = {.kind = (enum wire_point_kind)unit_below(3)};
    house_t at = l->at[i];
    if (p.kind == POINT_REV) {
        p.epoch = l->states[i].epoch;
        p.rev = l->states[i].rev;
    } else {
        // Somewhere before the next change.
        house_t next = i + 1 < l->count ? l->at[i + 1] : end;
        at = house_add_us(at, unit_below(house_diff_us(next, at)));
        p.time = at;
        p.wall_us = at.us + WALL_AHEAD;
    }
    ask(s, l, &p);
    assert_int_equal(got.err, ERR_OK);
    assert_same(&got.past.state, &l->states[i]);
    assert_int_equal(got.past.at.us, at.us);
    struct room_state restored = restore(newest, &got.past, end);
    check_restored(newest, &l->states[i], at, &restored, end);
    // Undone: the newest state again, where it stood at the moment of the restore.
    struct room_past before = {.state = *newest, .at = end};
    struct room_state undone = restore(&restored, &before, house_add_us(end, S));
    check_restored(&restored, newest, end, &undone, house_add_us(end, S));
}

static void any_point_of_any_life_comes_back(void **state)
{
    (void)state;
    unit_seed();
    assert_true(calendar_zone_use("UTC"));
    sqlite3 *db = folder_db(folder_path("db"));
    struct life *lives = calloc(GROUPS, sizeof *lives);
    assert_true(db_exec(db, "BEGIN"));
    // The document is not asked for here; the tour is handed to the rules by the test.
    for (int i = 0; i < GROUPS; i++)
        live(db, &lives[i], i);
    assert_true(db_exec(db, "COMMIT"));
    sem_init(&woken, 0, 0);
    struct store *s = store_start(db, on_wake, NULL);
    for (int i = 0; i < GROUPS; i++) {
        house_t end = house_add_us(lives[i].at[lives[i].count - 1], 30 * S);
        for (int k = 0; k < POINTS; k++)
            check_point(s, &lives[i], end);
    }
    struct wire_point never = {.kind = POINT_REV, .epoch = 1, .rev = 1000};
    ask(s, &lives[0], &never);
    assert_int_equal(got.err, ERR_NOT_FOUND);
    never = (struct wire_point){.kind = POINT_TIME, .time = {1}};
    ask(s, &lives[0], &never);
    assert_int_equal(got.err, ERR_NOT_FOUND);
    store_stop(s);
    free(lives);
}

static int rows(sqlite3 *db, const char *which)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM history WHERE %s", which);
    sqlite3_stmt *st = db_prepare(db, sql);
    assert_true(db_row(st));
    int n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

// A short loop makes a change a minute for a month; now and then somebody edits.
static void history_has_ceilings(void **state)
{
    (void)state;
    unit_seed();
    sqlite3 *db = folder_db(folder_path("db"));
    struct life *l = calloc(1, sizeof *l);
    assert_true(db_exec(db, "BEGIN"));
    live(db, l, 1);
    struct room_state s = l->states[l->count - 1];
    house_t now = l->at[l->count - 1];
    const int64_t minute = 60 * S;
    for (int i = 0; i < 45 * 24 * 60; i++) {
        struct room_event e = event_at(now, i % 60 == 0 ? EVENT_COMMAND : EVENT_TIME);
        s.rev++;
        now = e.now = house_add_us(now, minute);
        write_change(db, l->id, &s, &e);
    }
    // Nothing of what people did within thirty days is lost to the loop.
    int edits = rows(db, "event IS NOT NULL");
    assert_true(edits >= 30 * 24 && edits <= 30 * 24 + 8);
    assert_true(rows(db, "event IS NULL") <= ROOM_HISTORY_NATURAL_MAX + 256);
    for (int i = 0; i < 2 * ROOM_HISTORY_MAX; i++) {
        struct room_event e = event_at(now, EVENT_COMMAND);
        s.rev++;
        write_change(db, l->id, &s, &e);
    }
    assert_true(rows(db, "1") <= ROOM_HISTORY_MAX + 256);
    assert_true(db_exec(db, "COMMIT"));
    free(l);
    db_close(db);
}

// SQLite's own files beside the database that are open, of a name that is gone.
static int nameless_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char to[300] = "";
        (void)!readlinkat(dirfd(d), e->d_name, to, sizeof to - 1);
        n += strstr(to, "etilqs") != NULL;
    }
    assert_int_equal(closedir(d), 0);
    return n;
}

// What is let go at once can be much: what undoes it, should it fail, needs no place on a disk that
// is full, or on one that nobody may write to.
static void letting_go_needs_no_file(void **state)
{
    (void)state;
    unit_seed();
    sqlite3 *db = folder_db(folder_path("db"));
    struct life *l = calloc(1, sizeof *l);
    live(db, l, 1);
    struct room_state s = l->states[l->count - 1];
    house_t now = l->at[l->count - 1];
    assert_true(db_exec(db, "BEGIN"));
    for (int i = 0; i < 4 * 256; i++) {
        struct room_event e = event_at(now, EVENT_COMMAND);
        s.rev++;
        write_change(db, l->id, &s, &e);
        if (i != 3 * 256)
            continue;
        now = house_add_us(now, 2 * ROOM_HISTORY_US);
        assert_true(db_exec(db, "COMMIT; BEGIN; UPDATE history SET op='old'; SAVEPOINT job"));
    }
    assert_true(db_exec(db, "RELEASE job; COMMIT"));
    assert_true(rows(db, "1") <= 2 * 256);
    assert_int_equal(nameless_files(), 0);
    free(l);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_point_of_any_life_comes_back, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(history_has_ceilings, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(letting_go_needs_no_file, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
