// SPDX-License-Identifier: Apache-2.0
// The output gate, against a store that commits when the test says so.
#include "tests/unit/unit.h"

#include "server/room/rooms.h"

#include <string.h>

#define S INT64_C(1000000)
#define H1 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static const char tour_doc[] =
    "{\"format\":\"roomtone.tour.v1\",\"id\":\"t\",\"title\":{\"en\":\"T\"},\"cues\":[{\"id\":"
    "\"a\","
    "\"on_end\":\"next\",\"track\":{\"id\":\"k\",\"title\":{\"en\":\"C\"},\"dur_us\":10000000,"
    "\"variants\":[{\"lang\":\"en\",\"dur_us\":1000,\"opus\":\"" H1 "\",\"bytes\":9,\"seek\":\"" H1
    "\"}]}}]}";

enum { QUEUE = 64 };

// A store of one room, which remembers what was committed.
struct fake {
    struct room_record record;
    struct {
        struct room_change change;
        void (*done)(void *user, enum err err);
        void *user;
    } queue[QUEUE];
    int waiting;
    bool has_due;
    house_t due;
    struct room_seen seen[QUEUE];
    int seen_count;
    struct room_past past[QUEUE];
    int past_count;
    int64_t wall_offset_us; // wall clock minus house time; 0: cannot be trusted
    int notified, changed;
    struct wire_message answers[QUEUE];
    int answer_count;
};

static struct fake f;

static void fake_commit(void *ctx, const struct room_change *change,
                        void (*done)(void *user, enum err err), void *user)
{
    (void)ctx;
    assert_true(f.waiting < QUEUE);
    f.queue[f.waiting].change = *change;
    f.queue[f.waiting].done = done;
    f.queue[f.waiting++].user = user;
}

// Ends the oldest commit. Like the real store it refuses what does not build on what is there.
static void land(enum err e)
{
    assert_true(f.waiting > 0);
    struct room_change *c = &f.queue[0].change;
    void (*done)(void *, enum err) = f.queue[0].done;
    void *user = f.queue[0].user;
    if (e == ERR_OK &&
        (c->prior_rev != f.record.state.rev || c->prior_epoch != f.record.state.epoch))
        e = ERR_CONFLICT;
    if (e == ERR_OK) {
        f.record.state = c->state;
        f.has_due = c->has_due;
        f.due = c->due;
        f.past[f.past_count++ % QUEUE] = (struct room_past){.state = c->state, .at = c->now};
        if (c->has_seen)
            f.seen[f.seen_count++] = c->seen;
    }
    memmove(&f.queue[0], &f.queue[1], (size_t)--f.waiting * sizeof f.queue[0]);
    done(user, e);
}

static void fake_load(void *ctx, enum room_key kind, const char *key,
                      void (*done)(void *user, enum err err, struct room_loaded *loaded),
                      void *user)
{
    (void)ctx;
    (void)kind;
    char doc[sizeof tour_doc];
    memcpy(doc, tour_doc, sizeof doc);
    struct room_loaded l = {.record = f.record,
                            .has_due = f.has_due,
                            .due = f.due,
                            .seen = f.seen,
                            .seen_count = f.seen_count};
    if (f.record.state.tour_hash[0]) {
        l.tour_doc = doc;
        l.tour_doc_len = sizeof tour_doc - 1;
    }
    bool known = strcmp(key, "hall") == 0;
    done(user, known ? ERR_OK : ERR_UNKNOWN_GROUP, known ? &l : NULL);
}

static void fake_tour(void *ctx, const char *tour_id,
                      void (*done)(void *user, enum err err, const char *hash, const char *doc,
                                   size_t len),
                      void *user)
{
    (void)ctx;
    bool known = strcmp(tour_id, "t") == 0;
    done(user, known ? ERR_OK : ERR_NOT_FOUND, H1, tour_doc, sizeof tour_doc - 1);
}

