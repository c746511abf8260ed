// SPDX-License-Identifier: Apache-2.0
// Who is at the other end: joining by code or link, coming back by a session's token, staff by
// their login. A visitor hears "welcome" as soon as the room is found; the token that brings them
// back follows when it is on disk, so a slow card keeps nobody waiting.
#include "common/base/check.h"
#include "common/base/joincode.h"
#include "common/wire/adopt.h"
#include "server/net/overview.h"
#include "server/net/peer_private.h"
#include "server/net/porter.h"

#include <string.h>

// Staff, and kiosks that staff have adopted, are let in whatever crowd is at the door.
static void greet_place(struct peer *p)
{
    const struct kiosk *k =
        p->shown ? kiosks_find(net_house(p->net)->kiosks, p->member.kiosk) : NULL;
    if (p->member.role == ROLE_STAFF || (k && k->kept))
        guest_trusted(p->guest, net_now(p->net));
    else
        guest_is(p->guest, GUEST_IN, net_now(p->net));
}

void greet_welcome(struct peer *p, struct room *r, const struct visit *resumed)
{
    const struct net_house *h = net_house(p->net);
    struct wire_message m = {.type = WIRE_WELCOME};
    snprintf(m.u.welcome.member, sizeof m.u.welcome.member, "%s", p->member.id);
    m.u.welcome.role = p->member.role;
    m.u.welcome.clock_epoch = h->anchor->clock_epoch;
    m.u.welcome.house_now = net_now(p->net);
    if (r) {
        memcpy(m.u.welcome.group, room_record(r)->id, sizeof m.u.welcome.group);
        memcpy(m.u.welcome.group_name, room_record(r)->name, sizeof m.u.welcome.group_name);
    }
    if (p->member.role == ROLE_VISITOR && r)
        m.u.welcome.pin = room_record(r)->guide_pin[0] != '\0';
    if (p->member.role == ROLE_GUIDE) {
        snprintf(m.u.welcome.code, sizeof m.u.welcome.code, "%s", room_record(r)->code);
        snprintf(m.u.welcome.link, sizeof m.u.welcome.link, "/j/%s", room_record(r)->link);
    }
    if (p->time_id) {
        m.u.welcome.time.id = p->time_id;
        snprintf(m.u.welcome.time.key, sizeof m.u.welcome.time.key, "%s",
                 time_server_key(h->time_server));
        // It answers at the port of HTTP.
        if (lws_is_ssl(p->wsi))
            m.u.welcome.time.port = net_port(p->net);
    }
    if (resumed) {
        m.u.welcome.resumed = true;
        memcpy(m.u.welcome.lang, p->member.lang, sizeof m.u.welcome.lang);
        m.u.welcome.trim_us = resumed->trim_us;
    }
    peer_send(p, &m);
    p->greeted = true;
    peer_tell_of_group(p, net_now(p->net));
    greet_place(p);
}

static void describe_visit(const struct peer *p, struct visit *v)
{
    memset(v, 0, sizeof *v);
    snprintf(v->room, sizeof v->room, "%s", room_record(p->member.room)->id);
    snprintf(v->member, sizeof v->member, "%s", p->member.id);
    snprintf(v->name, sizeof v->name, "%s", p->member.name);
    snprintf(v->lang, sizeof v->lang, "%s", p->member.lang);
    v->role = p->member.role;
    v->trim_us = p->trim_us;
}

static void on_begun(void *user, const char *token)
{
    struct later *l = user;
    struct peer *p = l->peer;
    if (p && token) {
        struct visit v;
        struct wire_message m = {.type = WIRE_SESSION};
        snprintf(m.u.session.token, sizeof m.u.session.token, "%s", token);
        m.u.session.valid_s = VISITS_VALID_US / 1000000;
        snprintf(p->token, sizeof p->token, "%s", token);
        peer_send(p, &m);
        // What it said to keep meanwhile.
        describe_visit(p, &v);
        if (v.role != l->visit.role || v.trim_us != l->visit.trim_us ||
            strcmp(v.lang, l->visit.lang) != 0 || strcmp(v.name, l->visit.name) != 0)
            visits_keep(net_house(p->net)->store, token, &v);
    }
    peer_later_free(l);
}

static void begin_visit(struct peer *p)
{
    struct later *l = peer_later(p);
    describe_visit(p, &l->visit);
    visits_begin(net_house(p->net)->store, &l->visit, net_now(p->net), on_begun, l);
}

