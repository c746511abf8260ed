// SPDX-License-Identifier: Apache-2.0
// Kiosks over HTTP: list, show, adopt, find by ear, set, forget.
#include "common/wire/zone.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/page.h"
#include "server/net/peer.h"
#include "server/net/precondition.h"
#include "server/net/routes.h"

#include <string.h>

static bool is_admin(const struct request *r)
{
    return r->rank >= ACCESS_ADMIN;
}

// `m`: its newest socket; NULL while it is away.
static json_t *kiosk_json(struct net *net, const struct kiosk *k, const struct room_member *m)
{
    json_t *j = json_pack("{s:s,s:s,s:b,s:s,s:I,s:I,s:i}", "id", k->id, "name",
                          k->name[0] ? k->name : k->said, "online", m != NULL, "group", k->group,
                          "first_seen", (json_int_t)k->first_seen.us, "last_seen",
                          (json_int_t)k->last_seen.us, "ceiling", k->ceiling_ddb);
    zone_encode(j, &k->zone);
    if (k->place[0])
        json_object_set_new(j, "place", json_string(k->place));
    json_t *twice = overview_double(net, k->id);
    if (twice)
        json_object_set_new(j, "cloned", twice);
    if (m && m->lang[0])
        json_object_set_new(j, "lang", json_string(m->lang));
    if (m && m->has_report)
        json_object_set_new(j, "report", overview_report(&m->report));
    return j;
}

void api_kiosks_list(struct request *r)
{
    int count;
    const struct kiosks *kiosks = net_house(r->net)->kiosks;
    const struct kiosk *all = kiosks_all(kiosks, &count);
    const struct room_member *here[KIOSKS_MAX] = {NULL};
    // Once through all sockets, of which there are many, the newest first.
    for (const struct peer *p = *net_peers(r->net); p; p = p->next) {
        const struct kiosk *k =
            p->greeted && p->member.kiosk[0] ? kiosks_find(kiosks, p->member.kiosk) : NULL;
        if (k && !here[k - all])
            here[k - all] = &p->member;
    }
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, kiosk_json(r->net, &all[i], here[i]));
    page_answer(r, "kiosks", list, json_pack("{s:o}", "new", overview_new_kiosks(r->net)));
}

// Of what staff set: the same while it comes and goes.
static void tag_of(const struct kiosk *k, char tag[PRECONDITION_TAG_MAX + 1])
{
    json_t *j =
        json_pack("{s:s,s:s,s:i}", "name", k->name, "place", k->place, "ceiling", k->ceiling_ddb);
    zone_encode(j, &k->zone);
    precondition_tag(j, tag);
    json_decref(j);
}

void api_kiosks_show(struct request *r)
{
    const struct kiosk *k = kiosks_find(net_house(r->net)->kiosks, r->parts[3]);
    if (!k) {
        request_problem(r, ERR_NOT_FOUND, NULL);
        return;
    }
    const struct peer *p = *net_peers(r->net);
    while (p && (!p->greeted || strcmp(p->member.kiosk, k->id) != 0))
        p = p->next;
    char tag[PRECONDITION_TAG_MAX + 1], etag[PRECONDITION_HEADER_SIZE];
    tag_of(k, tag);
    precondition_header(tag, etag);
    request_json_with(r, 200, kiosk_json(r->net, k, p ? &p->member : NULL), etag);
}

static void read_patch(struct json_reader *jr, struct kiosk_patch *p)
{
    *p = (struct kiosk_patch){.has_name = json_has(jr, "name"),
                              .has_place = json_has(jr, "place"),
                              .has_trim = json_has(jr, "trim"),
                              .has_gain = json_has(jr, "gain"),
                              .has_ceiling = json_has(jr, "ceiling"),
                              .has_mute = json_has(jr, "mute")};
    json_get_string(jr, "name", false, p->name, sizeof p->name);
    json_get_string(jr, "place", false, p->place, sizeof p->place);
    if (jr->err == ERR_OK && p->has_place && !wire_id_valid(p->place))
        json_fail(jr, "place", "not a group's id");
    p->trim_us = zone_get_trim(jr, false, 0);
    p->gain_ddb = zone_get_gain(jr, "gain", false, 0);
    p->ceiling_ddb = zone_get_gain(jr, "ceiling", false, 0);
    p->mute = json_get_bool(jr, "mute", false);
    p->outputs = zone_get_map(jr, true, p->map);
}

static void on_changed(void *user, enum err e)
{
    struct request *r = user;
    if (e == ERR_OK)
        api_kiosks_show(r);
    else
        request_problem(r, e, e == ERR_FORBIDDEN ? "ceiling: for admins" : NULL);
    request_unref(r);
}

// False, and answered, when somebody else was faster. The kiosks look again where changes meet.
static bool builds_on(struct request *r, struct kiosk_patch *patch)
{
    char tag[PRECONDITION_TAG_MAX + 1] = "";
    struct precondition on;
    if (!precondition_read(r, &on))
        return false;
    const struct kiosk *k = kiosks_find(net_house(r->net)->kiosks, r->parts[3]);
    if (k)
        tag_of(k, tag);
    if (on.any || !k) // one that is not there is said by the change
        return true;
    patch->seen = k;
    bool holds = precondition_holds(&on, tag);
    if (!holds)
        request_problem(r, ERR_PRECONDITION_FAILED, NULL);
    return holds;
}