static void fake_past(void *ctx, const char *room_id, const struct wire_point *point,
                      void (*done)(void *user, enum err err, struct room_past *past), void *user)
{
    (void)ctx;
    (void)room_id;
    char doc[sizeof tour_doc];
    memcpy(doc, tour_doc, sizeof doc);
    for (int i = 0; i < f.past_count; i++) {
        struct room_past p = f.past[i];
        if (p.state.epoch != point->epoch || p.state.rev != point->rev)
            continue;
        if (p.state.tour_hash[0]) {
            p.tour_doc = doc;
            p.tour_doc_len = sizeof tour_doc - 1;
        }
        done(user, ERR_OK, &p);
        return;
    }
    done(user, ERR_NOT_FOUND, NULL);
}

static void fake_due(void *ctx, const struct room_due *after,
                     void (*done)(void *user, enum err err, const struct room_due *list, int count),
                     void *user)
{
    (void)ctx;
    struct room_due one = {.due = f.due, .id = "hall"};
    done(user, ERR_OK, &one, f.has_due && !after);
}

static int64_t fake_wall(void *ctx, house_t at)
{
    (void)ctx;
    return f.wall_offset_us ? at.us + f.wall_offset_us : 0;
}

static int64_t fake_p99(void *ctx)
{
    (void)ctx;
    return 500;
}

static const struct room_port port = {NULL,      fake_commit, fake_load, fake_tour,
                                      fake_past, fake_due,    fake_wall, fake_p99};

static void on_changed(void *user)
{
    (void)user;
    f.changed++;
}

static void on_notify(struct room_member *m)
{
    (void)m;
    f.notified++;
}

static void on_answer(void *user, const struct wire_message *answer)
{
    (void)user;
    f.answers[f.answer_count++] = *answer;
}

static struct room *found;
static int64_t asleep_at = 3600 * S;

static void on_found(void *user, enum err e, struct room *r)
{
    *(enum err *)user = e;
    found = r;
}

static struct rooms *begin(void)
{
    struct rooms_config c = {
        .port = &port, .clock_epoch = 1, .max_awake = 2, .seed = 7, .changed = on_changed};
    return rooms_new(&c);
}

static struct rooms *fresh(void)
{
    memset(&f, 0, sizeof f);
    strcpy(f.record.id, "hall");
    strcpy(f.record.code, "123456789");
    strcpy(f.record.link, "link");
    room_state_init(&f.record.state, 1);
    struct rooms *rs = begin();
    rooms_run(rs, (house_t){S}); // looks for sleepers
    return rs;
}

static struct room *wake(struct rooms *rs, int64_t now)
{
    enum err e;
    rooms_find(rs, ROOM_BY_ID, "hall", (house_t){now}, on_found, &e);
    assert_int_equal(e, ERR_OK);
    return found;
}

static struct wire_command command(enum wire_op op, int n)
{
    struct wire_command c = {.op = op};
    snprintf(c.cmd_id, sizeof c.cmd_id, "%032x", n);
    strcpy(c.tour, "t");
    return c;
}

static void give(struct room *r, enum wire_op op, int n, int64_t now)
{
    struct wire_command c = command(op, n);
    struct room_actor anna = {ROLE_STAFF, "", "anna"};
    room_command(r, &c, &anna, (house_t){now}, on_answer, NULL);
}

static const struct wire_message *last_answer(void)
{
    assert_true(f.answer_count > 0);
    return &f.answers[f.answer_count - 1];
}

static void nobody_hears_before_the_commit(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member m = {.role = ROLE_VISITOR, .notify = on_notify};
    struct wire_state before, after;
    room_join(r, &m, (house_t){S});
    room_publish(r, &before);
    give(r, OP_LOAD, 1, S);
    assert_int_equal(f.waiting, 1);
    assert_int_equal(f.notified, 0);
    assert_int_equal(f.answer_count, 0);
    room_publish(r, &after);
    assert_int_equal(after.rev, before.rev);
    assert_int_equal(after.mode, before.mode);
    land(ERR_OK);
    assert_int_equal(f.notified, 1);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    assert_int_equal(last_answer()->u.ack.rev, 1);
    room_publish(r, &after);
    assert_int_equal(after.mode, MODE_READY);
    rooms_free(rs);
}

