// SPDX-License-Identifier: Apache-2.0
#include "server/net/overview.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/net.h"
#include "server/net/peer.h"
#include "server/net/tls.h"
#include "server/net/vitals.h"
#include "server/store/room_store.h"

#include <string.h>

// Twice a second: what a person can follow.
enum { PERIOD_MS = 500 };

struct overview {
    struct net *net;
    uv_timer_t timer;
    struct room_record *records; // all groups, newest list; NULL: nobody has looked yet
    int count;
    bool dirty, running, stopped, closed;
    bool stale;                 // groups were made or renamed that no list asked for will know of
    bool fades;                 // something in the text goes by itself: phones that dropped out
    int loading;                // lists asked for and not here yet
    struct bytes whole, public; // with the links for guides, for curators; and without
    struct vitals vitals;
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
    bytes_init(&o->whole, WIRE_HOUSE_MAX);
    bytes_init(&o->public, WIRE_HOUSE_MAX);
    uv_timer_init(net_house(net)->loop, &o->timer);
    o->timer.data = o;
    return o;
}

static void on_closed(uv_handle_t *h)
{
    struct overview *o = h->data;
    o->closed = true;
    if (o->loading > 0)
        return; // the last list's completion frees it
    bytes_free(&o->whole);
    bytes_free(&o->public);
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
    } else {
        free(j->records);
    }
    free(j);
    if (!o->stopped)
        overview_changed(o);
    else if (o->closed)
        on_closed((uv_handle_t *)&o->timer);
}

static void read_list(struct overview *o)
{
    struct list_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = list_run;
    j->job.done = list_done;
    j->overview = o;
    o->loading++;
    o->stale = false;
    store_submit(net_house(o->net)->store, &j->job);
}

void overview_reload(struct overview *o)
{
    if (net_counters(o->net)->staff > 0)
        read_list(o);
    else
        o->stale = true; // who comes later asks (overview_wanted)
}

static int append(const char *data, size_t size, void *user)
{
    return bytes_append(user, data, size) ? 0 : -1;
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

static json_t *box_json(struct overview *o)
{
    const struct net_house *h = net_house(o->net);
    struct vitals *v = &o->vitals;
    vitals_read(v, h->content_dir, house_raw_now());
    json_t *j = json_pack("{s:I,s:I,s:I}", "commit_p99", (json_int_t)store_stats(h->store).p99_us,
                          "sockets", (json_int_t)net_counters(o->net)->connections, "up",
                          (json_int_t)(mono_diff_ns(house_raw_now(), h->started) / 1000));
    if (v->cpu_percent >= 0)
        json_object_set_new(j, "cpu", json_integer(v->cpu_percent));
    if (v->memory_size)
        json_object_set_new(
            j, "memory",
            json_pack("[I,I]", (json_int_t)v->memory_free, (json_int_t)v->memory_size));
    if (v->disk_size)
        json_object_set_new(j, "disk",
                            json_pack("[I,I]", (json_int_t)v->disk_free, (json_int_t)v->disk_size));
    return j;
}

// Is there staff whose role is one of these?
static bool anybody_looks(struct overview *o, enum access_role from, enum access_role to)
{
    for (struct peer *p = *net_peers(o->net); p; p = p->next) {
        if (!p->greeted || p->member.role != ROLE_STAFF)
            continue;
        enum access_role role = peer_rank(p);
        if (role >= from && role <= to)
            return true;
    }
    return false;
}

static bool dump(const json_t *j, struct bytes *text)
{
    bytes_clear(text);
    bool fits = json_dump_callback(j, append, text, JSON_COMPACT) == 0;
    if (!fits)
        bytes_clear(text);
    return fits;
}

static void strip_secrets(json_t *groups)
{
    size_t i;
    json_t *g;
    json_array_foreach(groups, i, g)
    {
        json_object_del(g, "guide_link");
    }
}

// False when it does not fit under the ceiling.
static bool make_text_with(struct overview *o, bool with_members)
{
    const struct net_house *h = net_house(o->net);
    json_t *groups = json_array();
    enum err health = store_health(h->store);
    o->fades = false;
    for (int i = 0; i < o->count; i++) {
        struct room *room = rooms_awake(h->rooms, o->records[i].id);
        // What the room is now is what it will be when it sleeps.
        if (room) {
            o->records[i] = *room_record(room);
            o->fades = o->fades || room_lost(room, net_now(o->net)) > 0;
        }
        json_array_append_new(groups, overview_group(o->net, &o->records[i], room,
                                                     overview_what(ACCESS_ADMIN, with_members)));
    }
    json_t *j = json_pack(
        "{s:s,s:I,s:I,s:o,s:s,s:o,s:I,s:o,s:o,s:o}", "type", "house", "house_now",
        (json_int_t)net_now(o->net).us, "clock_epoch", (json_int_t)h->anchor->clock_epoch, "time",
        overview_time(o->net), "storage", health == ERR_OK ? "ok" : err_code(health), "groups",
        groups, "kiosks_rev", (json_int_t)net_kiosks_rev(o->net), "new_kiosks",
        overview_new_kiosks(o->net), "cloned", cloned_kiosks(o->net), "box", box_json(o));
    if (net_tls(o->net))
        json_object_set_new(j, "certificate", overview_certificate(o->net));
    bool fits = dump(j, &o->whole);
    strip_secrets(groups);
    if (anybody_looks(o, ACCESS_VIEWER, ACCESS_GUIDE))
        fits = dump(j, &o->public) && fits;
    else
        bytes_clear(&o->public); // rather none than an old one
    json_decref(j);
    return fits;
}

// In a very full house who is in a group gives way to which groups there are.
static void make_text(struct overview *o)
{
    if (!make_text_with(o, true) && !make_text_with(o, false))
        log_warn("overview", "the house is too large for one message");
}

static void on_tick(uv_timer_t *t)
{
    struct overview *o = t->data;
    o->running = false;
    if (!o->dirty || !o->records || !anybody_looks(o, ACCESS_VIEWER, ACCESS_ADMIN))
        return;
    make_text(o);
    o->dirty = o->fades;
    for (struct peer *p = *net_peers(o->net); p; p = p->next)
        peer_overview_changed(p);
    o->running = true;
    uv_timer_start(&o->timer, on_tick, PERIOD_MS, 0);
}

// The first change is told at once, those that follow in the next period together.
void overview_changed(struct overview *o)
{
    o->dirty = true;
    if (o->running || o->stopped || net_counters(o->net)->staff == 0)
        return; // who comes later asks (overview_wanted)
    o->running = true;
    uv_timer_start(&o->timer, on_tick, 1, 0);
}

// Nobody kept the list while nobody looked: rooms may have changed and gone to sleep since.
void overview_wanted(struct overview *o)
{
    if (!o->loading || o->stale)
        read_list(o);
}

const struct bytes *overview_text(const struct overview *o, enum access_role role)
{
    const struct bytes *text = role >= ACCESS_CURATOR ? &o->whole : &o->public;
    return role != ACCESS_NOBODY && text->len ? text : NULL;
}
