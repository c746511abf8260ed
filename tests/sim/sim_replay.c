// SPDX-License-Identifier: Apache-2.0
// Pure replay: the events of a history, given to room_state_step once more, must lead to the states
// of the history, byte for byte. What a row does not say about its event follows from the state
// before it, but for two things, which the disk noted: until when house time was known at a reboot,
// and which points of the past were read.
#include "common/base/check.h"
#include "tests/sim/sim_check_private.h"
#include "tests/sim/sim_crowd.h"

#include <string.h>

static bool same_text(const struct room_state *a, const struct room_state *b)
{
    struct bytes x, y;
    bytes_init(&x, WIRE_MESSAGE_MAX);
    bytes_init(&y, WIRE_MESSAGE_MAX);
    room_state_print(a, &x);
    room_state_print(b, &y);
    bool same = strcmp(x.data, y.data) == 0;
    if (!same) {
        report_say("replayed %s", x.data);
        report_say("kept     %s", y.data);
    }
    bytes_free(&x);
    bytes_free(&y);
    return same;
}

// True when the step succeeds and gives the row's state; `s` is then that.
static bool steps_to(struct check *c, struct room_state *s, const struct room_event *e,
                     const struct room_change *row)
{
    struct room_state next;
    house_t at;
    const struct tour *tour = disk_tour(c->sim->disk, s->tour_hash);
    enum err err = room_state_step(s, tour, e, &next, &at);
    if (err != ERR_OK) {
        report_say("replayed: %s", err_code(err));
        return false;
    }
    // A stop keeps the number under which it was heard.
    if (strcmp(row->actor, "room") == 0) {
        next.epoch = row->state.epoch;
        next.rev = row->state.rev;
    }
    if (!same_text(&next, &row->state))
        return false;
    *s = next;
    return true;
}

static bool replay_command(struct check *c, struct disk_room *r, struct room_state *s,
                           struct room_event *e, const struct room_change *row,
                           const struct wire_command *w)
{
    bool staff = crowd_role_of(c->sim->crowd, row->actor) == ROLE_STAFF || !row->event;
    char name[WIRE_NAME_MAX + 1];
    crowd_name_of(row->actor, name);
    e->kind = EVENT_COMMAND;
    e->command = w;
    e->actor = staff ? (struct room_actor){ROLE_STAFF, "", row->actor}
                     : (struct room_actor){ROLE_GUIDE, row->actor, name};
    // How old the lease was is not kept; that the command was taken says what counts.
    e->lease_age_us = w->op == OP_CLAIM ? LEASE_FREE_US : 0;
    e->tour = disk_tour(c->sim->disk, row->state.tour_hash);
    e->tour_hash = row->state.tour_hash;
    if (w->op != OP_RESTORE)
        return steps_to(c, s, e, row);
    for (int i = r->past_count - 1; i >= 0; i--) {
        if (memcmp(&r->pasts[i].point, &w->to, sizeof w->to) != 0)
            continue;
        e->point = &r->pasts[i].state;
        e->point_at = r->pasts[i].at;
        if (steps_to(c, s, e, row))
            return true;
    }
    return false;
}

static bool replay_schedule(struct check *c, struct room_state *s, struct room_event *e,
                            const struct room_change *row)
{
    // What is due is taken first, by a change of its own; so this is what the room asked, too.
    const struct tour *tour = disk_tour(c->sim->disk, s->tour_hash);
    if (!room_plan_next(&s->plan, tour ? tour->cue_count : 0, row->wall_us, &e->occurrence))
        return false;
    e->kind = EVENT_SCHEDULE;
    e->due = house_add_us(row->now, e->occurrence.wall_us - row->wall_us);
    e->due = house_max(e->due, (house_t){0});
    return steps_to(c, s, e, row);
}

static bool replay_row(struct check *c, struct disk_room *r, struct room_state *s,
                       const struct disk_row *row)
{
    static const struct {
        const char *op;
        enum room_event_kind kind;
    } kinds[] = {{"advance", EVENT_TIME},  {"visitors", EVENT_VISITORS}, {"empty", EVENT_VISITORS},
                 {"reboot", EVENT_REBOOT}, {"lapse", EVENT_LAPSE},       {"plan", EVENT_PLAN}};
    const struct room_change *ch = &row->change;
    struct room_event e = {.now = ch->now,
                           .clock_epoch = ch->state.clock_epoch,
                           .wall_us = ch->wall_us,
                           .lead_us = ch->lead_us,
                           .lease_age_us = LEASE_FREE_US,
                           .somebody = ch->op[0] == 'v',
                           .known_until = row->known_until};
    struct wire_command w;
    if (check_read_event(ch, &w))
        return replay_command(c, r, s, &e, ch, &w);
    if (strcmp(ch->op, "schedule") == 0)
        return replay_schedule(c, s, &e, ch);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].op, ch->op) == 0) {
            e.kind = kinds[i].kind;
            return steps_to(c, s, &e, ch);
        }
    }
    return false;
}

void check_replay(struct check *c, struct disk_room *r)
{
    struct room_state s = r->rows[0].change.state;
    for (int k = 1; k < r->row_count; k++) {
        const struct room_change *row = &r->rows[k].change;
        if (!replay_row(c, r, &s, &r->rows[k]))
            report_fail("I2r", "%s: %s at %lld does not lead to %u.%lld again", r->record.id,
                        row->op, (long long)row->now.us, row->state.epoch,
                        (long long)row->state.rev);
    }
}