static void retry_gets_the_same_answer_and_no_second_effect(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    give(r, OP_LOAD, 1, S); // still in flight
    assert_int_equal(f.waiting, 1);
    land(ERR_OK);
    assert_int_equal(f.answer_count, 2);
    assert_int_equal(f.answers[0].u.ack.rev, f.answers[1].u.ack.rev);
    give(r, OP_PLAY, 2, S);
    land(ERR_OK);
    int64_t at = last_answer()->u.ack.at.us;
    give(r, OP_PLAY, 2, 2 * S); // after the commit
    assert_true(last_answer()->u.ack.duplicate);
    assert_int_equal(last_answer()->u.ack.at.us, at);
    give(r, OP_PAUSE, 2, 2 * S); // the same id for something else
    assert_int_equal(last_answer()->type, WIRE_ERROR);
    assert_int_equal(last_answer()->u.error.code, ERR_ID_CONFLICT);
    while (f.waiting)
        land(ERR_OK);
    // After a sleep as well.
    rooms_run(rs, (house_t){60 * S});
    while (f.waiting)
        land(ERR_OK);
    rooms_sweep(rs, (house_t){asleep_at});
    rooms_sweep(rs, (house_t){asleep_at});
    assert_int_equal(rooms_count(rs), 0);
    r = wake(rs, 61 * S);
    give(r, OP_PLAY, 2, 61 * S);
    assert_true(last_answer()->u.ack.duplicate);
    assert_int_equal(f.waiting, 0);
    rooms_free(rs);
    // And after an upgrade that knows of the command, but not any more what it asked for.
    for (int i = 0; i < f.seen_count; i++)
        f.seen[i].hash = 0;
    rs = begin();
    give(wake(rs, 62 * S), OP_PLAY, 2, 62 * S);
    assert_true(last_answer()->u.ack.duplicate);
    rooms_free(rs);
}

static void failed_commit_takes_back_what_was_built_on_it(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member m = {.role = ROLE_VISITOR, .notify = on_notify};
    room_join(r, &m, (house_t){S});
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    f.notified = 0;
    give(r, OP_PLAY, 2, S);
    give(r, OP_SEEK, 3, S);
    land(ERR_STORAGE_FULL);
    assert_true(room_degraded(r));
    assert_int_equal(last_answer()->u.error.code, ERR_STORAGE_FULL);
    give(r, OP_PLAY, 4, S); // while the doomed one is still under way
    assert_int_equal(last_answer()->u.error.code, ERR_STORAGE_FULL);
    land(ERR_OK); // the store refuses it: it builds on what never was
    assert_int_equal(last_answer()->u.error.code, ERR_STORAGE_FULL);
    assert_int_equal(f.notified, 0);
    struct wire_state s;
    room_publish(r, &s);
    assert_int_equal(s.rev, 1);
    assert_int_equal(s.mode, MODE_READY);
    // Space is back: the same command id works, since it never took effect.
    give(r, OP_PLAY, 2, 2 * S);
    land(ERR_OK);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    assert_false(last_answer()->u.ack.duplicate);
    assert_false(room_degraded(r));
    while (f.waiting)
        land(ERR_OK);
    rooms_free(rs);
}

// What happens by itself is tried again until it is saved; members know it from `next` meanwhile.
static void end_of_a_cue_is_retried_after_a_failed_commit(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    give(r, OP_PLAY, 2, S);
    land(ERR_OK);
    house_t due;
    assert_true(rooms_due(rs, &due));
    rooms_run(rs, due);
    land(ERR_OK); // running
    assert_true(rooms_due(rs, &due));
    house_t end = due;
    rooms_run(rs, end);
    land(ERR_STORAGE_FAILED);
    assert_int_equal(f.waiting, 0);
    assert_true(rooms_due(rs, &due));
    assert_true(due.us > end.us);
    rooms_run(rs, due);
    land(ERR_OK);
    assert_int_equal(f.record.state.now.mode, MODE_ENDED);
    assert_int_equal(f.record.state.now.vec.t0.us, end.us);
    assert_false(rooms_due(rs, &due));
    rooms_free(rs);
}

