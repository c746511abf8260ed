// SPDX-License-Identifier: Apache-2.0
// The rules of the product: every command in every mode, what happens by itself, and that the state
// at a house time depends on the commands alone, not on when somebody looked.
#include "tests/unit/unit.h"

#include "server/room/room_state.h"
#include "tests/unit/server/a_tour.h"

static const int64_t LEAD = 200000;

struct world {
    struct tour *tour;
    struct room_state s;
    house_t now, at;
    int64_t wall_us;
};

static struct room_event an_event(const struct world *w, enum room_event_kind kind)
{
    return (struct room_event){.kind = kind,
                               .now = w->now,
                               .clock_epoch = 1,
                               .wall_us = w->wall_us,
                               .lead_us = LEAD,
                               .actor = {ROLE_STAFF, "", "anna"},
                               .tour = w->tour,
                               .tour_hash = A_HASH};
}

static const struct tour *tour_in(const struct world *w)
{
    return w->s.now.mode == MODE_VOID ? NULL : w->tour;
}

static enum err take(struct world *w, const struct room_event *e)
{
    return room_state_step(&w->s, tour_in(w), e, &w->s, &w->at);
}

static void advance_to(struct world *w, int64_t us)
{
    w->now.us = us;
    struct room_event e = an_event(w, EVENT_TIME);
    take(w, &e);
}

static enum err give_command(struct world *w, const struct wire_command *c)
{
    struct room_event e = an_event(w, EVENT_COMMAND);
    e.command = c;
    return take(w, &e);
}

static enum err give(struct world *w, enum wire_op op, int64_t arg)
{
    struct wire_command c = {.op = op, .position_us = arg, .cue = (int32_t)arg};
    return give_command(w, &c);
}

// A room with the tour loaded, at 100 s.
static struct world loaded(bool loops)
{
    struct world w = {.tour = a_tour(loops), .now = {100 * S}};
    room_state_init(&w.s, 1);
    assert_int_equal(give(&w, OP_LOAD, 0), ERR_OK);
    return w;
}

// ... playing the first cue since 100.2 s, and it is 101 s.
static struct world playing(bool loops)
{
    struct world w = loaded(loops);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    advance_to(&w, 101 * S);
    return w;
}

static int64_t position(const struct world *w)
{
    struct wire_state p;
    room_state_publish(&w->s, w->tour, &p);
    const struct tl_part *part = tl_part_at(&p.timeline, w->now);
    return tl_position_us(&part->vec, part->dur_us, w->now);
}

static void play_starts_after_the_lead(void **state)
{
    (void)state;
    struct world w = loaded(false);
    assert_int_equal(w.s.now.mode, MODE_READY);
    assert_int_equal(w.s.rev, 1);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    assert_int_equal(w.at.us, 100 * S + LEAD);
    assert_int_equal(w.s.now.mode, MODE_READY);
    assert_true(w.s.has_pending);
    advance_to(&w, w.at.us - 1);
    assert_int_equal(w.s.now.mode, MODE_READY);
    advance_to(&w, w.at.us);
    assert_int_equal(w.s.now.mode, MODE_RUNNING);
    assert_int_equal(w.s.now.vec.t0.us, w.at.us);
    assert_int_equal(w.s.rev, 3);
    tour_free(w.tour);
}

static void asked_instant_is_taken_when_it_is_late_enough(void **state)
{
    (void)state;
    struct world w = loaded(false);
    struct wire_command c = {.op = OP_PLAY, .at = {105 * S}};
    struct room_state before = w.s;
    assert_int_equal(give_command(&w, &c), ERR_OK);
    assert_int_equal(w.at.us, 105 * S);
    w.s = before;
    c.at.us = 3;
    assert_int_equal(give_command(&w, &c), ERR_OK);
    assert_int_equal(w.at.us, 100 * S + LEAD);
    tour_free(w.tour);
}

static void pause_holds_where_it_is_heard(void **state)
{
    (void)state;
    struct world w = playing(false);
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    advance_to(&w, 110 * S);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    assert_int_equal(position(&w), 101 * S + LEAD - (100 * S + LEAD));
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_BAD_STATE);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    advance_to(&w, 112 * S);
    assert_int_equal(position(&w), 1 * S + (112 * S - (110 * S + LEAD)));
    tour_free(w.tour);
}

