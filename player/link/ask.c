// SPDX-License-Identifier: Apache-2.0
#include "player/link/ask.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/clock/exchange.h"
#include "player/clock/pace.h"
#include "player/link/time_udp.h"
#include "player/loop/wake.h"

#include <errno.h>
#include <string.h>

enum {
    MS = 1000, // lws counts microseconds
    // Long enough for a busy access point, short enough that a pulled cable is noticed.
    DEAD_MS = 5000,
};

struct ask {
    struct ask_config config;
    struct wake *wake;
    struct path path;
    struct exchange by_ws, by_udp;
    struct time_udp *udp; // NULL without a session
    bool told_blocked;    // that UDP does not get through, so that it is said once
    mono_t heard;         // the last answer of the WebSocket, or its opening

    struct clock_estimate estimate;
    struct pace pace;
    struct clock_map published;
    mono_t due;                // the next turn
    bool epoch_known, current; // the published map is of this epoch
    uint32_t clock_epoch;
};

static void turn_at(struct ask *a, mono_t due)
{
    int64_t us = mono_diff_ns(due, mono_now()) / 1000;
    a->due = due;
    wake_in_us(a->wake, us);
}

// From one question to the next.
static int64_t interval_ns(const struct ask *a)
{
    const struct exchange *in_use = a->path.via == WIRE_VIA_UDP ? &a->by_udp : &a->by_ws;
    return path_interval_ns(&a->path, pace_interval_ns(&a->pace, in_use, &a->estimate));
}

// Nothing is known of house time but, when sigma is not 0, how fast it goes.
static void begin_clock(struct ask *a, double skew, double skew_sigma)
{
    clock_init(&a->estimate);
    if (skew_sigma > 0)
        clock_recall(&a->estimate, skew, skew_sigma);
    pace_init(&a->pace);
    exchange_init(&a->by_ws);
    exchange_init(&a->by_udp);
    a->current = false;
}

void ask_epoch(struct ask *a, uint32_t epoch)
{
    if (a->epoch_known && a->clock_epoch != epoch) {
        log_warn("link", "house time began anew: measuring it again");
        begin_clock(a, a->estimate.map.skew, a->estimate.map.skew_sigma);
    }
    a->epoch_known = true;
    a->clock_epoch = epoch;
}

bool ask_current(const struct ask *a)
{
    return a->current;
}

// Pairs an answer with its question. False for one that has none: it says nothing, not even which
// epoch it is; and for one of a new epoch: its question was asked under the old one.
static bool pair(struct ask *a, struct exchange *x, const struct stamp_answer *s, mono_t t4,
                 struct clock_sample *out)
{
    if (!exchange_answer(x, s->seq, (mono_t){s->t1_ns}, s->t2_house_ns, s->t3_house_ns, t4, out))
        return false;
    bool same = !a->epoch_known || a->clock_epoch == s->clock_epoch;
    ask_epoch(a, s->clock_epoch);
    return same;
}

// Another way has other floors. Until they are known well enough the old map is the better one.
static void change_path(struct ask *a)
{
    clock_repath(&a->estimate);
    pace_init(&a->pace);
}

static bool worth_publishing(const struct ask *a, mono_t now)
{
    return pace_settled(&a->pace, &a->estimate, now) ||
           (a->current && clock_uncertainty_ns(&a->estimate.map, now) <=
                              clock_uncertainty_ns(&a->published, now));
}

static void publish(struct ask *a, mono_t now)
{
    if (worth_publishing(a, now)) {
        a->published = a->estimate.map;
        clockmap_publish(a->config.clock, &a->published);
        bool renewed = !a->current;
        a->current = true;
        if (renewed)
            a->config.renewed(a->config.user);
    }
}

static void feed(struct ask *a, const struct clock_sample *s)
{
    if (!clock_add(&a->estimate, s))
        return;
    pace_note(&a->pace, &a->estimate, s);
    publish(a, s->t4);
    mono_t sooner = mono_add_ns(s->t4, interval_ns(a));
    if (mono_diff_ns(a->due, sooner) > 0)
        turn_at(a, sooner);
}

void ask_answer(struct ask *a, const void *data, size_t len, mono_t t4)
{
    struct stamp_answer answer;
    struct clock_sample s;
    if (!stamp_get_answer(data, len, &answer) || !pair(a, &a->by_ws, &answer, t4, &s))
        return;
    a->heard = t4;
    if (a->path.via == WIRE_VIA_WS)
        feed(a, &s);
}