static void stop_now_speaks_first_and_is_saved_later(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member m = {.role = ROLE_VISITOR, .notify = on_notify};
    struct wire_state s;
    room_join(r, &m, (house_t){S});
    give(r, OP_LOAD, 1, S);
    give(r, OP_PLAY, 2, S);
    land(ERR_OK);
    land(ERR_OK);
    rooms_run(rs, (house_t){3 * S});
    land(ERR_OK);
    f.notified = 0;
    give(r, OP_STOP_NOW, 3, 4 * S);
    assert_int_equal(f.notified, 1);
    room_publish(r, &s);
    assert_int_equal(s.mode, MODE_READY);
    int answers = f.answer_count;
    land(ERR_STORAGE_FAILED);
    assert_int_equal(last_answer()->type, WIRE_ERROR);
    assert_int_equal(f.answer_count, answers + 1);
    room_publish(r, &s); // still silent, and tried again
    assert_int_equal(s.mode, MODE_READY);
    house_t due;
    assert_true(rooms_due(rs, &due));
    rooms_run(rs, due);
    land(ERR_OK);
    assert_int_equal(f.record.state.now.mode, MODE_READY);
    room_publish(r, &s);
    assert_int_equal(s.mode, MODE_READY);
    room_leave(&m, (house_t){S});
    rooms_free(rs);
}

static void sleeping_and_waking_lose_nothing(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    enum err e;
    rooms_find(rs, ROOM_BY_ID, "nobody", (house_t){S}, on_found, &e);
    assert_int_equal(e, ERR_UNKNOWN_GROUP);
    assert_int_equal(rooms_count(rs), 0);
    struct room *r = wake(rs, S);
    assert_ptr_equal(wake(rs, S), r); // alive exactly once
    give(r, OP_LOAD, 1, S);
    give(r, OP_PLAY, 2, S);
    rooms_sweep(rs, (house_t){asleep_at});
    rooms_sweep(rs, (house_t){asleep_at}); // in flight: it stays
    assert_int_equal(rooms_count(rs), 1);
    land(ERR_OK);
    land(ERR_OK);
    rooms_sweep(rs, (house_t){asleep_at});
    rooms_sweep(rs, (house_t){asleep_at}); // something is due: it stays
    assert_int_equal(rooms_count(rs), 1);
    // A crash instead: memory is gone, the disk is not, an hour passes.
    rooms_free(rs);
    rs = begin();
    r = wake(rs, 3600 * S);
    while (f.waiting)
        land(ERR_OK);
    struct wire_state s;
    room_publish(r, &s);
    assert_int_equal(s.mode, MODE_ENDED);
    rooms_sweep(rs, (house_t){asleep_at});
    rooms_sweep(rs, (house_t){asleep_at});
    assert_int_equal(rooms_count(rs), 0);
    rooms_free(rs);
}

static void lead_follows_the_slowest_kiosk(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member kiosk = {.role = ROLE_KIOSK, .notify = on_notify, .has_report = true};
    struct room_member phone = {.role = ROLE_VISITOR, .notify = on_notify, .has_report = true};
    assert_int_equal(room_lead_us(r), 150000);
    kiosk.report.rtt_us = 300000;
    room_join(r, &kiosk, (house_t){S});
    assert_int_equal(room_lead_us(r), 1000 + 300000 + 20000);
    phone.report.rtt_us = 60 * S; // one bad phone does not delay a hall
    room_join(r, &phone, (house_t){S});
    assert_int_equal(room_lead_us(r), 1000 + 400000 + 20000);
    kiosk.report.prep_us = INT64_MAX; // a report is input
    assert_int_equal(room_lead_us(r), 1500000);
    kiosk.report.prep_us = 0;
    struct lead_fanout fanout = {.member_ns = 20000, .waiting = 9998};
    rooms_set_fanout(rs, &fanout); // a larger group is being told of something: 10,000 at 20 us
    assert_int_equal(room_lead_us(r), 1000 + 250000 + 400000 + 20000);
    rooms_set_fanout(rs, NULL);
    assert_int_equal(room_lead_us(r), 1000 + 400000 + 20000);
    room_leave(&kiosk, (house_t){S});
    room_leave(&phone, (house_t){S});
    rooms_free(rs);
}

