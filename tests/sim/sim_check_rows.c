// SPDX-License-Identifier: Apache-2.0
// What becomes durable: each row of a history against the row before it, against who asked, and
// against the oracle.
#include "common/base/check.h"
#include "server/room/lead.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check_private.h"
#include "tests/sim/sim_crowd.h"

#include <string.h>

struct oracle_wall check_wall(const struct room_change *c)
{
    return (struct oracle_wall){c->wall_us != 0, c->wall_us - c->now.us};
}

bool check_from_outside(const struct room_change *c)
{
    return c->event || strcmp(c->op, "visitors") == 0 || strcmp(c->op, "empty") == 0 ||
           strcmp(c->op, "reboot") == 0 || strcmp(c->op, "lapse") == 0 ||
           strcmp(c->op, "stop_now") == 0;
}

bool check_read_event(const struct room_change *c, struct wire_command *out)
{
    memset(out, 0, sizeof *out);
    if (strcmp(c->op, "stop_now") == 0 && !c->event) { // the room's own retry
        out->op = OP_STOP_NOW;
        return true;
    }
    if (!c->event || strcmp(c->op, "create") == 0)
        return false;
    // The log leaves out which group and which id; to be read it must have one.
    struct wire_message m;
    struct bytes text;
    char why[120];
    bytes_init(&text, WIRE_MESSAGE_MAX);
    bytes_printf(&text, "{\"cmd_id\":\"%032d\",%s", 0, c->event + 1);
    enum err e = wire_decode(text.data, text.len, &m, why, sizeof why);
    if (e != ERR_OK || m.type != WIRE_COMMAND)
        report_fail("I2", "%s: an event cannot be read (%s): %s", c->room_id, why, c->event);
    bytes_free(&text);
    *out = m.u.command;
    if (out->member[0])
        crowd_name_of(out->member, out->member_name);
    return true;
}

// --- I2, I7, I9 ----------------------------------------------------------------------------------

static void check_order(const struct disk_room *r, const struct room_change *prev,
                        const struct room_change *c)
{
    const struct room_state *a = &prev->state, *b = &c->state;
    bool next = b->epoch == a->epoch && b->rev == a->rev + 1;
    // A stop that was heard before it was durable keeps its number, whatever else failed.
    bool jumps = strcmp(c->actor, "room") == 0 &&
                 (strcmp(c->op, "stop_now") == 0 || strcmp(c->op, "plan") == 0);
    next = next || (jumps && b->epoch >= a->epoch && (b->epoch > a->epoch || b->rev > a->rev));
    bool restored = b->epoch == a->epoch + 1 && b->rev == 1 && strcmp(c->op, "restore") == 0;
    if (!next && !restored)
        report_fail("I2", "%s: %u.%lld (%s) follows on %u.%lld", c->room_id, b->epoch,
                    (long long)b->rev, c->op, a->epoch, (long long)a->rev);
    if (c->now.us < prev->now.us)
        report_fail("I12", "%s: %s at %lld after %lld", c->room_id, c->op, (long long)c->now.us,
                    (long long)prev->now.us);
    if (r->record.state.epoch != b->epoch || r->record.state.rev != b->rev)
        report_fail("I2", "%s: its row is at %u.%lld, its history at %u.%lld", c->room_id,
                    r->record.state.epoch, (long long)r->record.state.rev, b->epoch,
                    (long long)b->rev);
}

static void check_seen_row(struct check *c, const struct disk_room *r,
                           const struct room_change *row)
{
    const struct room_seen *s = &row->seen;
    if (!row->has_seen)
        return;
    const struct room_seen *kept = r->seen_count ? &r->seen[r->seen_count - 1] : NULL;
    if (s->epoch != row->state.epoch || s->rev != row->state.rev || !kept ||
        strcmp(kept->cmd_id, s->cmd_id) != 0)
        report_fail("I2", "%s %u.%lld: its command is not among the seen ones", row->room_id,
                    row->state.epoch, (long long)row->state.rev);
    // Ids are remembered for a day of house time, which a reboot may put ahead.
    struct check_ask *ask = check_ask_of(c, s->cmd_id);
    bool again = ask->effect && house_diff_us(row->now, ask->effect_at) < 23 * HOUR;
    ask->effect = true;
    ask->effect_at = row->now;
    if (again)
        report_fail("I7", "%s: command %d (%s) has a second effect", row->room_id,
                    crowd_ask_of(s->cmd_id), row->op);
}