// What the phone says itself counts for more than what was kept of it.
static void take_visit(struct peer *p, const struct later *l)
{
    const struct visit *v = &l->visit;
    snprintf(p->member.id, sizeof p->member.id, "%s", v->member);
    if (!p->member.lang[0])
        snprintf(p->member.lang, sizeof p->member.lang, "%s", v->lang);
    if (!p->member.name[0])
        snprintf(p->member.name, sizeof p->member.name, "%s", v->name);
    p->trim_us = v->trim_us;
    snprintf(p->token, sizeof p->token, "%s", l->hello.session);
}

// A kiosk that says by which key it is known may ask the time over UDP.
static void admit_time(struct peer *p, const struct wire_hello *hello)
{
    struct time_server *s = net_house(p->net)->time_server;
    if (s && hello->role == ROLE_KIOSK && hello->device[0])
        p->time_id = time_server_admit(s, hello->device);
}

// Its zone comes before the state, so that the first sound is right.
void greet_met(struct peer *p, struct room *r, const char *device)
{
    struct kiosks *kiosks = net_house(p->net)->kiosks;
    struct wire_zone zone = kiosks_zone(kiosks, p->member.kiosk);
    peer_send_zone(p, &zone);
    kiosks_met(kiosks, p->member.kiosk, device, p->member.name, room_record(r)->id,
               p->shown ? p->address : "", net_now(p->net));
}

// Who became a guide by the PIN comes back as one, by the visitors' code or link.
static bool is_same(const struct room *r, const struct later *l)
{
    const struct visit *v = &l->visit;
    return l->has_visit && strcmp(v->room, room_record(r)->id) == 0 &&
           (v->role == (int)l->hello.role ||
            (v->role == ROLE_GUIDE && l->hello.role == ROLE_VISITOR));
}

static void enter(struct peer *p, struct room *r, const struct later *l)
{
    bool same = is_same(r, l), visitor = l->hello.role == ROLE_VISITOR;
    bool crowded = !guest_may_enter(p->guest);
    if (crowded || (visitor && !same && net_full(p->net))) {
        peer_send_error(p, ERR_HOUSE_FULL, NULL, crowded ? "too many from this address" : NULL);
        p->closing = true; // the socket is wanted for somebody who may come in
        return;
    }
    p->visitor = visitor;
    net_counters(p->net)->visitors += visitor;
    p->member.role = same ? (enum wire_role)l->visit.role : l->hello.role;
    memcpy(p->member.name, l->hello.name, sizeof p->member.name);
    memcpy(p->member.lang, l->hello.lang, sizeof p->member.lang);
    if (same)
        take_visit(p, l);
    if (l->hello.role == ROLE_KIOSK && l->hello.device[0])
        CHECK(key_id(l->hello.device, p->member.kiosk));
    admit_time(p, &l->hello);
    room_join(r, &p->member, net_now(p->net));
    greet_welcome(p, r, same ? &l->visit : NULL);
    if (p->member.kiosk[0])
        greet_met(p, r, l->hello.device);
    peer_send_state(p);
    if (!same && p->member.role != ROLE_KIOSK)
        begin_visit(p);
}

static void on_room_found(void *user, enum err e, struct room *r)
{
    struct later *l = user;
    struct peer *p = l->peer;
    bool by_code = !l->hello.link[0];
    if (e == ERR_UNKNOWN_GROUP) {
        e = ERR_WRONG_CODE;
        if (by_code)
            net_counters(l->net)->wrong_codes++;
    } else if (by_code) {
        guesses_give_back(net_guesses(l->net));
    }
    if (p) {
        p->joining = false;
        if (e == ERR_OK)
            enter(p, r, l);
        else
            peer_send_error(p, e, NULL, NULL);
    }
    peer_later_free(l);
}

static void find_room(struct later *l)
{
    const struct wire_hello *h = &l->hello;
    char code[JOINCODE_DIGITS + 1] = "";
    enum room_key kind = !h->link[0]             ? ROOM_BY_CODE
                         : h->role == ROLE_GUIDE ? ROOM_BY_GUIDE_LINK
                                                 : ROOM_BY_LINK;
    if (kind == ROOM_BY_CODE)
        CHECK(joincode_parse(h->code, code));
    rooms_find(net_house(l->net)->rooms, kind, kind == ROOM_BY_CODE ? code : h->link,
               net_now(l->net), on_room_found, l);
}