static void a_mean_follows_and_forgets_a_sleep(void **state)
{
    (void)state;
    struct lead_fanout speed = {.member_ns = LEAD_MEMBER_NS};
    for (int i = 0; i < 100; i++)
        lead_fanout_learn(&speed, 64 * 8000, 64);
    assert_in_range(speed.member_ns, 7900, 8100);
    lead_fanout_learn(&speed, 64 * 400000, 64); // one turn in which another program ran
    assert_in_range(speed.member_ns, 8000, 33000);
    for (int i = 0; i < 100; i++)
        lead_fanout_learn(&speed, 64 * 8000, 64);
    lead_fanout_learn(&speed, INT64_C(3600000000000), 64);
    assert_in_range(speed.member_ns, 7900, 8100);
    assert_int_equal(lead_fanout_us(&speed, 0), 0);
}

static void deleted_ones_take_no_place(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    for (int i = 0; i < 4; i++) {
        struct room_change last;
        struct room *r = wake(rs, S); // two at once are all that there may be
        assert_true(room_close(r, (house_t){S}, &last));
        rooms_forget(rs, r);
    }
    assert_int_equal(rooms_count(rs), 2); // until the next sweep
    rooms_sweep(rs, (house_t){S});
    assert_int_equal(rooms_count(rs), 0);
    rooms_free(rs);
}

static void conflict_shows_what_is_so(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    struct wire_command c = command(OP_PLAY, 2);
    struct room_actor anna = {ROLE_STAFF, "", "anna"};
    c.has_if_rev = true;
    c.if_epoch = 1;
    c.if_rev = 0;
    room_command(r, &c, &anna, (house_t){S}, on_answer, NULL);
    assert_int_equal(last_answer()->u.error.code, ERR_CONFLICT);
    assert_true(last_answer()->u.error.has_state);
    assert_int_equal(last_answer()->u.error.state.rev, 1);
    assert_int_equal(last_answer()->u.error.state.mode, MODE_READY);
    rooms_free(rs);
}

// Memory is a cache: thrown away after every change and read back, nothing is different.
static void forgetting_is_not_noticed(void **state)
{
    (void)state;
    rooms_free(fresh()); // clears the store; these rooms are not used
    struct rooms_config config = {
        .port = &port, .clock_epoch = 1, .max_awake = 2, .forget_every = 1, .changed = on_changed};
    struct rooms *rs = rooms_new(&config);
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    give(r, OP_PLAY, 2, S);
    land(ERR_OK);
    rooms_run(rs, (house_t){4 * S});
    land(ERR_OK);
    give(r, OP_PAUSE, 3, 4 * S);
    land(ERR_OK);
    give(r, OP_PLAY, 2, 5 * S);
    assert_true(last_answer()->u.ack.duplicate);
    rooms_run(rs, (house_t){6 * S});
    land(ERR_OK);
    assert_int_equal(f.record.state.now.mode, MODE_HELD);
    rooms_free(rs);
}

static void land_all(void)
{
    while (f.waiting)
        land(ERR_OK);
}

static void restore_brings_back_and_can_be_undone(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    land_all();
    give(r, OP_SEEK, 2, S); // to 0: the position is what comes below
    land_all();
    struct wire_command c = command(OP_CONFIGURE, 3);
    struct room_actor anna = {ROLE_STAFF, "", "anna"};
    c.configure = (struct wire_configure){.has_when_empty = true, .when_empty = EMPTY_HOLD};
    room_command(r, &c, &anna, (house_t){S}, on_answer, NULL);
    land_all();
    int64_t before = f.record.state.rev;
    c = command(OP_RESTORE, 4);
    c.to = (struct wire_point){.kind = POINT_REV, .epoch = 1, .rev = 1};
    room_command(r, &c, &anna, (house_t){2 * S}, on_answer, NULL);
    land_all();
    assert_int_equal(last_answer()->u.ack.epoch, 2);
    assert_int_equal(last_answer()->u.ack.rev, 1);
    assert_int_equal(f.record.state.plan.when_empty, EMPTY_CONTINUE);
    c = command(OP_RESTORE, 5);
    c.to = (struct wire_point){.kind = POINT_REV, .epoch = 1, .rev = before};
    room_command(r, &c, &anna, (house_t){3 * S}, on_answer, NULL);
    land_all();
    assert_int_equal(f.record.state.epoch, 3);
    assert_int_equal(f.record.state.plan.when_empty, EMPTY_HOLD);
    c = command(OP_RESTORE, 6);
    c.to = (struct wire_point){.kind = POINT_REV, .epoch = 9, .rev = 1};
    room_command(r, &c, &anna, (house_t){3 * S}, on_answer, NULL);
    assert_int_equal(last_answer()->u.error.code, ERR_NOT_FOUND);
    rooms_free(rs);
}

