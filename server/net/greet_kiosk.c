// SPDX-License-Identifier: Apache-2.0
// Kiosks that show that they hold their device key (common/wire/adopt.h), and what follows from it:
// one that brings no code waits until staff adopt it, and plays where they put it; and no second
// machine is obeyed that shows the same key.
//
//   hello ─► prove ─► proof ─┬─ code or link ──────────────► the room of it
//                            ├─ adopted: staff's place ────► that room; another one when they say
//                            so └─ not known ─► "new", listed ─ adopted ─┘        forgotten ─►
//                            closed
//
// Who shows a key that another machine on the wire has shown is asked to come again. A kiosk whose
// cable was pulled is found out by then. When the first one is heard of after the second one came,
// there are two.
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/adopt.h"
#include "server/net/peer_private.h"
#include "server/net/porter.h"

#include <sodium.h>
#include <string.h>

// What was on its way when the second one came does not count as a sign of life.
#define RIVAL_US INT64_C(1000000)

// A kiosk that has not shown its key yet.
struct proving {
    struct wire_hello hello;
    char kiosk[WIRE_KIOSK_LEN + 1];
    struct sealed_session session;
};

static void free_proving(struct peer *p)
{
    if (p->proving)
        sodium_memzero(p->proving, sizeof *p->proving);
    free(p->proving);
    p->proving = NULL;
}

static void ask_to_prove(struct peer *p, const struct wire_hello *hello, const char *kiosk)
{
    const struct sealed_pair *key = net_house(p->net)->key;
    struct wire_message m = {.type = WIRE_PROVE};
    uint8_t device[SEALED_KEY_BYTES];
    p->proving = check_alloc(calloc(1, sizeof *p->proving));
    p->proving->hello = *hello;
    snprintf(p->proving->kiosk, sizeof p->proving->kiosk, "%s", kiosk);
    do {
        randombytes_buf(&m.u.prove.id, sizeof m.u.prove.id);
    } while (m.u.prove.id == 0);
    if (!sealed_key_from_text(hello->device, device) ||
        !sealed_session_house(&p->proving->session, key, device, m.u.prove.id)) {
        free_proving(p);
        peer_send_error(p, ERR_BAD_MESSAGE, NULL, "device: not a public key");
        return;
    }
    sealed_key_text(key->public_key, m.u.prove.key);
    proof_make(&p->proving->session, PROOF_OF_HOUSE, hello->nonce, m.u.prove.mac);
    peer_send(p, &m);
}

void greet_kiosk(struct peer *p, const struct wire_hello *hello)
{
    const struct net_house *h = net_house(p->net);
    char kiosk[WIRE_KIOSK_LEN + 1];
    bool brings_code = hello->code[0] || hello->link[0];
    free_proving(p);
    lws_get_peer_simple(p->wsi, p->address, sizeof p->address);
    if (!key_id(hello->device, kiosk))
        peer_send_error(p, ERR_BAD_MESSAGE, NULL, "device: not a public key");
    else if (!h->key && brings_code)
        greet_join(p, hello);
    else if (!h->key)
        peer_send_error(p, ERR_STORAGE_FAILED, NULL, "the house has no key to show");
    else if (!brings_code && !kiosks_find(h->kiosks, kiosk) &&
             !guesses_take(net_strangers(p->net), net_now(p->net)))
        peer_send_error(p, ERR_TOO_FAST, NULL, NULL);
    else
        ask_to_prove(p, hello, kiosk);
}

// Whoever else is here as this kiosk.
static struct peer *other(struct peer *p, const char *kiosk)
{
    struct peer *o = *net_peers(p->net);
    while (o && (o == p || o->closing || strcmp(o->member.kiosk, kiosk) != 0))
        o = o->next;
    return o;
}

bool greet_may_claim(struct peer *p, const char *kiosk)
{
    struct peer *o = other(p, kiosk);
    return !o || !o->shown;
}

// True when p may go on. Who only claimed to be this kiosk makes room for it; so does an earlier
// socket of the same program.
static bool is_only_one(struct peer *p)
{
    struct peer *o;
    while ((o = other(p, p->member.kiosk))) {
        if (o->shown && (!p->run[0] || strcmp(o->run, p->run) != 0)) {
            o->rival_at = net_now(p->net);
            snprintf(o->rival, sizeof o->rival, "%s", p->address);
            return false;
        }
        peer_bye(o, "replaced", 60000);
    }
    return true;
}