static void on_resumed(void *user, const struct visit *v)
{
    struct later *l = user;
    l->has_visit = v != NULL;
    if (v)
        l->visit = *v;
    find_room(l);
}

void greet_join(struct peer *p, const struct wire_hello *hello)
{
    house_t now = net_now(p->net);
    char code[JOINCODE_DIGITS + 1], kiosk[WIRE_KIOSK_LEN + 1];
    bool by_link = hello->link[0] != '\0';
    if (hello->device[0] && !key_id(hello->device, kiosk)) {
        peer_send_error(p, ERR_BAD_MESSAGE, NULL, "device: not a public key");
        return;
    }
    if (hello->device[0] && hello->role == ROLE_KIOSK && !p->shown && !greet_may_claim(p, kiosk)) {
        peer_send_error(p, ERR_CLONED, NULL, NULL);
        return;
    }
    if (!by_link && !joincode_parse(hello->code, code)) {
        peer_send_error(p, ERR_CODE_SLIP, NULL, NULL);
        return;
    }
    if (!by_link && !guesses_take(net_guesses(p->net), now)) {
        peer_send_error(p, ERR_TOO_MANY_GUESSES, NULL, NULL);
        return;
    }
    struct later *l = peer_later(p);
    l->hello = *hello;
    p->joining = true;
    if (hello->session[0] && hello->role != ROLE_KIOSK)
        visits_resume(net_house(p->net)->store, hello->session, now, on_resumed, l);
    else
        find_room(l);
}

static void greet_staff(struct peer *p, const struct wire_hello *hello)
{
    const char *token = hello->session[0] ? hello->session : p->agent_token;
    const struct access_login *l = access_check(net_house(p->net)->access, token, net_now(p->net));
    if (!l) {
        peer_send_error(p, ERR_UNAUTHORIZED, NULL, NULL);
        return;
    }
    snprintf(p->user, sizeof p->user, "%s", l->user->name);
    snprintf(p->login, sizeof p->login, "%s", l->id);
    p->member.role = ROLE_STAFF;
    p->staff = true;
    net_counters(p->net)->staff++;
    greet_welcome(p, NULL, NULL);
    overview_wanted(net_overview(p->net));
    p->overview_due = overview_text(net_overview(p->net), l->user->role) != NULL;
}

void greet_hello(struct peer *p, const struct wire_hello *hello)
{
    if (p->greeted || p->joining || p->new) {
        peer_send_error(p, ERR_BAD_MESSAGE, NULL, "type: hello was said already");
        return;
    }
    bool shows = hello->role == ROLE_KIOSK && hello->device[0] && hello->nonce[0];
    p->shown = p->by_place = false; // of a hello before this one
    p->member.kiosk[0] = '\0';
    if (hello->role == ROLE_STAFF)
        greet_staff(p, hello);
    else if (shows)
        greet_kiosk(p, hello);
    else
        greet_join(p, hello);
}

void greet_guide(struct peer *p)
{
    room_promote(&p->member, ROLE_GUIDE, net_now(p->net));
    greet_welcome(p, p->member.room, NULL);
    if (!p->token[0])
        return; // it is on its way, and will say so then
    struct visit v;
    describe_visit(p, &v);
    visits_keep(net_house(p->net)->store, p->token, &v);
}

void greet_keep(struct peer *p, const struct wire_keep *keep)
{
    if (!p->member.room || p->member.role == ROLE_KIOSK) {
        peer_send_error(p, p->greeted ? ERR_FORBIDDEN : ERR_UNAUTHORIZED, NULL, NULL);
        return;
    }
    if (keep->has_trim)
        p->trim_us = keep->trim_us;
    if (keep->lang[0])
        memcpy(p->member.lang, keep->lang, sizeof p->member.lang);
    if (keep->name[0])
        memcpy(p->member.name, keep->name, sizeof p->member.name);
    net_changed(p->net);
    if (!p->token[0])
        return; // its token is not on disk: nothing is kept, nothing is lost
    struct visit v;
    describe_visit(p, &v);
    visits_keep(net_house(p->net)->store, p->token, &v);
}

void greet_forget(struct peer *p)
{
    if (p->token[0])
        visits_forget(net_house(p->net)->store, p->token);
    p->token[0] = '\0';
}
