// SPDX-License-Identifier: Apache-2.0
// The parts of what staff see, as JSON; each is shown by itself over HTTP as well.
#include "common/base/check.h"
#include "common/wire/report.h"
#include "server/house/calendar_text.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/peer.h"
#include "server/net/tls.h"

#include <string.h>

json_t *overview_report(const struct wire_report *r)
{
    json_t *j = json_object();
    report_encode(j, r);
    json_object_del(j, "lang"); // of the member
    return j;
}

static json_t *member_json(const struct room_member *m)
{
    json_t *j = json_pack("{s:s,s:s}", "id", m->id, "role", wire_role_name(m->role));
    if (m->name[0])
        json_object_set_new(j, "name", json_string(m->name));
    if (m->lang[0])
        json_object_set_new(j, "lang", json_string(m->lang));
    if (m->kiosk[0])
        json_object_set_new(j, "kiosk", json_string(m->kiosk));
    if (m->has_report)
        json_object_set_new(j, "report", overview_report(&m->report));
    return j;
}

static void append_members(json_t *list, struct room *room, enum wire_role role)
{
    for (struct room_member *m = room_members(room);
         m && json_array_size(list) < OVERVIEW_MEMBERS_MAX; m = m->next) {
        if (m->role == role)
            json_array_append_new(list, member_json(m));
    }
}

// How far off the phones that sound are: so many within each of these, and the last beyond.
static const int64_t off_us[] = {1000, 5000, 10000, 25000, 50000, 100000};
enum { OFF_STEPS = sizeof off_us / sizeof *off_us };

static json_t *phones_json(struct room *room, house_t now)
{
    int off[OFF_STEPS + 1] = {0}, muted = 0;
    struct wire_audience a;
    room_audience(room, now, &a);
    for (const struct room_member *m = room_members(room); m; m = m->next) {
        if (m->role != ROLE_VISITOR || !m->has_report)
            continue;
        muted += m->report.muted && house_diff_us(now, m->reported_at) <= AUDIENCE_ASLEEP_US;
        if (m->report.playing != PLAYING_SOUND)
            continue;
        int64_t error = m->report.error_us < 0 ? -m->report.error_us : m->report.error_us;
        int i = 0;
        while (i < OFF_STEPS && error > off_us[i])
            i++;
        off[i]++;
    }
    json_t *list = json_array();
    for (int i = 0; i <= OFF_STEPS; i++)
        json_array_append_new(list, json_integer(off[i]));
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:o}", "ready", (int)a.ready, "loading",
                     (int)a.loading, "waiting", (int)a.waiting, "asleep", (int)a.asleep, "astray",
                     (int)a.astray, "muted", muted, "lost", room_lost(room, now), "off", list);
}

json_t *overview_state(const struct wire_state *s)
{
    struct wire_message m = {.type = WIRE_STATE, .u.state = *s};
    struct bytes text;
    bytes_init(&text, WIRE_MESSAGE_MAX);
    CHECK(wire_encode(&m, &text));
    json_t *j = json_loadb(text.data, text.len, 0, NULL);
    bytes_free(&text);
    json_object_del(j, "type");
    return j;
}

static json_t *state_json(const struct net *net, const struct room_record *record,
                          struct room *room)
{
    struct wire_state s;
    if (room)
        room_publish(room, &s);
    else
        room_state_publish(&record->state, NULL, &s);
    memcpy(s.group, record->id, sizeof s.group);
    s.clock_epoch = net_house(net)->anchor->clock_epoch;
    return overview_state(&s);
}

json_t *overview_plan(const struct room_plan *p)
{
    json_t *rules = json_array();
    for (int i = 0; i < p->rule_count; i++) {
        char text[CALENDAR_TEXT_SIZE];
        calendar_text_write(&p->rules[i].rule, text);
        json_array_append_new(rules, json_string(text));
    }
    return json_pack("{s:s,s:i,s:s,s:o}", "when_empty", wire_empty_name(p->when_empty),
                     "empty_after_s", (int)p->empty_after_s, "after_reboot",
                     wire_reboot_name(p->after_reboot), "schedule", rules);
}