void greet_heard(struct peer *p)
{
    house_t now;
    if (p->rival_at.us == 0 || house_diff_us(now = net_now(p->net), p->rival_at) < RIVAL_US)
        return;
    p->rival_at = (house_t){0};
    if (!doubles_note(net_doubles(p->net), p->member.kiosk, p->address, p->rival, now))
        return;
    log_warn("kiosks", "%s is here twice: %s is obeyed, %s is not let in", p->member.kiosk,
             p->address, p->rival);
    net_changed(p->net);
}

static void enter(struct peer *p, struct room *r)
{
    const struct net_house *h = net_house(p->net);
    const struct kiosk *k = kiosks_find(h->kiosks, p->member.kiosk);
    room_leave(&p->member, net_now(p->net));
    if (p->time_id == 0 && h->time_server)
        p->time_id = time_server_admit(h->time_server, k->device);
    room_join(r, &p->member, net_now(p->net));
    greet_welcome(p, r, NULL);
    greet_met(p, r, k->device);
    peer_send_state(p);
    p->new = false;
}

static void on_place_found(void *user, enum err e, struct room *r)
{
    struct later *l = user;
    struct peer *p = l->peer;
    if (p && !p->closing) {
        const struct kiosk *k = kiosks_find(net_house(p->net)->kiosks, p->member.kiosk);
        p->joining = false;
        if (e != ERR_OK && p->new)
            peer_bye(p, err_code(e), 5000); // and comes again, known by then
        else if (e != ERR_OK)
            peer_send_error(p, e, NULL, NULL);
        else if (k && strcmp(k->place, room_record(r)->id) == 0)
            enter(p, r);
        else
            peer_placed(p); // it was put elsewhere meanwhile
    }
    peer_later_free(l);
}

void peer_placed(struct peer *p)
{
    const struct kiosk *k = kiosks_find(net_house(p->net)->kiosks, p->member.kiosk);
    if (!p->by_place || p->joining || p->closing)
        return;
    if (!k || !k->place[0]) {
        if (p->greeted)
            peer_bye(p, "forgotten", 1000); // and comes again as a new one
        return;
    }
    if (p->member.room && strcmp(room_record(p->member.room)->id, k->place) == 0)
        return;
    p->joining = true;
    rooms_find(net_house(p->net)->rooms, ROOM_BY_ID, k->place, net_now(p->net), on_place_found,
               peer_later(p));
}

static void list_as_new(struct peer *p, const struct wire_hello *hello)
{
    if (!newcomers_met(net_newcomers(p->net), p->member.kiosk, hello->device, hello->name,
                       p->address, net_now(p->net))) {
        peer_send_error(p, ERR_HOUSE_FULL, NULL, "too many kiosks wait to be adopted");
        return;
    }
    struct wire_message m = {.type = WIRE_NEW};
    p->new = true;
    guest_is(p->guest, GUEST_IN, net_now(p->net)); // it has said who it is, and may wait for long
    log_info("kiosks", "%s (%s, %s) waits to be adopted", p->member.kiosk, hello->name, p->address);
    peer_send(p, &m);
    net_changed(p->net);
}

static void go_on(struct peer *p, const struct wire_hello *hello)
{
    const struct kiosk *k = kiosks_find(net_house(p->net)->kiosks, p->member.kiosk);
    p->member.role = ROLE_KIOSK;
    memcpy(p->member.name, hello->name, sizeof p->member.name);
    memcpy(p->member.lang, hello->lang, sizeof p->member.lang);
    if (hello->code[0] || hello->link[0]) {
        greet_join(p, hello);
        return;
    }
    p->by_place = true;
    if (k && k->place[0])
        peer_placed(p);
    else
        list_as_new(p, hello);
}

void greet_proof(struct peer *p, const struct wire_proof *proof)
{
    struct proving *v = p->proving;
    if (!v) {
        peer_send_error(p, ERR_BAD_MESSAGE, NULL, "type: nothing is to be proved");
        return;
    }
    struct wire_hello hello = v->hello;
    enum err e = ERR_WRONG_PROOF;
    if (proof_good(&v->session, PROOF_OF_KIOSK, hello.nonce, proof->mac)) {
        memcpy(p->member.kiosk, v->kiosk, sizeof p->member.kiosk);
        memcpy(p->run, hello.run, sizeof p->run);
        e = is_only_one(p) ? ERR_OK : ERR_CLONED;
    }
    free_proving(p);
    p->shown = e == ERR_OK;
    if (p->shown) {
        go_on(p, &hello);
    } else {
        p->member.kiosk[0] = '\0';
        peer_send_error(p, e, NULL, NULL);
    }
}

void greet_gone(struct peer *p)
{
    if (p->new) {
        newcomers_left(net_newcomers(p->net), p->member.kiosk, net_now(p->net));
        net_changed(p->net);
    }
    free_proving(p);
}