// An earlier sample, now with the instant at which its answer left.
static void feed_again(struct ask *a, const struct sealed_left *left, mono_t now)
{
    struct clock_sample s;
    if (left->t3_house_ns != 0 &&
        exchange_answer_left(&a->by_udp, (mono_t){left->t1_ns}, left->t3_house_ns, &s) &&
        clock_add(&a->estimate, &s))
        publish(a, now);
}

static void on_udp_answer(void *user, const struct stamp_answer *answer,
                          const struct sealed_left *left, mono_t t4)
{
    struct ask *a = user;
    struct clock_sample s;
    if (!pair(a, &a->by_udp, answer, t4, &s))
        return;
    if (path_answered(&a->path)) {
        a->told_blocked = false;
        log_info("link", "the time comes over UDP");
        change_path(a);
    }
    feed_again(a, left, t4);
    feed(a, &s);
}

static void ask_udp(struct ask *a)
{
    mono_t t1 = mono_now();
    struct stamp_question q = {exchange_ask(&a->by_udp, t1), t1.ns};
    mono_t left;
    if (time_udp_ask(a->udp, &q, &left))
        exchange_left(&a->by_udp, left);
}

static void on_given_up(struct ask *a, bool changed)
{
    if (changed) {
        log_warn("link", "no answer over UDP any more: the time comes over the WebSocket");
        exchange_init(&a->by_ws);
        change_path(a);
    } else if (!a->told_blocked) {
        log_warn("link", "UDP does not get through: the time comes over the WebSocket");
    }
    a->told_blocked = true;
    exchange_init(&a->by_udp); // asked quickly, should it come back
}

static void turn(void *user)
{
    struct ask *a = user;
    mono_t now = mono_now();
    if (mono_diff_ns(now, a->heard) > DEAD_MS * INT64_C(1000000)) {
        log_warn("link", "no answer for %d s: connecting anew", DEAD_MS / 1000);
        a->config.dead(a->config.user);
        return;
    }
    struct path_turn t = path_ask(&a->path, now);
    if (t.gave_up)
        on_given_up(a, t.changed);
    if (t.udp)
        ask_udp(a);
    if (t.ws)
        a->config.want(a->config.user);
    turn_at(a, mono_add_ns(now, interval_ns(a)));
}

void ask_question(struct ask *a, uint8_t out[STAMP_QUESTION_BYTES])
{
    mono_t t1 = mono_now();
    struct stamp_question q = {exchange_ask(&a->by_ws, t1), t1.ns};
    stamp_put_question(&q, out);
}

void ask_open(struct ask *a)
{
    // Asked quickly at first, and once more after every loss: the map may have aged.
    exchange_init(&a->by_ws);
    path_open(&a->path);
    a->heard = mono_now();
    turn_at(a, mono_now());
}

void ask_close(struct ask *a)
{
    wake_stop(a->wake);
    time_udp_close(a->udp);
    a->udp = NULL;
    path_close(&a->path);
}

void ask_offer(struct ask *a, struct lws_vhost *vhost, const struct udp_peer *server,
               const struct sealed_session *session)
{
    time_udp_close(a->udp);
    a->udp = time_udp_open(vhost, server, session, on_udp_answer, a);
    if (!a->udp) {
        log_warn("link", "no UDP here (%s): the time comes over the WebSocket", strerror(errno));
        return;
    }
    exchange_init(&a->by_udp);
    path_offer(&a->path);
    turn_at(a, mono_now());
}

struct ask *ask_create(const struct ask_config *config)
{
    struct ask *a = check_alloc(calloc(1, sizeof *a));
    a->config = *config;
    begin_clock(a, config->skew, config->skew_sigma);
    a->wake = wake_create(config->context, turn, a);
    return a;
}

void ask_stop(struct ask *a)
{
    ask_close(a);
}

void ask_destroy(struct ask *a)
{
    wake_destroy(a->wake);
    free(a);
}

struct ask_stats ask_stats(const struct ask *a)
{
    struct ask_stats s = {.via = a->path.via};
    s.asking = s.via == WIRE_VIA_WS && exchange_waits(&a->by_ws);
    if (clock_valid(&a->estimate)) {
        s.rtt_us = a->estimate.rtt_min_ns / 1000;
        s.skew_ppb = (int64_t)(a->estimate.map.skew * 1e9);
        s.skew_known = a->estimate.map.skew_sigma < 0.5e-6;
        s.uncertainty_us =
            (int64_t)(clock_uncertainty_ns(a->current ? &a->published : &a->estimate.map,
                                           mono_now()) /
                      1000);
    }
    return s;
}
