// SPDX-License-Identifier: Apache-2.0
#include "server/room/room_lease.h"

#include <stdio.h>
#include <string.h>

bool room_lease_concerns(enum wire_op op)
{
    return op == OP_CLAIM || op == OP_RENEW || op == OP_RELEASE || op == OP_HAND_OVER ||
           op == OP_DEPUTY;
}

static bool holds(const struct room_lease *l, const struct wire_command *c,
                  const struct room_actor *who)
{
    return l->holder[0] && strcmp(l->holder, who->member) == 0 && c->has_fence &&
           c->fence == l->fence;
}

// What guides do: the transport. What a group is made of is the curators' business, and the one
// command that may be heard as a cut is for staff.
static bool for_guides(enum wire_op op)
{
    return op == OP_PLAY || op == OP_PAUSE || op == OP_SEEK || op == OP_GOTO || op == OP_NEXT ||
           op == OP_PREV || op == OP_STOP;
}

enum err room_lease_admit(const struct room_lease *l, const struct wire_command *c,
                          const struct room_actor *who, int64_t age_us)
{
    if (who->role == ROLE_STAFF)
        return ERR_OK;
    if (who->role != ROLE_GUIDE || !for_guides(c->op))
        return ERR_FORBIDDEN;
    return holds(l, c, who) && age_us < LEASE_TERM_US ? ERR_OK : ERR_FENCED;
}

enum err room_lease_renew(const struct room_lease *l, const struct wire_command *c,
                          const struct room_actor *who)
{
    return who->role == ROLE_GUIDE && holds(l, c, who) ? ERR_OK : ERR_FENCED;
}

static void give(struct room_lease *l, const char *member, const char *name)
{
    l->fence++;
    memset(l->holder, 0, sizeof l->holder);
    memset(l->holder_name, 0, sizeof l->holder_name);
    snprintf(l->holder, sizeof l->holder, "%s", member);
    snprintf(l->holder_name, sizeof l->holder_name, "%s", name);
}

static void name_deputy(struct room_lease *l, const char *member, const char *name)
{
    memset(l->deputy, 0, sizeof l->deputy);
    memset(l->deputy_name, 0, sizeof l->deputy_name);
    snprintf(l->deputy, sizeof l->deputy, "%s", member);
    snprintf(l->deputy_name, sizeof l->deputy_name, "%s", name);
}

static enum err claim(struct room_lease *l, const struct room_actor *who, int64_t age_us)
{
    if (who->role != ROLE_GUIDE)
        return ERR_FORBIDDEN;
    bool own = strcmp(l->holder, who->member) == 0;
    if (l->holder[0] && !own && age_us < LEASE_FREE_US)
        return ERR_LEASE_HELD;
    give(l, who->member, who->name);
    if (strcmp(l->deputy, who->member) == 0)
        name_deputy(l, "", "");
    return ERR_OK;
}

enum err room_lease_command(const struct room_lease *l, const struct wire_command *c,
                            const struct room_actor *who, int64_t age_us, struct room_lease *out)
{
    *out = *l;
    if (c->op == OP_CLAIM)
        return claim(out, who, age_us);
    if (who->role != ROLE_STAFF && who->role != ROLE_GUIDE)
        return ERR_FORBIDDEN;
    if (who->role == ROLE_GUIDE && !(holds(l, c, who) && age_us < LEASE_TERM_US))
        return ERR_FENCED;
    if (c->op == OP_RELEASE) {
        give(out, "", "");
    } else if (c->op == OP_HAND_OVER) {
        give(out, c->member, c->member_name);
        if (strcmp(out->deputy, c->member) == 0)
            name_deputy(out, "", "");
    } else {
        name_deputy(out, c->member, c->member_name);
    }
    return ERR_OK;
}

bool room_lease_lapse(const struct room_lease *l, int64_t age_us, struct room_lease *out)
{
    if (!l->holder[0] || !l->deputy[0] || age_us < LEASE_FREE_US)
        return false;
    *out = *l;
    give(out, l->deputy, l->deputy_name);
    name_deputy(out, "", "");
    return true;
}