static void cues_follow_each_other_at_their_scheduled_instants(void **state)
{
    (void)state;
    struct world w = playing(false);
    const int64_t start = 100 * S + LEAD;
    struct wire_state p;
    room_state_publish(&w.s, w.tour, &p);
    assert_true(p.timeline.has_next);
    assert_int_equal(p.timeline.next_at.us, start + 10 * S);
    assert_int_equal(p.timeline.next.cue, 1);
    assert_int_equal(p.next_mode, MODE_RUNNING);
    // Nobody looked for 45 s: two ends were missed, and nothing is shifted by it.
    advance_to(&w, start + 45 * S);
    assert_int_equal(w.s.now.cue, 2);
    assert_int_equal(w.s.now.vec.t0.us, start + 30 * S);
    assert_int_equal(position(&w), 15 * S);
    advance_to(&w, start + 60 * S);
    assert_int_equal(w.s.now.mode, MODE_ENDED);
    assert_int_equal(position(&w), 30 * S);
    room_state_publish(&w.s, w.tour, &p);
    assert_false(p.timeline.has_next);
    // Play from the end begins the tour anew.
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    advance_to(&w, w.at.us + S);
    assert_int_equal(w.s.now.cue, 0);
    assert_int_equal(position(&w), S);
    tour_free(w.tour);
}

static void loops_are_skipped_by_arithmetic(void **state)
{
    (void)state;
    struct world w = playing(true);
    const int64_t start = 100 * S + LEAD;
    int64_t rev = w.s.rev;
    // A year later.
    advance_to(&w, start + 10 * S + 365 * 86400 * S + 7 * S);
    assert_int_equal(w.s.now.cue, 1);
    assert_int_equal(position(&w), (365 * 86400 + 7) % 20 * S);
    assert_true(w.s.rev - rev <= 3);
    tour_free(w.tour);
}

static void newer_command_replaces_a_pending_one(void **state)
{
    (void)state;
    struct world w = playing(false);
    assert_int_equal(give(&w, OP_NEXT, 0), ERR_OK);
    assert_int_equal(give(&w, OP_NEXT, 0), ERR_OK); // two quick taps go two cues on
    assert_int_equal(give(&w, OP_NEXT, 0), ERR_OUT_OF_RANGE);
    assert_int_equal(w.s.pending.cue, 2);
    assert_int_equal(give(&w, OP_SEEK, 5 * S), ERR_OK);
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK); // the seek is not lost
    advance_to(&w, 110 * S);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    assert_int_equal(w.s.now.cue, 2);
    assert_int_equal(position(&w), 5 * S);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK); // takes back a play that is not due yet
    advance_to(&w, 120 * S);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    tour_free(w.tour);
}

static void command_over_a_cue_end_counts_from_where_it_will_be(void **state)
{
    (void)state;
    struct world w = playing(false);
    const int64_t end = 110 * S + LEAD;
    advance_to(&w, end - 50000);
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    advance_to(&w, end + S);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    assert_int_equal(w.s.now.cue, 1);
    assert_int_equal(position(&w), LEAD - 50000);
    tour_free(w.tour);
}

static void stop_now_needs_no_lead(void **state)
{
    (void)state;
    struct world w = playing(false);
    assert_int_equal(give(&w, OP_NEXT, 0), ERR_OK);
    assert_int_equal(give(&w, OP_STOP_NOW, 0), ERR_OK);
    assert_int_equal(w.at.us, w.now.us);
    assert_int_equal(w.s.now.mode, MODE_READY);
    assert_false(w.s.has_pending);
    assert_int_equal(w.s.now.cue, 0);
    tour_free(w.tour);
}

