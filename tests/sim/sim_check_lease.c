// SPDX-License-Identifier: Apache-2.0
// Who may: each change against roles and the lease before it, by the rules of ROOM.md, section 8.
#include "tests/sim/sim_check_private.h"
#include "tests/sim/sim_crowd.h"

#include <string.h>

static void refuse(const struct room_change *c, const char *why)
{
    report_fail("I13", "%s %u.%lld: %s by %s: %s", c->room_id, c->state.epoch,
                (long long)c->state.rev, c->op, c->actor, why);
}

bool check_for_guides(enum wire_op op)
{
    return op == OP_PLAY || op == OP_PAUSE || op == OP_SEEK || op == OP_GOTO || op == OP_NEXT ||
           op == OP_PREV || op == OP_STOP || op == OP_CLAIM || op == OP_RELEASE ||
           op == OP_HAND_OVER || op == OP_DEPUTY;
}

// When the lease was renewed last before a change. Renewals come while a change is on its way, too,
// and in the same instant on either side of it: the doubt is for the room.
static house_t renewed_at(const struct check_room *cr, house_t now, bool with_now)
{
    return cr->renewed.us < now.us + with_now ? cr->renewed : cr->renewed_before;
}

static void check_guide(const struct check_room *cr, const struct room_change *c,
                        const struct room_lease *l, const struct wire_command *w)
{
    if (!check_for_guides(w->op))
        refuse(c, "is for staff");
    if (w->op == OP_CLAIM)
        return;
    if (strcmp(l->holder, c->actor) != 0)
        refuse(c, "another holds the lease");
    if (!w->has_fence || w->fence != l->fence)
        refuse(c, "with a fence of before");
    if (house_diff_us(c->now, house_max(renewed_at(cr, c->now, true), cr->woken)) >= LEASE_TERM_US)
        refuse(c, "the lease ran out");
}

static void check_lease_change(const struct check_room *cr, const struct room_change *c,
                               const struct room_lease *l, enum wire_op op)
{
    const struct room_lease *n = &c->state.lease;
    bool lapse = strcmp(c->op, "lapse") == 0;
    bool gives = op == OP_CLAIM || op == OP_RELEASE || op == OP_HAND_OVER || lapse;
    if (n->fence != l->fence + gives)
        refuse(c, "the fence is not what it should be");
    if (!gives && strcmp(n->holder, l->holder) != 0)
        refuse(c, "another holder without a higher fence");
    if (op == OP_CLAIM && strcmp(n->holder, c->actor) != 0)
        refuse(c, "claimed for somebody else");
    bool takes = lapse || (op == OP_CLAIM && strcmp(l->holder, c->actor) != 0);
    if (takes && l->holder[0] &&
        house_diff_us(c->now, renewed_at(cr, c->now, false)) < LEASE_FREE_US)
        refuse(c, "taken from a holder that is there");
    if (lapse && strcmp(n->holder, l->deputy) != 0)
        refuse(c, "to another than the deputy");
}

void check_right(struct check *c, struct check_room *cr, const struct room_change *row,
                 const struct room_lease *before)
{
    struct wire_command w = {.op = OP_RENEW};
    bool command = check_read_event(row, &w) && row->event;
    enum wire_role role = crowd_role_of(c->sim->crowd, row->actor);
    if (command && role != ROLE_STAFF && role != ROLE_GUIDE)
        refuse(row, "a listener");
    if (command && role == ROLE_STAFF && w.op == OP_CLAIM)
        refuse(row, "only guides lead");
    if (command && role == ROLE_GUIDE)
        check_guide(cr, row, before, &w);
    check_lease_change(cr, row, before, command ? w.op : OP_RENEW);
    if (row->state.lease.fence != before->fence)
        cr->renewed = row->now;
}
