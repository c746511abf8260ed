// SPDX-License-Identifier: Apache-2.0
// What is said: answers and states, against what is durable.
#include "common/base/check.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check_private.h"
#include "tests/sim/sim_crowd.h"

#include <string.h>

enum { FLIGHTS_MAX = 256 + 64 }; // what happens by itself comes on top of commands

struct check *check_new(struct sim *s)
{
    struct check *c = check_alloc(calloc(1, sizeof *c));
    c->sim = s;
    c->muted = true;
    for (int i = 0; i < CHECK_ROOMS; i++)
        bytes_init(&c->rooms[i].text, WIRE_MESSAGE_MAX);
    return c;
}

void check_free(struct check *c)
{
    for (int i = 0; i < CHECK_ROOMS; i++) {
        bytes_free(&c->rooms[i].text);
        heard_unref(c->rooms[i].heard);
    }
    free(c->asks);
    free(c);
}

struct check_room *check_room(struct check *c, const struct disk_room *r)
{
    return &c->rooms[r->index];
}

int64_t check_acks(const struct check *c)
{
    return c->acks;
}

struct check_ask *check_ask_of(struct check *c, const char *cmd_id)
{
    int n = crowd_ask_of(cmd_id);
    if (n >= c->ask_cap) {
        int cap = 2 * n + 64;
        c->asks = check_alloc(realloc(c->asks, (size_t)cap * sizeof *c->asks));
        memset(c->asks + c->ask_cap, 0, (size_t)(cap - c->ask_cap) * sizeof *c->asks);
        c->ask_cap = cap;
    }
    return &c->asks[n];
}

// --- the server's life ---------------------------------------------------------------------------

void check_turn(struct check *c)
{
    struct disk *d = c->sim->disk;
    for (int i = 0; i < disk_count(d); i++) {
        if (disk_room(d, i)->in_flight > FLIGHTS_MAX)
            report_fail("I11", "%d changes of %s in flight", disk_room(d, i)->in_flight,
                        disk_room(d, i)->record.id);
    }
    if (rooms_count(box_rooms(c->sim->box)) > c->sim->story.max_awake)
        report_fail("I11", "%d rooms awake", rooms_count(box_rooms(c->sim->box)));
}

void check_started(struct check *c)
{
    c->muted = false;
    for (int i = 0; i < CHECK_ROOMS; i++) {
        c->rooms[i].stops = 0;
        c->rooms[i].odd_row = 0;
    }
}

void check_stopping(struct check *c)
{
    c->muted = true;
}

bool check_muted(const struct check *c)
{
    return c->muted;
}

void check_woken(struct check *c, const char *id)
{
    if (!rooms_awake(box_rooms(c->sim->box), id))
        check_room(c, disk_find(c->sim->disk, id))->woken = box_house(c->sim->box);
}

// --- answers -------------------------------------------------------------------------------------

void check_command(struct check *c, const struct wire_command *command)
{
    if (command->op == OP_STOP_NOW)
        check_room(c, disk_find(c->sim->disk, command->group))->stops++;
}

static bool is_transport(enum wire_op op)
{
    return op == OP_PLAY || op == OP_PAUSE || op == OP_SEEK || op == OP_GOTO || op == OP_NEXT ||
           op == OP_PREV || op == OP_STOP;
}

static void check_renewed(struct check *c, struct disk_room *r, const struct room_actor *who,
                          house_t arrived, const struct wire_ack *a)
{
    // The room may not have been told yet that somebody else has it.
    int row = r->row_count - 1;
    while (row > 0 && (r->in_flight > 0 || r->untold) &&
           r->rows[row].change.state.lease.fence > a->fence)
        row--;
    const struct room_lease *l = &r->rows[row].change.state.lease;
    if (who->role != ROLE_GUIDE || strcmp(l->holder, who->member) != 0 || l->fence != a->fence)
        report_fail("I13", "%s renewed a lease of %s in %s", who->member, l->holder, r->record.id);
    struct check_room *cr = check_room(c, r);
    if (a->fence != r->record.state.lease.fence)
        return; // of a lease that was given away meanwhile
    if (arrived.us > cr->renewed.us)
        cr->renewed_before = cr->renewed;
    cr->renewed = arrived;
}