static void check_lead(const struct room_change *row, const struct wire_command *w)
{
    bool transport = check_for_guides(w->op) && w->op < OP_CONFIGURE;
    if (!transport)
        return;
    if (row->lead_us < LEAD_MIN_US || row->lead_us > LEAD_MAX_US)
        report_fail("I9", "%s: a lead of %lld us", row->room_id, (long long)row->lead_us);
    if (!row->state.has_pending || row->state.pending_at.us < row->now.us + row->lead_us ||
        (row->has_seen && row->seen.at.us != row->state.pending_at.us))
        report_fail("I9", "%s: %s at %lld takes effect at %lld", row->room_id, row->op,
                    (long long)row->now.us, (long long)row->state.pending_at.us);
}

// --- I6, I8: the oracle --------------------------------------------------------------------------

static const char *apply(struct check *c, struct disk_room *r, const struct disk_row *row,
                         const struct room_state *before, struct room_state *s)
{
    const struct room_change *change = &row->change;
    const struct tour *tour = disk_tour(c->sim->disk, before->tour_hash);
    struct wire_command w;
    if (strcmp(change->op, "visitors") == 0 || strcmp(change->op, "empty") == 0) {
        bool somebody = change->op[0] == 'v';
        s->presence = somebody ? PRESENCE_SOMEBODY : PRESENCE_LEAVING;
        if (!somebody)
            s->empty_at = house_add_us(change->now, s->plan.empty_after_s * SEC);
        return NULL;
    }
    if (!check_read_event(change, &w))
        return NULL;
    struct oracle_command o = {.command = &w,
                               .now = change->now,
                               .lead_us = change->lead_us,
                               .wall_us = change->wall_us,
                               .tour = disk_tour(c->sim->disk, change->state.tour_hash),
                               .tour_id = change->state.tour_id,
                               .tour_hash = change->state.tour_hash};
    const char *why = "restore to a point that was not read";
    if (w.op != OP_RESTORE)
        return oracle_command(s, tour, &o);
    // Of several readings of one point the one it was built on is not known: one must fit.
    for (int i = r->past_count - 1; i >= 0; i--) {
        const struct disk_past *p = &r->pasts[i];
        struct room_state one = *s;
        if (memcmp(&p->point, &w.to, sizeof w.to) != 0)
            continue;
        o.point = &p->state;
        o.point_at = p->at;
        why = oracle_command(&one, tour, &o);
        if (!why && oracle_same_place(&one, &change->state, o.tour, change->now)) {
            *s = one;
            return NULL;
        }
    }
    return why ? why : "restored to another place";
}

static const char *difference(const struct room_state *a, const struct room_state *b,
                              const struct tour *tour, house_t at)
{
    if (!oracle_same_place(a, b, tour, at))
        return "place";
    if (a->has_pending != b->has_pending)
        return "pending";
    if (a->has_pending &&
        (a->pending_at.us != b->pending_at.us || a->pending.mode != b->pending.mode ||
         a->pending.cue != b->pending.cue || a->pending.vec.p0_us != b->pending.vec.p0_us))
        return "what is pending";
    if (a->presence != b->presence ||
        (a->presence == PRESENCE_LEAVING && a->empty_at.us != b->empty_at.us))
        return "presence";
    if (a->plan.when_empty != b->plan.when_empty ||
        a->plan.empty_after_s != b->plan.empty_after_s ||
        a->plan.after_reboot != b->plan.after_reboot || a->plan.rule_count != b->plan.rule_count)
        return "plan";
    for (int i = 0; i < a->plan.rule_count; i++) {
        if (memcmp(&a->plan.rules[i].rule, &b->plan.rules[i].rule, sizeof a->plan.rules[i].rule) !=
            0)
            return "rules";
    }
    return strcmp(a->tour_hash, b->tour_hash) != 0 ? "tour" : NULL;
}

static void say_difference(const struct room_change *c, const char *what,
                           const struct room_state *oracle, const struct room_state *room)
{
    struct bytes a, b;
    bytes_init(&a, WIRE_MESSAGE_MAX);
    bytes_init(&b, WIRE_MESSAGE_MAX);
    room_state_print(oracle, &a);
    room_state_print(room, &b);
    report_say("oracle %s", a.data);
    report_say("room   %s", b.data);
    report_fail("I8", "%s %u.%lld (%s at %lld): the room's %s is not the oracle's", c->room_id,
                c->state.epoch, (long long)c->state.rev, c->op, (long long)c->now.us, what);
}

