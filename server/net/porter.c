// SPDX-License-Identifier: Apache-2.0
#include "server/net/porter.h"

#include "common/base/check.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 4096, // of the table of addresses; a power of two
    // One address: forty phones behind one access point that ask for a page at once, each by six
    // connections; then as many as come through a door.
    ADDRESS_BURST = 256,
    ADDRESS_PER_S = 128,
    FEW = 32, // a phone or two, with all their connections
    FEW_PER_S = 16,
    // Trusted addresses, beside all others: more kiosks and staff than any house has, in a second.
    TRUSTED_PER_S = 512,
    TRUSTED_BURST = 1024,
    TRUSTED_ADDRESS_PER_S = 32,
    TRUSTED_ADDRESS_BURST = 64,
};
// Who has just come is not sent away: a phone far off needs its time for a request.
#define NEW_US INT64_C(1000000)
#define SOCKET_US INT64_C(5000000)

struct origin {
    struct origin *next; // in the table
    struct subnets_ip ip;
    struct bucket bucket, reserve, knocks;
    bool trusted;
    house_t trusted_at;
    int waiting, in, others; // connections; others: TRUSTED
};

struct porter {
    struct porter_limits limits;
    struct bucket house, trusted;
    struct origin *table[BUCKETS];
    int origins, trusted_count;
    unsigned char key[crypto_shorthash_KEYBYTES]; // nobody can choose addresses that collide
    struct guest *first, *last;                   // waiting
    struct porter_counters counters;
};

struct porter *porter_new(const struct porter_limits *limits, house_t now)
{
    struct porter *p = check_alloc(calloc(1, sizeof *p));
    p->limits = *limits;
    p->house = (struct bucket){(double)limits->per_second, now};
    p->trusted = (struct bucket){TRUSTED_BURST, now};
    crypto_shorthash_keygen(p->key);
    return p;
}

void porter_free(struct porter *p)
{
    for (int i = 0; p && i < BUCKETS; i++) {
        while (p->table[i]) {
            struct origin *o = p->table[i];
            p->table[i] = o->next;
            free(o);
        }
    }
    free(p);
}

void porter_limit(struct porter *p, const struct porter_limits *limits)
{
    p->limits = *limits;
}

const struct porter_counters *porter_counters(const struct porter *p)
{
    return &p->counters;
}

static bool is_v6(const struct subnets_ip *ip)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(ip->bytes, mapped, sizeof mapped) != 0;
}

static struct origin **slot(struct porter *p, const struct subnets_ip *ip)
{
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, ip->bytes, sizeof ip->bytes, p->key);
    return &p->table[(hash[0] | hash[1] << 8) & (BUCKETS - 1)];
}

// NULL when there are too many.
static struct origin *origin_of(struct porter *p, struct subnets_ip ip, house_t now)
{
    if (is_v6(&ip))
        memset(ip.bytes + 8, 0, 8);
    struct origin **at = slot(p, &ip);
    for (struct origin *o = *at; o; o = o->next) {
        if (memcmp(&o->ip, &ip, sizeof ip) == 0)
            return o;
    }
    if (p->origins >= PORTER_ADDRESSES)
        return NULL;
    struct origin *o = check_alloc(calloc(1, sizeof *o));
    o->ip = ip;
    o->bucket = (struct bucket){ADDRESS_BURST, now};
    o->knocks = (struct bucket){FEW, now};
    o->reserve = (struct bucket){TRUSTED_ADDRESS_BURST, now};
    o->next = *at;
    *at = o;
    p->origins++;
    return o;
}

static bool counts_as_waiting(enum guest_stage s)
{
    return s < GUEST_IN;
}

// --- the list of those that wait -----------------------------------------------------------------

static void append(struct porter *p, struct guest *g)
{
    g->prev = p->last;
    g->next = NULL;
    *(p->last ? &p->last->next : &p->first) = g;
    p->last = g;
}