void api_kiosks_change(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct json_reader jr;
    struct kiosk_patch patch;
    json_reader_init(&jr, body);
    read_patch(&jr, &patch);
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else if (builds_on(r, &patch))
        kiosks_change(net_house(r->net)->kiosks, r->parts[3], &patch, is_admin(r), on_changed,
                      request_ref(r));
}

static bool read_adoption(struct request *r, struct kiosk_patch *p)
{
    json_t *body = request_body_json(r);
    if (!body)
        return false;
    struct json_reader jr;
    json_reader_init(&jr, body);
    *p = (struct kiosk_patch){.has_place = true, .has_name = json_has(&jr, "name")};
    json_get_string(&jr, "name", false, p->name, sizeof p->name);
    json_get_string(&jr, "group", true, p->place, sizeof p->place);
    if (jr.err == ERR_OK && !wire_id_valid(p->place))
        json_fail(&jr, "group", "not a group's id");
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    return jr.err == ERR_OK;
}

void api_kiosks_adopt(struct request *r)
{
    struct kiosks *kiosks = net_house(r->net)->kiosks;
    const struct newcomer *one = newcomers_find(net_newcomers(r->net), r->parts[3]);
    struct kiosk_patch patch;
    if (!one && !kiosks_find(kiosks, r->parts[3]))
        request_problem(r, ERR_NOT_FOUND, NULL);
    else if (!read_adoption(r, &patch))
        return;
    else if (one)
        kiosks_adopt(kiosks, one->id, one->device, one->said, &patch, net_now(r->net), on_changed,
                     request_ref(r));
    else
        kiosks_change(kiosks, r->parts[3], &patch, false, on_changed, request_ref(r));
}

// Tells each socket of the kiosk; those that wait to be adopted only when asked.
static void tell(struct request *r, bool new_ones, void (*say)(struct peer *p))
{
    int told = 0;
    for (struct peer *p = *net_peers(r->net); p; p = p->next) {
        if ((p->greeted || (new_ones && p->new)) && strcmp(p->member.kiosk, r->parts[3]) == 0) {
            say(p);
            told++;
        }
    }
    if (told)
        request_empty(r, 204, "");
    else
        request_problem(r, ERR_NOT_FOUND, "it is not here");
}

void api_kiosks_identify(struct request *r)
{
    tell(r, true, peer_identify);
}

void api_kiosks_tone(struct request *r)
{
    tell(r, false, peer_tone);
}

// A list for each figure; null where it said nothing, and errors only while it sounded.
static json_t *trace_json(const char *id, const struct trace_point *p, int n)
{
    json_t *error = json_array(), *dac = json_array(), *buffer = json_array(),
           *xruns = json_array();
    for (int i = 0; i < n; i++) {
        json_array_append_new(error, p[i].sounding ? json_integer(p[i].error_us) : json_null());
        json_array_append_new(dac, p[i].sounding ? json_integer(p[i].dac_ppb) : json_null());
        json_array_append_new(buffer, p[i].heard ? json_integer(p[i].buffer_ms) : json_null());
        json_array_append_new(xruns, p[i].heard ? json_integer(p[i].xruns) : json_null());
    }
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "id", id, "error_us", error, "dac_ppb", dac,
                     "buffer_ms", buffer, "xruns", xruns);
}

void api_kiosks_traces(struct request *r)
{
    int count;
    const struct kiosk *all = kiosks_all(net_house(r->net)->kiosks, &count);
    struct trace_point points[TRACES_POINTS];
    json_t *list = json_array();
    house_t now = net_now(r->net);
    for (int i = 0; i < count; i++) {
        int n = traces_get(net_traces(r->net), all[i].id, now, points);
        if (n > 0)
            json_array_append_new(list, trace_json(all[i].id, points, n));
    }
    request_json(r, 200,
                 json_pack("{s:I,s:I,s:o}", "every", (json_int_t)TRACES_EVERY_US, "until",
                           (json_int_t)now.us, "kiosks", list));
}

static void on_forgotten(void *user, enum err e)
{
    struct request *r = user;
    if (e == ERR_OK)
        request_empty(r, 204, "");
    else
        request_problem(r, e, e == ERR_FORBIDDEN ? "for admins: its ceiling would go too" : NULL);
    request_unref(r);
}

// One that only waits is asked to wait elsewhere.
static bool dismiss(struct request *r)
{
    bool known = newcomers_find(net_newcomers(r->net), r->parts[3]);
    for (struct peer *p = *net_peers(r->net); known && p; p = p->next) {
        if (p->new &&strcmp(p->member.kiosk, r->parts[3]) == 0)
            peer_bye(p, "dismissed", 60000);
    }
    newcomers_drop(net_newcomers(r->net), r->parts[3]);
    if (known)
        net_changed(r->net);
    return known;
}

void api_kiosks_forget(struct request *r)
{
    if (dismiss(r)) {
        request_empty(r, 204, "");
        return;
    }
    kiosks_forget(net_house(r->net)->kiosks, r->parts[3], is_admin(r), on_forgotten,
                  request_ref(r));
}