static void refused_commands_change_nothing(void **state)
{
    (void)state;
    struct world w = {.tour = a_tour(false), .now = {100 * S}};
    room_state_init(&w.s, 1);
    for (int op = OP_PLAY; op <= OP_STOP_NOW; op++)
        assert_int_equal(give(&w, (enum wire_op)op, 0), ERR_BAD_STATE); // nothing loaded
    assert_int_equal(w.s.rev, 0);
    assert_int_equal(give(&w, OP_LOAD, 3), ERR_OUT_OF_RANGE);
    tour_free(w.tour);

    w = playing(false);
    struct room_state before = w.s;
    assert_int_equal(give(&w, OP_LOAD, 0), ERR_BAD_STATE);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_BAD_STATE);
    assert_int_equal(give(&w, OP_PREV, 0), ERR_OUT_OF_RANGE);
    assert_int_equal(give(&w, OP_GOTO, 3), ERR_OUT_OF_RANGE);
    assert_int_equal(give(&w, OP_SEEK, 10 * S), ERR_OUT_OF_RANGE);
    struct wire_command c = {.op = OP_PAUSE, .has_if_rev = true, .if_epoch = 1, .if_rev = 1};
    assert_int_equal(give_command(&w, &c), ERR_CONFLICT);
    assert_memory_equal(&w.s, &before, sizeof before);
    tour_free(w.tour);
}

// A guide goes on two seconds before the place of the pause; and takes a mistaken "next" back.
static void a_position_comes_with_play_and_goto(void **state)
{
    (void)state;
    struct world w = playing(false);
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    advance_to(&w, w.at.us);
    struct wire_command c = {.op = OP_PLAY, .has_position = true, .position_us = 10 * S};
    assert_int_equal(give_command(&w, &c), ERR_OUT_OF_RANGE);
    c.position_us = 3 * S;
    assert_int_equal(give_command(&w, &c), ERR_OK);
    advance_to(&w, w.at.us + S);
    assert_int_equal(w.s.now.mode, MODE_RUNNING);
    assert_int_equal(position(&w), 4 * S);

    assert_int_equal(give(&w, OP_NEXT, 0), ERR_OK);
    advance_to(&w, w.at.us + S);
    c = (struct wire_command){.op = OP_GOTO, .cue = 0, .has_position = true, .position_us = 4 * S};
    assert_int_equal(give_command(&w, &c), ERR_OK);
    assert_int_equal(w.s.pending.cue, 0);
    advance_to(&w, w.at.us + S);
    assert_int_equal(position(&w), 5 * S);
    c.position_us = 10 * S; // the first cue's end
    assert_int_equal(give_command(&w, &c), ERR_OUT_OF_RANGE);

    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    c.position_us = 4 * S;
    assert_int_equal(give_command(&w, &c), ERR_OK);
    assert_int_equal(w.s.pending.mode, MODE_HELD);
    tour_free(w.tour);
}

static void check_invariants(const struct world *w)
{
    const struct room_state *s = &w->s;
    assert_true((s->now.vec.rate == 1) == (s->now.mode == MODE_RUNNING));
    assert_true(s->now.cue >= 0 && s->now.cue < 3);
    assert_true(position(w) >= 0 && position(w) <= (s->now.cue + 1) * 10 * S);
    house_t due;
    if (room_state_due(s, w->tour, &due))
        assert_true(due.us > w->now.us); // everything that was due has been done
    else
        assert_int_not_equal(s->now.mode, MODE_RUNNING);
}

// Any order of commands and gaps: invariants hold; and a room that was looked at often is in the
// same place as one that was looked at only when commands came.
static void looking_changes_nothing(void **state)
{
    (void)state;
    unit_seed();
    for (int round = 0; round < 3000; round++) {
        struct world often = loaded(round & 1), seldom = often;
        seldom.tour = a_tour(round & 1);
        for (int step = 0; step < 20; step++) {
            enum wire_op op = (enum wire_op)(OP_PLAY + unit_below(OP_STOP_NOW - OP_PLAY + 1));
            int64_t arg = op == OP_SEEK ? unit_below(35 * S) : unit_below(4);
            int64_t until = often.now.us + unit_below(30 * S);
            while (often.now.us < until)
                advance_to(&often, often.now.us + 1 + unit_below(3 * S) < until
                                       ? often.now.us + 1 + unit_below(2 * S)
                                       : until);
            advance_to(&seldom, often.now.us);
            int64_t rev_before = often.s.rev;
            enum err a = give(&often, op, arg), b = give(&seldom, op, arg);
            assert_int_equal(a, b);
            assert_true(often.s.rev == rev_before + (a == ERR_OK));
            assert_int_equal(often.s.now.mode, seldom.s.now.mode);
            assert_int_equal(often.s.now.cue, seldom.s.now.cue);
            assert_int_equal(position(&often), position(&seldom));
            check_invariants(&often);
        }
        tour_free(often.tour);
        tour_free(seldom.tour);
    }
}