// 2026-11-25 is a Wednesday; TZ is UTC.
#define WALL_2026 (INT64_C(1795600800) * S) // 2026-11-25 10:00:00

static void schedule_is_announced_ahead_and_taken_once(void **state)
{
    (void)state;
    assert_true(calendar_zone_use("UTC"));
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    f.wall_offset_us = WALL_2026 - 1000 * S; // house time 1000 s is 10:00
    struct wire_command c = command(OP_CONFIGURE, 2);
    struct room_actor anna = {ROLE_STAFF, "", "anna"};
    c.configure.has_schedule = true;
    c.configure.rule_count = 1;
    strcpy(c.configure.rules[0], "wed 10:00 start");
    room_command(r, &c, &anna, (house_t){900 * S}, on_answer, NULL);
    land(ERR_OK);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    assert_true(f.has_due);
    assert_int_equal(f.due.us, 995 * S);
    // It sleeps, and is woken a minute ahead.
    asleep_at = 901 * S;
    rooms_sweep(rs, (house_t){901 * S});
    rooms_sweep(rs, (house_t){902 * S});
    assert_int_equal(rooms_count(rs), 0);
    house_t due;
    assert_true(rooms_due(rs, &due));
    assert_int_equal(due.us, 935 * S);
    rooms_run(rs, due);
    assert_int_equal(rooms_count(rs), 1);
    r = wake(rs, due.us);
    rooms_run(rs, (house_t){995 * S});
    land(ERR_OK);
    struct wire_state s;
    room_publish(r, &s);
    assert_true(s.timeline.has_next);
    assert_int_equal(s.timeline.next_at.us, 1000 * S);
    assert_int_equal(s.next_mode, MODE_RUNNING);
    // The box dies before ten and is back an hour later: it began at ten.
    rooms_free(rs);
    rs = begin();
    rooms_run(rs, (house_t){1000 * S + 5 * S});
    r = wake(rs, 1000 * S + 5 * S);
    while (f.waiting)
        land(ERR_OK);
    assert_int_equal(f.record.state.now.mode, MODE_RUNNING);
    assert_int_equal(f.record.state.now.vec.t0.us, 1000 * S);
    int64_t rev = f.record.state.rev;
    rooms_run(rs, (house_t){1009 * S});
    assert_int_equal(f.waiting, 0);
    assert_int_equal(f.record.state.rev, rev);
    asleep_at = 3600 * S;
    rooms_free(rs);
}

static void empty_group_is_reset_in_time(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member m = {.role = ROLE_VISITOR, .notify = on_notify};
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    struct wire_command c = command(OP_CONFIGURE, 2);
    struct room_actor anna = {ROLE_STAFF, "", "anna"};
    c.configure = (struct wire_configure){.has_when_empty = true,
                                          .when_empty = EMPTY_RESET,
                                          .has_empty_after = true,
                                          .empty_after_s = 60};
    room_command(r, &c, &anna, (house_t){S}, on_answer, NULL);
    land(ERR_OK);
    assert_int_equal(f.record.state.presence, PRESENCE_GONE);
    room_join(r, &m, (house_t){2 * S});
    rooms_run(rs, (house_t){2 * S});
    land(ERR_OK);
    assert_int_equal(f.record.state.presence, PRESENCE_SOMEBODY);
    assert_int_equal(f.due.us, 0); // a crash now would be noticed at the next start
    c = command(OP_SEEK, 3);
    c.position_us = 4 * S;
    room_command(r, &c, &anna, (house_t){3 * S}, on_answer, NULL);
    land(ERR_OK);
    rooms_run(rs, (house_t){4 * S});
    land(ERR_OK);
    room_leave(&m, (house_t){10 * S});
    rooms_run(rs, (house_t){10 * S});
    land(ERR_OK);
    assert_int_equal(f.due.us, 70 * S);
    rooms_run(rs, (house_t){90 * S}); // late
    land(ERR_OK);
    assert_int_equal(f.record.state.now.mode, MODE_READY);
    assert_int_equal(f.record.state.now.vec.t0.us, 70 * S);
    assert_int_equal(f.record.state.presence, PRESENCE_GONE);
    rooms_free(rs);
}