static void take_out(struct porter *p, struct guest *g)
{
    *(g->prev ? &g->prev->next : &p->first) = g->next;
    *(g->next ? &g->next->prev : &p->last) = g->prev;
    g->prev = g->next = NULL;
}

static int *count_of(struct guest *g)
{
    struct origin *o = g->origin;
    return g->stage == GUEST_IN ? &o->in : g->stage == GUEST_TRUSTED ? &o->others : &o->waiting;
}

static void put(struct guest *g, enum guest_stage stage, house_t now)
{
    g->stage = stage;
    g->since = now;
    (*count_of(g))++;
    if (counts_as_waiting(stage)) {
        append(g->porter, g);
        g->porter->counters.waiting++;
    }
}

static void withdraw(struct guest *g)
{
    g->porter->counters.shaking -= g->shaking;
    g->shaking = false;
    (*count_of(g))--;
    if (counts_as_waiting(g->stage)) {
        take_out(g->porter, g);
        g->porter->counters.waiting--;
    }
}

void guest_is(struct guest *g, enum guest_stage stage, house_t now)
{
    if (!g->origin || g->sent_away || !counts_as_waiting(g->stage))
        return;
    withdraw(g);
    put(g, stage, now);
}

void porter_left(struct guest *g)
{
    if (g->origin && !g->sent_away)
        withdraw(g);
    free(g);
}

// --- whom to send away ---------------------------------------------------------------------------

static bool may_go(const struct guest *g, house_t now)
{
    int64_t us = house_diff_us(now, g->since);
    return g->stage == GUEST_IDLE || (g->stage == GUEST_NEW && us >= NEW_US) ||
           (g->stage == GUEST_SOCKET && us >= SOCKET_US);
}

static struct guest *send_away(struct guest *g)
{
    if (!g)
        return NULL;
    withdraw(g);
    g->sent_away = true;
    g->porter->counters.sent_away++;
    return g;
}

// Of this address, or of that which has most (NULL).
static struct guest *whom(struct porter *p, const struct origin *of, house_t now)
{
    struct guest *found = NULL;
    for (struct guest *g = p->first; g; g = g->next) {
        if (!may_go(g, now) || (of && g->origin != of))
            continue;
        if (of)
            return g;
        if (!found || g->origin->waiting > found->origin->waiting)
            found = g;
    }
    return found;
}

struct guest *porter_make_room(struct porter *p, house_t now)
{
    return send_away(whom(p, NULL, now));
}

struct guest *porter_silent(struct porter *p, house_t before)
{
    for (struct guest *g = p->first; g && house_diff_us(before, g->since) > 0; g = g->next) {
        if (g->stage == GUEST_SOCKET)
            return send_away(g);
    }
    return NULL;
}

// --- who comes -----------------------------------------------------------------------------------

// The last third of the house's, and of the handshakes under way, is for addresses from where few
// come: machines that come as often as they may, from many addresses, do not take it all.
static bool slow_enough(struct porter *p, struct origin *o, bool tls, house_t now)
{
    double per_s = (double)p->limits.per_second;
    bool few = bucket_take(&o->knocks, FEW_PER_S, FEW, now);
    double least = few ? 1 : 1 + per_s / 3;
    int64_t most = few ? PORTER_SHAKING_MAX : PORTER_SHAKING_MAX * 2 / 3;
    if ((!tls || p->counters.shaking < most) &&
        bucket_fill(&p->house, per_s, per_s, now) >= least &&
        bucket_take(&o->bucket, ADDRESS_PER_S, ADDRESS_BURST, now)) {
        p->house.tokens -= 1;
        return true;
    }
    return o->trusted &&
           bucket_take(&o->reserve, TRUSTED_ADDRESS_PER_S, TRUSTED_ADDRESS_BURST, now) &&
           bucket_take(&p->trusted, TRUSTED_PER_S, TRUSTED_BURST, now);
}