static bool same_answer(const struct wire_ack *a, const struct wire_ack *b)
{
    return a->epoch == b->epoch && a->rev == b->rev && a->at.us == b->at.us && a->fence == b->fence;
}

static void check_ack(struct check *c, struct disk_room *r, const struct wire_command *command,
                      bool other, house_t arrived, const struct wire_ack *a)
{
    struct check_ask *ask = check_ask_of(c, a->cmd_id);
    int row = disk_row_of(r, a->epoch, a->rev);
    // Ids are remembered for a day.
    if (ask->acked && house_diff_us(arrived, ask->when) > 23 * HOUR)
        ask->acked = ask->original = false;
    c->acks++;
    if (row < 0 || !r->rows[row].change.has_seen ||
        strcmp(r->rows[row].change.seen.cmd_id, a->cmd_id) != 0)
        report_fail("I1", "%s acked %u.%lld, which is not durable", r->record.id, a->epoch,
                    (long long)a->rev);
    if ((ask->acked && (!same_answer(&ask->ack, a) || ask->other != other)) ||
        (ask->original && !a->duplicate))
        report_fail("I7", "%s answered command %d %u.%lld%s, before %u.%lld", r->record.id,
                    crowd_ask_of(a->cmd_id), a->epoch, (long long)a->rev,
                    a->duplicate ? " duplicate" : "", ask->ack.epoch, (long long)ask->ack.rev);
    if (!a->duplicate && is_transport(command->op) && a->at.us < arrived.us + LEAD_MIN_US)
        report_fail("I9", "%s takes effect %lld us after it came", wire_op_name(command->op),
                    (long long)(a->at.us - arrived.us));
    ask->original = ask->original || !a->duplicate;
    if (ask->acked)
        return;
    ask->acked = true;
    ask->other = other;
    ask->ack = *a;
    ask->when = box_house(c->sim->box);
    memcpy(ask->room, r->record.id, sizeof ask->room);
}

static bool of_the_moment(enum err e)
{
    return e == ERR_STORAGE_FULL || e == ERR_STORAGE_FAILED || e == ERR_HOUSE_FULL;
}

void check_answer(struct check *c, const struct wire_command *command, bool other,
                  const struct room_actor *who, house_t arrived, const struct wire_message *m)
{
    struct disk_room *r = disk_find(c->sim->disk, command->group);
    bool ack = m->type == WIRE_ACK;
    if (ack && who->role != ROLE_STAFF && who->role != ROLE_GUIDE)
        report_fail("I13", "%s of a listener was acked", wire_op_name(command->op));
    if (command->op == OP_RENEW && !other) {
        if (ack)
            check_renewed(c, r, who, arrived, &m->u.ack);
        return;
    }
    if (ack) {
        check_ack(c, r, command, other, arrived, &m->u.ack);
        return;
    }
    const struct check_ask *ask = check_ask_of(c, command->cmd_id);
    enum err e = m->u.error.code;
    // Ids are remembered for a day.
    bool young = house_diff_us(arrived, ask->when) < 23 * HOUR;
    if (!ask->acked || !young || of_the_moment(e) || (ask->other != other && e == ERR_ID_CONFLICT))
        return;
    report_fail("I7", "command %d was acked, and now refused: %s", crowd_ask_of(command->cmd_id),
                err_code(e));
}

// --- states --------------------------------------------------------------------------------------

static bool same_vec(const struct tl_part *a, const struct room_part *b)
{
    return a->cue == b->cue && a->vec.p0_us == b->vec.p0_us && a->vec.t0.us == b->vec.t0.us &&
           a->vec.rate == b->vec.rate;
}

// A stop that was spoken before it is durable.
static bool is_stop(const struct wire_state *s)
{
    return s->mode == MODE_READY && s->timeline.now.cue == 0 && s->timeline.now.vec.p0_us == 0 &&
           s->timeline.now.vec.rate == 0 && !s->timeline.has_next;
}