static void by_guide(struct room *r, struct room_member *m, enum wire_op op, int n, int64_t fence,
                     const char *to, int64_t now)
{
    struct wire_command c = command(op, n);
    c.tour[0] = '\0';
    c.has_fence = fence > 0;
    c.fence = fence;
    snprintf(c.member, sizeof c.member, "%s", to);
    struct room_actor who = {m->role, m->id, m->name};
    room_command(r, &c, &who, (house_t){now}, on_answer, NULL);
}

// Hands and reactions are nothing that is written, and nothing that members are told of as state.
static void signs_of_the_audience_are_no_change(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member v = {.role = ROLE_VISITOR, .id = "m-vera", .notify = on_notify};
    struct room_member w = {.role = ROLE_VISITOR, .id = "m-walt", .notify = on_notify};
    struct room_member g = {
        .role = ROLE_GUIDE, .id = "m-anna", .name = "Anna", .notify = on_notify};
    struct wire_audience seen;
    room_join(r, &v, (house_t){S});
    room_join(r, &w, (house_t){S});
    room_join(r, &g, (house_t){S});
    int64_t rev = room_record(r)->state.rev;
    assert_int_equal(room_hand(&v, true, (house_t){S}), ERR_OK);
    assert_int_equal(room_hand(&w, true, (house_t){S}), ERR_OK);
    assert_int_equal(room_react(&v, REACT_CLAP, (house_t){S}), ERR_OK);
    assert_int_equal(room_hand(&g, true, (house_t){S}), ERR_FORBIDDEN);
    assert_int_equal(f.waiting, 0);
    assert_int_equal(room_record(r)->state.rev, rev);
    room_audience(r, (house_t){2 * S}, &seen);
    assert_int_equal(seen.visitors, 2);
    assert_int_equal(seen.hands_up, 2);
    assert_string_equal(seen.hands[0].member, "m-vera");
    assert_int_equal(seen.hands[1].number, 2);
    assert_int_equal(seen.reactions[REACT_CLAP], 1);
    assert_string_equal(seen.guides[0].name, "Anna");
    assert_false(seen.away); // nobody leads

    assert_ptr_equal(room_lower_hand(&g, "m-vera"), &v);
    assert_null(room_lower_hand(&g, "m-vera"));
    room_leave(&w, (house_t){3 * S}); // and with it its hand
    room_audience(r, (house_t){3 * S}, &seen);
    assert_int_equal(seen.hands_up, 0);

    room_promote(&v, ROLE_GUIDE, (house_t){3 * S});
    assert_int_equal(room_member_count(r, ROLE_VISITOR), 0);
    assert_int_equal(room_member_count(r, ROLE_GUIDE), 2);
    by_guide(r, &g, OP_CLAIM, 1, 0, "", 3 * S);
    land(ERR_OK);
    room_audience(r, (house_t){4 * S}, &seen);
    assert_int_equal(seen.guide_count, 2);
    assert_false(seen.away);
    room_leave(&g, (house_t){4 * S});
    room_audience(r, (house_t){5 * S}, &seen);
    assert_true(seen.away);
    assert_false(room_guide_away(r, (house_t){20 * S})); // visitors need not know of every second
    assert_true(room_guide_away(r, (house_t){24 * S}));
    room_leave(&v, (house_t){6 * S});
    rooms_free(rs);
}

