// SPDX-License-Identifier: Apache-2.0
// The people in a room as its guides see them (audience.h); what they signal, and to whom it goes.
#include "common/base/check.h"
#include "server/room/room_private.h"

#include <string.h>

// Each guide asks once a second, in a second of its own: what was put together for one is still
// good for the next who asks so soon.
#define FRESH_US INT64_C(400000)
// Longer than a phone needs that changes its access point (LEASE_FREE_US).
#define AWAY_US INT64_C(20000000)

static enum err admit(struct room_member *m, house_t now)
{
    if (m->role != ROLE_VISITOR)
        return ERR_FORBIDDEN;
    return audience_admit(&m->audience, now) ? ERR_OK : ERR_TOO_FAST;
}

enum err room_hand(struct room_member *m, bool up, house_t now)
{
    enum err e = admit(m, now);
    if (e != ERR_OK)
        return e;
    if (up)
        audience_raise(&m->room->audience, &m->audience);
    else
        audience_lower(&m->room->audience, &m->audience);
    return ERR_OK;
}

enum err room_react(struct room_member *m, enum wire_reaction what, house_t now)
{
    enum err e = admit(m, now);
    if (e == ERR_OK)
        audience_react(&m->room->audience, what);
    return e;
}

struct room_member *room_lower_hand(struct room_member *guide, const char *member)
{
    struct room *r = guide->room;
    for (struct room_member *m = r->members; m; m = m->next) {
        if (!m->audience.hand || strcmp(m->id, member) != 0)
            continue;
        audience_lower(&r->audience, &m->audience);
        return m;
    }
    return NULL;
}

bool room_guide_away(const struct room *r, house_t now)
{
    return r->record.state.lease.holder[0] && house_diff_us(now, r->renewed) > AWAY_US;
}

bool room_ask(struct room *r, house_t now)
{
    return audience_ask(&r->audience, now);
}

static void list_guide(struct wire_audience *out, const struct room_member *m)
{
    if (out->guide_count == WIRE_GUIDES_MAX)
        return;
    struct wire_person *p = &out->guides[out->guide_count++];
    memcpy(p->member, m->id, sizeof p->member);
    memcpy(p->name, m->name, sizeof p->name);
}

void room_audience(const struct room *r, house_t now, struct wire_audience *out)
{
    uint64_t order[WIRE_HANDS_MAX];
    const struct room_lease *lease = &r->record.state.lease;
    bool here = false;
    memset(out, 0, sizeof *out);
    for (const struct room_member *m = r->members; m; m = m->next) {
        if (m->role == ROLE_VISITOR)
            audience_count(out, m->has_report ? &m->report : NULL,
                           house_diff_us(now, m->reported_at));
        if (m->audience.hand)
            audience_list_hand(out, order, &m->audience, m->id, m->name);
        if (m->role != ROLE_GUIDE)
            continue;
        list_guide(out, m);
        here = here || strcmp(m->id, lease->holder) == 0;
    }
    // A page that stopped renewing is away as well, though its socket may look open.
    out->away = lease->holder[0] && (!here || house_diff_us(now, r->renewed) > LEASE_TERM_US);
    memcpy(out->reactions, r->audience.reactions, sizeof out->reactions);
}

const struct bytes *room_audience_text(struct room *r, house_t now, uint32_t *version)
{
    if (!r->audience_version || house_diff_us(now, r->audience_at) >= FRESH_US) {
        struct wire_message m = {.type = WIRE_AUDIENCE};
        struct bytes text;
        room_audience(r, now, &m.u.audience);
        bytes_init(&text, WIRE_MESSAGE_MAX);
        CHECK(wire_encode(&m, &text));
        bool same = r->audience_text.len == text.len &&
                    memcmp(r->audience_text.data, text.data, text.len) == 0;
        bytes_free(&r->audience_text);
        r->audience_text = text;
        r->audience_at = now;
        r->audience_version += !same;
    }
    *version = r->audience_version;
    return &r->audience_text;
}
