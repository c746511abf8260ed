// SPDX-License-Identifier: Apache-2.0
#include "server/net/overview.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/report.h"
#include "server/house/calendar_text.h"
#include "server/net/net.h"
#include "server/net/peer.h"
#include "server/net/tls.h"
#include "server/store/room_store.h"

#include <string.h>

// Twice a second: what a person can follow.
enum { PERIOD_MS = 500 };

struct overview {
    struct net *net;
    uv_timer_t timer;
    struct room_record *records; // all groups, newest list
    int count;
    bool dirty, running, listed, stopped, closed;
    int loading; // lists asked for and not here yet
    struct bytes text;
};

struct list_job {
    struct store_job job;
    struct overview *overview;
    struct room_record *records;
    int count;
};

static void on_tick(uv_timer_t *t);

struct overview *overview_new(struct net *net)
{
    struct overview *o = check_alloc(calloc(1, sizeof *o));
    o->net = net;
    bytes_init(&o->text, WIRE_HOUSE_MAX);
    uv_timer_init(net_house(net)->loop, &o->timer);
    o->timer.data = o;
    overview_reload(o);
    return o;
}

static void on_closed(uv_handle_t *h)
{
    struct overview *o = h->data;
    o->closed = true;
    if (o->loading > 0)
        return; // the last list's completion frees it
    bytes_free(&o->text);
    free(o->records);
    free(o);
}

void overview_stop(struct overview *o)
{
    o->stopped = true;
    uv_close((uv_handle_t *)&o->timer, on_closed);
}

static enum err list_run(sqlite3 *db, struct store_job *job)
{
    struct list_job *j = (struct list_job *)job;
    j->records = check_alloc(calloc(OVERVIEW_GROUPS_MAX, sizeof *j->records));
    j->count = room_store_list(db, j->records, OVERVIEW_GROUPS_MAX);
    return ERR_OK;
}

static void list_done(struct store_job *job, enum err e)
{
    struct list_job *j = (struct list_job *)job;
    struct overview *o = j->overview;
    o->loading--;
    if (e == ERR_OK) {
        free(o->records);
        o->records = j->records;
        o->count = j->count;
        o->listed = true;
    } else {
        free(j->records);
    }
    free(j);
    if (!o->stopped)
        overview_changed(o);
    else if (o->closed)
        on_closed((uv_handle_t *)&o->timer);
}

void overview_reload(struct overview *o)
{
    struct list_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = list_run;
    j->job.done = list_done;
    j->overview = o;
    o->loading++;
    store_submit(net_house(o->net)->store, &j->job);
}

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

static json_t *plan_json(const struct room_plan *p)
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

json_t *overview_group(struct net *net, const struct room_record *record, struct room *room,
                       bool with_members)
{
    if (room)
        record = room_record(room);
    char link[WIRE_TOKEN_MAX + 8], guide_link[WIRE_TOKEN_MAX + 8];
    snprintf(link, sizeof link, "/j/%s", record->link);
    snprintf(guide_link, sizeof guide_link, "/g/%s", record->guide_link);
    json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "id", record->id, "name", record->name,
                          "code", record->code, "link", link, "guide_link", guide_link, "plan",
                          plan_json(&record->state.plan));
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
    if (room && room_degraded(room))
        json_object_set_new(j, "degraded", json_true());
    if (with_members) {
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

static int append(const char *data, size_t size, void *user)
{
    return bytes_append(user, data, size) ? 0 : -1;
}

json_t *overview_time(const struct net *net)
{
    const struct house_anchor *a = net_house(net)->anchor;
    const char *source = !a->realtime_trusted ? "none"
                         : a->synchronised    ? "synchronised"
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

// What staff should see: which kiosk two machines pretend to be, and where they are.
static json_t *cloned_kiosks(struct net *net)
{
    const struct doubles *d = net_doubles(net);
    json_t *list = json_array();
    for (int i = 0; i < d->count; i++) {
        json_t *j = overview_double(net, d->list[i].id);
        const struct kiosk *k = kiosks_find(net_house(net)->kiosks, d->list[i].id);
        if (!j)
            continue;
        json_object_set_new(j, "id", json_string(d->list[i].id));
        if (k)
            json_object_set_new(j, "name", json_string(k->name[0] ? k->name : k->said));
        json_array_append_new(list, j);
    }
    return list;
}

// False when it does not fit under the ceiling.
static bool make_text_with(struct overview *o, bool with_members)
{
    const struct net_house *h = net_house(o->net);
    json_t *groups = json_array();
    enum err health = store_health(h->store);
    for (int i = 0; i < o->count; i++) {
        struct room *room = rooms_awake(h->rooms, o->records[i].id);
        // What the room is now is what it will be when it sleeps.
        if (room)
            o->records[i] = *room_record(room);
        json_array_append_new(groups, overview_group(o->net, &o->records[i], room, with_members));
    }
    json_t *j = json_pack(
        "{s:s,s:I,s:I,s:o,s:s,s:o,s:o,s:o}", "type", "house", "house_now",
        (json_int_t)net_now(o->net).us, "clock_epoch", (json_int_t)h->anchor->clock_epoch, "time",
        overview_time(o->net), "storage", health == ERR_OK ? "ok" : err_code(health), "groups",
        groups, "new_kiosks", overview_new_kiosks(o->net), "cloned", cloned_kiosks(o->net));
    if (net_tls(o->net))
        json_object_set_new(j, "certificate", overview_certificate(o->net));
    bytes_clear(&o->text);
    bool fits = json_dump_callback(j, append, &o->text, JSON_COMPACT) == 0;
    if (!fits)
        bytes_clear(&o->text);
    json_decref(j);
    return fits;
}

// In a very full house who is in a group gives way to which groups there are.
static void make_text(struct overview *o)
{
    if (!make_text_with(o, true) && !make_text_with(o, false))
        log_warn("overview", "the house is too large for one message");
}

static bool anybody_looks(struct overview *o)
{
    for (struct peer *p = *net_peers(o->net); p; p = p->next) {
        if (p->greeted && p->member.role == ROLE_STAFF)
            return true;
    }
    return false;
}

static void on_tick(uv_timer_t *t)
{
    struct overview *o = t->data;
    o->running = false;
    if (!o->dirty || !o->listed || !anybody_looks(o))
        return;
    o->dirty = false;
    make_text(o);
    for (struct peer *p = *net_peers(o->net); p; p = p->next)
        peer_overview_changed(p);
    o->running = true;
    uv_timer_start(&o->timer, on_tick, PERIOD_MS, 0);
}

// The first change is told at once, those that follow in the next period together.
void overview_changed(struct overview *o)
{
    o->dirty = true;
    if (o->running || o->stopped)
        return;
    o->running = true;
    uv_timer_start(&o->timer, on_tick, 1, 0);
}

// Nobody kept the list while nobody looked: rooms may have changed and gone to sleep since.
void overview_wanted(struct overview *o)
{
    if (!o->loading)
        overview_reload(o);
}

const struct bytes *overview_text(const struct overview *o)
{
    return o->text.len ? &o->text : NULL;
}