// The three cues of a_tour() with 4 s of silence behind the first two; the second as asked.
static struct world playing_with_gaps(enum cue_end second)
{
    struct world w = playing(false);
    w.tour->cues[0].gap_us = w.tour->cues[1].gap_us = w.tour->cues[2].gap_us = 4 * S;
    w.tour->cues[1].on_end = second;
    return w;
}

static void silence_between_cues_is_part_of_when_the_next_begins(void **state)
{
    (void)state;
    struct world w = playing_with_gaps(CUE_NEXT);
    const int64_t begin = 100 * S + LEAD, second = begin + 10 * S + 4 * S;
    struct wire_state told;
    room_state_publish(&w.s, w.tour, &told);
    assert_int_equal(told.timeline.next_at.us, second);
    assert_int_equal(told.timeline.next.vec.t0.us, second);
    assert_false(tl_sounds(&told.timeline.now, (house_t){begin + 10 * S}));
    advance_to(&w, second - 1);
    assert_int_equal(w.s.now.cue, 0);
    assert_int_equal(position(&w), 10 * S);
    advance_to(&w, second);
    assert_int_equal(w.s.now.cue, 1);
    assert_int_equal(w.s.now.vec.t0.us, second);
    // Behind the last cue there is nothing to wait for.
    advance_to(&w, second + 24 * S + 30 * S);
    assert_int_equal(w.s.now.mode, MODE_ENDED);
    assert_int_equal(w.s.now.vec.t0.us, second + 24 * S + 30 * S);
    tour_free(w.tour);
}

static void a_pause_in_the_silence_keeps_what_is_left_of_the_tour(void **state)
{
    (void)state;
    struct world w = playing_with_gaps(CUE_NEXT);
    w.now.us = 112 * S; // the first cue ended at 110.2 s
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    advance_to(&w, 200 * S);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    assert_int_equal(w.s.now.vec.p0_us, 10 * S);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    advance_to(&w, 200 * S + LEAD + 4 * S);
    assert_int_equal(w.s.now.cue, 1);
    assert_int_equal(w.s.now.mode, MODE_RUNNING);
    assert_int_equal(w.s.now.vec.t0.us, 200 * S + LEAD + 4 * S);
    tour_free(w.tour);
}

static void rounds_of_a_loop_have_the_silence_too(void **state)
{
    (void)state;
    struct world w = playing_with_gaps(CUE_LOOP);
    const int64_t second = 100 * S + LEAD + 14 * S;
    advance_to(&w, second + 1000 * 24 * S + 3 * S); // long after
    assert_int_equal(w.s.now.cue, 1);
    assert_int_equal(w.s.now.vec.t0.us, second + 1000 * 24 * S);
    assert_int_equal(position(&w), 3 * S);
    tour_free(w.tour);
}

static void a_cue_that_waits_stands_ready_at_the_next(void **state)
{
    (void)state;
    struct world w = playing_with_gaps(CUE_WAIT);
    const int64_t end = 100 * S + LEAD + 14 * S + 20 * S;
    struct wire_state told;
    advance_to(&w, end - 1);
    room_state_publish(&w.s, w.tour, &told);
    assert_int_equal(told.timeline.next_at.us, end);
    assert_int_equal(told.next_mode, MODE_READY);
    advance_to(&w, end + 3600 * S);
    assert_int_equal(w.s.now.mode, MODE_READY);
    assert_int_equal(w.s.now.cue, 2);
    assert_int_equal(give(&w, OP_PLAY, 0), ERR_OK);
    advance_to(&w, w.at.us);
    assert_int_equal(w.s.now.mode, MODE_RUNNING);
    assert_int_equal(w.s.now.cue, 2);
    tour_free(w.tour);
}

