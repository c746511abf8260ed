// SPDX-License-Identifier: Apache-2.0
#include "common/clock/exchange.h"

void exchange_init(struct exchange *x)
{
    x->seq = 0;
    x->answered = 0;
    for (int i = 0; i < EXCHANGE_PENDING; i++)
        x->questions[i].seq = 0;
}

static struct exchange_question *question(struct exchange *x, uint32_t seq)
{
    return &x->questions[seq % EXCHANGE_PENDING];
}

uint32_t exchange_ask(struct exchange *x, mono_t t1)
{
    x->seq = x->seq == UINT32_MAX ? 1 : x->seq + 1;
    struct exchange_question *q = question(x, x->seq);
    q->seq = x->seq;
    q->t1 = q->sample.t1 = t1;
    q->open = true;
    return x->seq;
}

void exchange_left(struct exchange *x, mono_t left)
{
    struct exchange_question *q = question(x, x->seq);
    if (mono_diff_ns(left, q->t1) > 0)
        q->sample.t1 = left;
}

bool exchange_answer(struct exchange *x, uint32_t seq, mono_t t1, int64_t t2_house_ns,
                     int64_t t3_house_ns, mono_t t4, struct clock_sample *out)
{
    struct exchange_question *q = question(x, seq);
    if (seq == 0 || q->seq != seq || !q->open || q->t1.ns != t1.ns)
        return false;
    q->open = false;
    x->answered++;
    q->sample = (struct clock_sample){q->sample.t1, t2_house_ns, t3_house_ns, t4};
    *out = q->sample;
    return true;
}

bool exchange_answer_left(struct exchange *x, mono_t t1, int64_t t3_house_ns,
                          struct clock_sample *out)
{
    for (int i = 0; i < EXCHANGE_PENDING; i++) {
        struct exchange_question *q = &x->questions[i];
        if (q->seq == 0 || q->open || q->t1.ns != t1.ns)
            continue;
        q->seq = 0; // once
        if (t3_house_ns <= q->sample.t3_house_ns)
            return false;
        q->sample.t3_house_ns = t3_house_ns;
        *out = q->sample; // that it left after it arrived is for the estimator to see
        return true;
    }
    return false;
}

bool exchange_waits(const struct exchange *x)
{
    return x->seq != 0 && x->questions[x->seq % EXCHANGE_PENDING].open;
}

int64_t exchange_interval_ns(const struct exchange *x)
{
    const int64_t ms = 1000000;
    // 12 questions in 0.3 s put the offset within the wire's own jitter; three seconds more at
    // 4/s give the slope a first span; then one a second keeps 60 points in the window.
    if (x->answered < 12)
        return 25 * ms;
    if (x->answered < 24)
        return 250 * ms;
    return 1000 * ms;
}