// A player computes the place from `now` and `next`; so far as these two reach, at two instants,
// it must be where the oracle is.
static void check_place(struct check *c, struct disk_room *r, const struct room_change *row,
                        const struct wire_state *s)
{
    const struct tour *tour = disk_tour(c->sim->disk, s->tour);
    const struct timeline *t = &s->timeline;
    house_t until = house_add_us(row->now, MINUTE);
    const struct tl_part *last = t->has_next ? &t->next : &t->now;
    if (last->vec.rate && tl_end(&last->vec, last->dur_us).us < until.us)
        until = tl_end(&last->vec, last->dur_us);
    if (row->state.presence == PRESENCE_LEAVING && row->state.empty_at.us < until.us)
        until = row->state.empty_at;
    // What is decided and does not run yet may be passed by the running cue's end.
    for (int i = 0; i < 2 && until.us > row->now.us; i++) {
        house_t at = {world_between(c->sim->world, row->now.us, until.us - 1)};
        struct room_state now = row->state;
        oracle_run(&now, tour, at, (struct oracle_wall){0});
        const struct tl_part *p = tl_part_at(t, at);
        // A held command may lie beyond the end of what runs; then two parts are not enough.
        if (t->has_next && row->state.has_pending && at.us < t->next_at.us && t->now.vec.rate &&
            at.us >= tl_end(&t->now.vec, t->now.dur_us).us)
            continue;
        if (p->cue != now.now.cue ||
            tl_position_us(&p->vec, p->dur_us, at) != oracle_position(&now.now, tour, at))
            report_fail("I6",
                        "%s: at %lld a player is in cue %d at %lld us, the oracle in %d at "
                        "%lld us",
                        r->record.id, (long long)at.us, p->cue,
                        (long long)tl_position_us(&p->vec, p->dur_us, at), now.now.cue,
                        (long long)oracle_position(&now.now, tour, at));
    }
}

static bool is_urgent(struct check *c, struct disk_room *r, const struct wire_state *s)
{
    int row = disk_row_of(r, s->epoch, s->rev);
    bool stop = check_room(c, r)->stops > 0 && is_stop(s);
    if (row < 0) {
        if (!stop)
            report_fail("I3", "%s says %u.%lld, which is not durable", r->record.id, s->epoch,
                        (long long)s->rev);
        return true;
    }
    const struct room_change *change = &r->rows[row].change;
    const struct room_state *durable = &change->state;
    if (s->mode == durable->now.mode && same_vec(&s->timeline.now, &durable->now) &&
        strcmp(s->tour, durable->tour_hash) == 0 &&
        (!durable->has_pending ||
         (s->timeline.has_next && same_vec(&s->timeline.next, &durable->pending)))) {
        check_place(c, r, change, s);
        return false;
    }
    if (!stop)
        report_fail("I3", "%s says another %u.%lld than is durable", r->record.id, s->epoch,
                    (long long)s->rev);
    return true;
}

struct heard *check_spoken(struct check *c, const char *id, const struct bytes *text)
{
    struct disk_room *r = disk_find(c->sim->disk, id);
    struct check_room *cr = check_room(c, r);
    if (cr->heard && cr->text.len == text->len && memcmp(cr->text.data, text->data, text->len) == 0)
        return cr->heard;
    struct wire_message m;
    char why[120];
    if (wire_decode(text->data, text->len, &m, why, sizeof why) != ERR_OK || m.type != WIRE_STATE)
        report_fail("I3", "%s says what cannot be read: %s", id, why);
    bytes_clear(&cr->text);
    bytes_append(&cr->text, text->data, text->len);
    heard_unref(cr->heard);
    cr->heard = check_alloc(calloc(1, sizeof *cr->heard));
    cr->heard->refs = 1;
    cr->heard->state = m.u.state;
    cr->heard->urgent = is_urgent(c, r, &m.u.state);
    return cr->heard;
}

void check_heard(struct check *c, const char *name, const struct heard *h,
                 const struct heard *before, bool falls, uint32_t epoch, int64_t rev)
{
    (void)c;
    const struct wire_state *s = &h->state;
    if (falls)
        report_fail("I4", "%s heard %u.%lld after %u.%lld of %s", name, s->epoch, (long long)s->rev,
                    epoch, (long long)rev, s->group);
    if (!before || s->epoch != before->state.epoch || s->rev != before->state.rev)
        return;
    // Since when something stands still is nobody's concern.
    const struct tl_part *a = &s->timeline.now, *b = &before->state.timeline.now;
    if (s->mode != before->state.mode || a->cue != b->cue || a->vec.p0_us != b->vec.p0_us ||
        (a->vec.rate && a->vec.t0.us != b->vec.t0.us))
        report_fail("I4", "%s heard two different %u.%lld of %s", name, s->epoch, (long long)s->rev,
                    s->group);
}