static enum err load_keeping(struct world *w, const struct tour *edition)
{
    struct wire_command c = {.op = OP_LOAD, .keep = true};
    struct room_event e = an_event(w, EVENT_COMMAND);
    e.command = &c;
    e.tour = edition;
    return take(w, &e);
}

static void a_newer_edition_is_taken_over_in_mid_cue(void **state)
{
    (void)state;
    struct world w = playing(false);
    struct tour *edition = a_tour(false);
    // The cue that plays is the last now, and the one that was to follow is gone.
    strcpy(edition->cues[0].id, "cue-2");
    edition->cues[0].dur_us = 30 * S;
    strcpy(edition->cues[1].id, "new");
    strcpy(edition->cues[2].id, "cue-0");
    edition->cues[2].dur_us = 10 * S;
    struct room_part was = w.s.now;
    assert_int_equal(load_keeping(&w, edition), ERR_OK);
    assert_int_equal(w.s.now.cue, 2);
    assert_int_equal(w.s.now.mode, MODE_RUNNING);
    assert_memory_equal(&w.s.now.vec, &was.vec, sizeof was.vec);
    tour_free(w.tour);
    w.tour = edition;
    advance_to(&w, 100 * S + LEAD + 10 * S);
    assert_int_equal(w.s.now.mode, MODE_ENDED);
    tour_free(w.tour);
}

static void what_sounds_otherwise_is_not_taken_over(void **state)
{
    (void)state;
    struct world w = playing(false);
    struct tour *edition = a_tour(false);
    struct room_state before = w.s;
    edition->cues[0].variants[0].opus[0] = 'x';
    assert_int_equal(load_keeping(&w, edition), ERR_BAD_STATE); // recorded anew
    edition->cues[0].variants[0].opus[0] = '\0';
    strcpy(edition->cues[0].id, "other");
    assert_int_equal(load_keeping(&w, edition), ERR_BAD_STATE); // gone
    strcpy(edition->cues[0].id, "cue-0");
    w.now.us = 110 * S + LEAD - LEAD / 2; // players know what comes next, and act on it
    before = w.s;
    assert_int_equal(load_keeping(&w, edition), ERR_BUSY);
    assert_memory_equal(&w.s, &before, sizeof before);
    // At rest the place is all that is kept.
    w.now.us = 105 * S;
    assert_int_equal(give(&w, OP_PAUSE, 0), ERR_OK);
    advance_to(&w, 106 * S);
    edition->cues[0].variants[0].opus[0] = 'x';
    assert_int_equal(load_keeping(&w, edition), ERR_OK);
    assert_int_equal(w.s.now.mode, MODE_HELD);
    assert_int_equal(w.s.now.vec.p0_us, 5 * S);
    edition->cues[0].dur_us = 3 * S;
    assert_int_equal(load_keeping(&w, edition), ERR_BAD_STATE); // no such place
    tour_free(edition);
    tour_free(w.tour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(play_starts_after_the_lead),
        cmocka_unit_test(asked_instant_is_taken_when_it_is_late_enough),
        cmocka_unit_test(pause_holds_where_it_is_heard),
        cmocka_unit_test(cues_follow_each_other_at_their_scheduled_instants),
        cmocka_unit_test(loops_are_skipped_by_arithmetic),
        cmocka_unit_test(newer_command_replaces_a_pending_one),
        cmocka_unit_test(command_over_a_cue_end_counts_from_where_it_will_be),
        cmocka_unit_test(stop_now_needs_no_lead),
        cmocka_unit_test(refused_commands_change_nothing),
        cmocka_unit_test(a_position_comes_with_play_and_goto),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(silence_between_cues_is_part_of_when_the_next_begins),
        cmocka_unit_test(a_pause_in_the_silence_keeps_what_is_left_of_the_tour),
        cmocka_unit_test(rounds_of_a_loop_have_the_silence_too),
        cmocka_unit_test(a_cue_that_waits_stands_ready_at_the_next),
        cmocka_unit_test(a_newer_edition_is_taken_over_in_mid_cue),
        cmocka_unit_test(what_sounds_otherwise_is_not_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