// From one change that came from outside to the next all is arithmetic.
static void check_arithmetic(struct check *c, struct disk_room *r, int k)
{
    struct check_room *cr = check_room(c, r);
    const struct room_change *row = &r->rows[k].change, *prev = &r->rows[k - 1].change;
    const struct tour *tour = disk_tour(c->sim->disk, prev->state.tour_hash);
    struct oracle_wall wall = check_wall(row);
    struct room_state have = prev->state, want = cr->from;
    bool reboot = strcmp(row->op, "reboot") == 0;
    if (reboot)
        oracle_reboot(&have, tour, r->rows[k].known_until, row->now);
    else
        oracle_run(&have, tour, row->now, (struct oracle_wall){0});
    bool known = cr->from.plan.rule_count == 0 ||
                 (wall.known && cr->from_wall.known && wall.off_us == cr->from_wall.off_us);
    // Where a group was before a stop is no matter: it may be saved before what was missed.
    if (known && !reboot && strcmp(row->op, "stop_now") != 0) {
        oracle_run(&want, tour, row->now, wall);
        if (!oracle_same_place(&want, &have, tour, row->now))
            say_difference(row, "place before it", &want, &have);
    }
    const char *why = apply(c, r, &r->rows[k], &prev->state, &have);
    if (why)
        report_fail("I8", "%s %u.%lld: %s", r->record.id, row->state.epoch,
                    (long long)row->state.rev, why);
    const struct tour *new_tour = disk_tour(c->sim->disk, row->state.tour_hash);
    const char *what = difference(&have, &row->state, new_tour, row->now);
    if (what)
        say_difference(row, what, &have, &row->state);
}

// Of a rule that never looked at a trusted clock, or whose clock was wrong, nothing before is owed.
static void begin_from(struct check_room *cr, const struct room_change *c)
{
    cr->from = c->state;
    cr->from_wall = check_wall(c);
    for (int i = 0; i < c->state.plan.rule_count; i++) {
        int64_t *mark = &cr->from.plan.rules[i].handled_us;
        if (*mark == 0 || *mark - c->wall_us > 25 * HOUR)
            *mark = c->wall_us;
    }
}

// An occurrence is dealt with once: its rule's mark rises to it, and nothing else does that.
static void check_marks(const struct room_change *prev, const struct room_change *c)
{
    const struct room_plan *a = &prev->state.plan, *b = &c->state.plan;
    bool rose = false;
    if (strcmp(c->op, "schedule") != 0)
        return;
    for (int i = 0; i < b->rule_count; i++) {
        int64_t mark = b->rules[i].handled_us, old = a->rules[i].handled_us;
        bool wrong_before = old == 0 || old - c->wall_us > 25 * HOUR;
        if (mark < old && !wrong_before)
            report_fail("I8", "%s: rule %d counts as dealt with less far", c->room_id, i);
        rose = rose || wrong_before || oracle_occurs(&b->rules[i].rule, old, mark);
    }
    if (!rose)
        report_fail("I8", "%s %u.%lld: an occurrence that is none, or was dealt with", c->room_id,
                    c->state.epoch, (long long)c->state.rev);
}

// --- rows ----------------------------------------------------------------------------------------

void check_submitted(struct check *c, struct disk_room *r, const struct room_change *change)
{
    int listeners = net_listeners(c->sim, r->index);
    if ((strcmp(change->op, "visitors") == 0 && listeners == 0) ||
        (strcmp(change->op, "empty") == 0 && listeners > 0))
        report_fail("I8", "%s: \"%s\" with %d listeners", r->record.id, change->op, listeners);
    if (strcmp(change->op, "lapse") == 0 &&
        !net_member_here(c->sim, r->index, change->state.lease.holder))
        report_fail("I13", "%s: the deputy is not here", r->record.id);
}

static void say_row(const struct disk_room *r, const struct room_change *row)
{
    struct bytes text;
    if (!report_wanted())
        return;
    bytes_init(&text, WIRE_MESSAGE_MAX);
    room_state_print(&row->state, &text);
    report_say("%s durable: %s by %s at %lld: %s", r->record.id, row->op, row->actor,
               (long long)row->now.us, text.data);
    bytes_free(&text);
}

static void check_row(struct check *c, struct disk_room *r, int k)
{
    struct check_room *cr = check_room(c, r);
    const struct room_change *row = &r->rows[k].change;
    struct wire_command w;
    say_row(r, row);
    if (k == 0) {
        begin_from(cr, row);
        return;
    }
    check_order(r, &r->rows[k - 1].change, row);
    check_seen_row(c, r, row);
    check_right(c, cr, row, &r->rows[k - 1].change.state.lease);
    check_marks(&r->rows[k - 1].change, row);
    if (!check_from_outside(row))
        return;
    if (check_read_event(row, &w))
        check_lead(row, &w);
    check_arithmetic(c, r, k);
    begin_from(cr, row);
}

void check_durable(struct check *c, struct disk_room *r)
{
    struct check_room *cr = check_room(c, r);
    if (cr->rows == r->row_count)
        report_fail("I2", "%s: a change left no history", r->record.id);
    while (cr->rows < r->row_count)
        check_row(c, r, cr->rows++);
}
