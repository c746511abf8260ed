// SPDX-License-Identifier: Apache-2.0
// Who is in a room, what they are told, and how far ahead they need to hear it.
#include "common/base/check.h"
#include "server/room/room_private.h"

#include <stdlib.h>
#include <string.h>

void room_join(struct room *r, struct room_member *m, house_t now)
{
    CHECK(!m->room);
    m->room = r;
    m->prev = NULL;
    m->next = r->members;
    if (r->members)
        r->members->prev = m;
    r->members = m;
    r->counts[m->role]++;
    if (r->dropouts)
        dropouts_back(r->dropouts, m->id);
    room_plan_ahead(r, now);
    room_changed(r);
}

int room_lost(struct room *r, house_t now)
{
    int n = r->dropouts ? dropouts_count(r->dropouts, now) : 0;
    if (n == 0) {
        free(r->dropouts);
        r->dropouts = NULL;
    }
    return n;
}

// A phone that changed its access point may be here anew before the old line is given up. A full
// list takes nobody in, so that a whole house that drops out is not looked through for each.
static bool is_here(const struct room *r, const char *member)
{
    for (const struct room_member *m = r->members; m; m = m->next) {
        if (strcmp(m->id, member) == 0)
            return true;
    }
    return false;
}

void room_lose(struct room_member *m, house_t now)
{
    struct room *r = m->room;
    bool visitor = m->role == ROLE_VISITOR;
    room_leave(m, now);
    if (!r || !visitor || room_lost(r, now) == DROPOUTS_MAX || is_here(r, m->id))
        return;
    if (!r->dropouts)
        r->dropouts = check_alloc(calloc(1, sizeof *r->dropouts));
    dropouts_add(r->dropouts, m->id, now);
}

void room_leave(struct room_member *m, house_t now)
{
    struct room *r = m->room;
    if (!r)
        return;
    if (m->prev)
        m->prev->next = m->next;
    else
        r->members = m->next;
    if (m->next)
        m->next->prev = m->prev;
    r->counts[m->role]--;
    audience_lower(&r->audience, &m->audience);
    memset(&m->audience, 0, sizeof m->audience);
    m->room = NULL;
    m->prev = m->next = NULL;
    room_plan_ahead(r, now);
    room_changed(r);
}

void room_promote(struct room_member *m, enum wire_role role, house_t now)
{
    struct room *r = m->room;
    audience_lower(&r->audience, &m->audience);
    r->counts[m->role]--;
    m->role = role;
    r->counts[m->role]++;
    room_plan_ahead(r, now);
    room_changed(r);
}

const struct room_member *room_guide(const struct room *r, const char *id)
{
    for (const struct room_member *m = r->members; m; m = m->next) {
        if (m->role == ROLE_GUIDE && strcmp(m->id, id) == 0)
            return m;
    }
    return NULL;
}

void room_announce(struct room *r)
{
    r->text_fresh = false;
    for (struct room_member *m = r->members, *next; m; m = next) {
        next = m->next;
        m->notify(m);
    }
    room_changed(r);
}

void room_publish(const struct room *r, struct wire_state *out)
{
    if (r->urgent)
        room_state_publish(&r->urgent_state, edition_tour(r->head_edition), out);
    else
        room_state_publish(&r->record.state, edition_tour(r->edition), out);
    memcpy(out->group, r->record.id, sizeof out->group);
    out->clock_epoch = r->house->clock_epoch;
}

const struct bytes *room_published_text(struct room *r)
{
    if (!r->text_fresh) {
        struct wire_message m = {.type = WIRE_STATE};
        room_publish(r, &m.u.state);
        bytes_clear(&r->text);
        CHECK(wire_encode(&m, &r->text));
        r->text_fresh = true;
    }
    return &r->text;
}

struct room_member *room_members(struct room *r)
{
    return r->members;
}

int room_member_count(const struct room *r, enum wire_role role)
{
    return r->counts[role];
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int members(const struct room *r)
{
    int n = 0;
    for (int i = 0; i < WIRE_ROLES; i++)
        n += r->counts[i];
    return n;
}

int64_t room_lead_us(const struct room *r)
{
    // A sample of the guests is enough for a 95th percentile, and bounds the work.
    enum { GUESTS = 200 };
    int64_t guests[GUESTS];
    int n = 0;
    struct lead_inputs in = {.commit_p99_us = r->house->port->commit_p99_us(r->house->port->ctx)};
    if (r->house->fanout)
        in.fanout_p99_us = lead_fanout_us(r->house->fanout, members(r));
    for (struct room_member *m = r->members; m; m = m->next) {
        if (!m->has_report)
            continue;
        if (m->role == ROLE_KIOSK) {
            if (m->report.rtt_us > in.kiosk_rtt_max_us)
                in.kiosk_rtt_max_us = m->report.rtt_us;
            if (m->report.prep_us > in.kiosk_prep_max_us)
                in.kiosk_prep_max_us = m->report.prep_us;
        } else if (n < GUESTS) {
            guests[n++] = m->report.rtt_us;
        }
    }
    if (n > 0) {
        qsort(guests, (size_t)n, sizeof guests[0], by_size);
        in.guest_rtt_p95_us = guests[(n * 95 - 1) / 100];
    }
    return lead_us(&in);
}