// A place to wait, if need be by sending another away. False when there is none.
static bool has_place(struct porter *p, struct origin *o, house_t now, struct guest **leaves)
{
    int64_t most = PORTER_WAITING_MAX - (o->trusted ? 0 : PORTER_KEPT_BACK);
    struct guest *g = NULL;
    if (o->waiting >= p->limits.waiting_per_address)
        g = whom(p, o, now);
    else if (p->counters.waiting >= most)
        g = whom(p, NULL, now);
    else
        return true;
    *leaves = send_away(g);
    return g != NULL;
}

static struct guest *guest_new(struct porter *p)
{
    struct guest *g = check_alloc(calloc(1, sizeof *g));
    g->porter = p;
    return g;
}

struct guest *porter_admit(struct porter *p, const struct sockaddr *from, bool tls, house_t now,
                           struct guest **leaves)
{
    struct subnets_ip ip;
    *leaves = NULL;
    if (!subnets_ip_of(from, &ip) || subnets_have(&p->limits.exempt, &ip))
        return guest_new(p);
    struct origin *o = origin_of(p, ip, now);
    if (!o || !slow_enough(p, o, tls, now)) {
        p->counters.too_fast++;
        return NULL;
    }
    if (!has_place(p, o, now, leaves)) {
        p->counters.too_many++;
        return NULL;
    }
    struct guest *g = guest_new(p);
    g->origin = o;
    g->shaking = tls;
    p->counters.shaking += tls;
    put(g, GUEST_NEW, now);
    return g;
}

bool guest_is_welcome(const struct guest *g)
{
    return !g->origin || g->origin->trusted;
}

bool guest_may_enter(const struct guest *g)
{
    return !g->origin || g->origin->in < g->porter->limits.sockets_per_address;
}

// --- who is trusted ------------------------------------------------------------------------------

static struct origin *trusted_longest_ago(struct porter *p)
{
    struct origin *found = NULL;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct origin *o = p->table[i]; o; o = o->next) {
            if (o->trusted && (!found || house_diff_us(o->trusted_at, found->trusted_at) < 0))
                found = o;
        }
    }
    return found;
}

static void trust(struct porter *p, struct origin *o, house_t now)
{
    if (!o->trusted && p->trusted_count == PORTER_TRUSTED_MAX)
        trusted_longest_ago(p)->trusted = false;
    else if (!o->trusted)
        p->trusted_count++;
    o->trusted = true;
    o->trusted_at = now;
}

void porter_trust(struct porter *p, const char *address, house_t now)
{
    struct subnets_ip ip;
    struct origin *o = subnets_ip_parse(address, &ip) ? origin_of(p, ip, now) : NULL;
    if (o)
        trust(p, o, now);
}

void guest_trusted(struct guest *g, house_t now)
{
    if (!g->origin)
        return;
    trust(g->porter, g->origin, now);
    if (g->stage == GUEST_SOCKET)
        guest_is(g, GUEST_TRUSTED, now);
}

static bool is_needed(struct origin *o, house_t now)
{
    return o->trusted || o->waiting || o->in || o->others ||
           bucket_fill(&o->bucket, ADDRESS_PER_S, ADDRESS_BURST, now) < ADDRESS_BURST;
}

// Who keeps a handshake open for long costs nothing by that, and keeps nobody else out.
static void forget_shaking(struct porter *p, house_t now)
{
    for (struct guest *g = p->first; g && p->counters.shaking > 0; g = g->next) {
        if (g->shaking && house_diff_us(now, g->since) >= NEW_US) {
            g->shaking = false;
            p->counters.shaking--;
        }
    }
}

void porter_sweep(struct porter *p, house_t now)
{
    forget_shaking(p, now);
    for (int i = 0; i < BUCKETS; i++) {
        for (struct origin **at = &p->table[i]; *at;) {
            struct origin *o = *at;
            if (is_needed(o, now)) {
                at = &o->next;
                continue;
            }
            *at = o->next;
            p->origins--;
            free(o);
        }
    }
}