static void lease_is_one_guides_at_a_time(void **state)
{
    (void)state;
    struct rooms *rs = fresh();
    struct room *r = wake(rs, S);
    struct room_member a = {
        .role = ROLE_GUIDE, .id = "m-anna", .name = "Anna", .notify = on_notify};
    struct room_member b = {.role = ROLE_GUIDE, .id = "m-ben", .name = "Ben", .notify = on_notify};
    give(r, OP_LOAD, 1, S);
    land(ERR_OK);
    room_join(r, &a, (house_t){S});
    room_join(r, &b, (house_t){S});
    by_guide(r, &a, OP_PLAY, 2, 1, "", S);
    assert_int_equal(last_answer()->u.error.code, ERR_FENCED); // nobody leads yet
    by_guide(r, &a, OP_CLAIM, 3, 0, "", S);
    land(ERR_OK);
    assert_int_equal(last_answer()->u.ack.fence, 1);
    by_guide(r, &b, OP_CLAIM, 4, 0, "", 5 * S);
    assert_int_equal(last_answer()->u.error.code, ERR_LEASE_HELD);
    by_guide(r, &a, OP_RENEW, 5, 1, "", 5 * S);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    assert_int_equal(f.waiting, 0); // a renewal is no write
    by_guide(r, &a, OP_DEPUTY, 6, 1, "m-nobody", 6 * S);
    assert_int_equal(last_answer()->u.error.code, ERR_NOT_FOUND);
    by_guide(r, &a, OP_DEPUTY, 7, 1, "m-ben", 6 * S);
    land(ERR_OK);
    by_guide(r, &a, OP_PLAY, 8, 1, "", 12 * S); // seven seconds after the renewal
    assert_int_equal(last_answer()->u.error.code, ERR_FENCED);
    house_t due;
    assert_true(rooms_due(rs, &due));
    assert_int_equal(due.us, 21 * S);
    rooms_run(rs, due);
    land(ERR_OK);
    assert_string_equal(f.record.state.lease.holder, "m-ben");
    assert_int_equal(f.record.state.lease.fence, 2);
    by_guide(r, &a, OP_RENEW, 9, 1, "", 22 * S);
    assert_int_equal(last_answer()->u.error.code, ERR_FENCED);
    by_guide(r, &b, OP_HAND_OVER, 10, 2, "m-anna", 22 * S);
    land(ERR_OK);
    assert_string_equal(f.record.state.lease.holder_name, "Anna");
    by_guide(r, &b, OP_PLAY, 11, 2, "", 22 * S);
    assert_int_equal(last_answer()->u.error.code, ERR_FENCED);
    by_guide(r, &a, OP_STOP_NOW, 12, 3, "", 22 * S);
    assert_int_equal(last_answer()->u.error.code, ERR_FORBIDDEN);
    by_guide(r, &a, OP_PLAY, 13, 3, "", 22 * S);
    land(ERR_OK);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    give(r, OP_PAUSE, 14, 22 * S); // staff need no lease
    land(ERR_OK);
    assert_int_equal(last_answer()->type, WIRE_ACK);
    room_leave(&a, (house_t){23 * S});
    room_leave(&b, (house_t){23 * S});
    rooms_free(rs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_hears_before_the_commit),
        cmocka_unit_test(retry_gets_the_same_answer_and_no_second_effect),
        cmocka_unit_test(failed_commit_takes_back_what_was_built_on_it),
        cmocka_unit_test(end_of_a_cue_is_retried_after_a_failed_commit),
        cmocka_unit_test(stop_now_speaks_first_and_is_saved_later),
        cmocka_unit_test(sleeping_and_waking_lose_nothing),
        cmocka_unit_test(lead_follows_the_slowest_kiosk),
        cmocka_unit_test(a_mean_follows_and_forgets_a_sleep),
        cmocka_unit_test(deleted_ones_take_no_place),
        cmocka_unit_test(conflict_shows_what_is_so),
        cmocka_unit_test(forgetting_is_not_noticed),
        cmocka_unit_test(restore_brings_back_and_can_be_undone),
        cmocka_unit_test(schedule_is_announced_ahead_and_taken_once),
        cmocka_unit_test(empty_group_is_reset_in_time),
        cmocka_unit_test(lease_is_one_guides_at_a_time),
        cmocka_unit_test(signs_of_the_audience_are_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