unsigned overview_what(enum access_role role, bool members)
{
    return (members ? OVERVIEW_MEMBERS : 0U) | (role >= ACCESS_CURATOR ? OVERVIEW_SECRETS : 0U);
}

json_t *overview_group(struct net *net, const struct room_record *record, struct room *room,
                       unsigned what)
{
    if (room)
        record = room_record(room);
    char link[WIRE_TOKEN_MAX + 8], guide_link[WIRE_TOKEN_MAX + 8];
    snprintf(link, sizeof link, "/j/%s", record->link);
    snprintf(guide_link, sizeof guide_link, "/g/%s", record->guide_link);
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:o}", "id", record->id, "name", record->name, "code",
                          record->code, "link", link, "plan", overview_plan(&record->state.plan));
    if (what & OVERVIEW_SECRETS)
        json_object_set_new(j, "guide_link", json_string(guide_link));
    house_t due;
    if (room && room_next_due(room, net_now(net), &due))
        json_object_set_new(j, "due", json_integer(due.us));
    if (record->state.tour_id[0])
        json_object_set_new(j, "tour", json_string(record->state.tour_id));
    json_object_set_new(j, "state", state_json(net, record, room));
    json_object_set_new(j, "lead_us", json_integer(room ? room_lead_us(room) : 0));
    json_object_set_new(j, "visitors",
                        json_integer(room ? room_member_count(room, ROLE_VISITOR) +
                                                room_member_count(room, ROLE_GUIDE)
                                          : 0));
    json_object_set_new(j, "kiosks", json_integer(room ? room_member_count(room, ROLE_KIOSK) : 0));
    if (room && (room_member_count(room, ROLE_VISITOR) > 0 || room_lost(room, net_now(net)) > 0))
        json_object_set_new(j, "phones", phones_json(room, net_now(net)));
    if (room && room_degraded(room))
        json_object_set_new(j, "degraded", json_true());
    if (what & OVERVIEW_MEMBERS) {
        json_t *members = json_array();
        if (room) {
            append_members(members, room, ROLE_KIOSK);
            append_members(members, room, ROLE_GUIDE);
            append_members(members, room, ROLE_VISITOR);
        }
        json_object_set_new(j, "members", members);
    }
    return j;
}

json_t *overview_time(const struct net *net)
{
    const struct house_anchor *a = net_house(net)->anchor;
    const char *source = !a->realtime_trusted ? "none"
                         : a->synchronised    ? "synchronised"
                         : a->told_us         ? "told"
                         : a->disciplined     ? "holdover"
                                              : "battery";
    json_t *j = json_pack("{s:b,s:s,s:b}", "trusted", (int)a->realtime_trusted, "source", source,
                          "guessed", (int)house_is_guessed(a));
    int64_t wall_us = house_wall_us(a, net_now(net));
    if (wall_us)
        json_object_set_new(j, "wall", json_integer(wall_us));
    return j;
}

json_t *overview_certificate(const struct net *net)
{
    return net_tls(net) ? tls_json(net_tls(net)) : NULL;
}

json_t *overview_new_kiosks(struct net *net)
{
    const struct newcomers *n = net_newcomers(net);
    json_t *list = json_array();
    for (int i = 0; i < n->count; i++) {
        const struct newcomer *one = &n->list[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:b,s:I}", "id", one->id, "name", one->said,
                                        "address", one->address, "online", (int)one->here,
                                        "first_seen", (json_int_t)one->first.us));
    }
    return list;
}

json_t *overview_double(struct net *net, const char *kiosk)
{
    const struct doubled *d = doubles_find(net_doubles(net), kiosk, net_now(net));
    return d ? json_pack("{s:I,s:s,s:s}", "at", (json_int_t)d->at.us, "here", d->here, "other",
                         d->other)
             : NULL;
}
