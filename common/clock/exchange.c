// SPDX-License-Identifier: Apache-2.0
#include "common/clock/exchange.h"

void exchange_init(struct exchange *x)
{
    x->seq = 0;
    x->answered = 0;
    for (int i = 0; i < EXCHANGE_PENDING; i++)
        x->pending[i].seq = 0;
}

uint32_t exchange_ask(struct exchange *x, mono_t t1)
{
    x->seq = x->seq == UINT32_MAX ? 1 : x->seq + 1;
    int slot = (int)(x->seq % EXCHANGE_PENDING);
    x->pending[slot].seq = x->seq;
    x->pending[slot].t1 = t1;
    return x->seq;
}

bool exchange_answer(struct exchange *x, uint32_t seq, mono_t t1, int64_t t2_house_ns,
                     int64_t t3_house_ns, mono_t t4, struct clock_sample *out)
{
    int slot = (int)(seq % EXCHANGE_PENDING);
    if (seq == 0 || x->pending[slot].seq != seq || x->pending[slot].t1.ns != t1.ns)
        return false;
    x->pending[slot].seq = 0;
    x->answered++;
    *out = (struct clock_sample){t1, t2_house_ns, t3_house_ns, t4};
    return true;
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
