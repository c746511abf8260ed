// SPDX-License-Identifier: Apache-2.0
#include "server/room/lead.h"

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

void lead_fanout_learn(struct lead_fanout *f, int64_t took_ns, int members)
{
    enum { MEAN = 16, MEMBER_MAX_NS = 1000000 };
    if (took_ns / members <= MEMBER_MAX_NS)
        f->member_ns += (took_ns / members - f->member_ns) / MEAN;
}

int64_t lead_fanout_us(const struct lead_fanout *f, int members)
{
    int64_t mean_us = (f->waiting + (int64_t)members) * f->member_ns / 1000;
    return mean_us + mean_us / 4; // of 10,000 the last by p99 took a fifth more than their mean
}

int64_t lead_us(const struct lead_inputs *in)
{
    // Reports are input: each figure is bounded before it counts.
    int64_t kiosks =
        clamp(in->kiosk_rtt_max_us, 0, LEAD_MAX_US) + clamp(in->kiosk_prep_max_us, 0, LEAD_MAX_US);
    int64_t guests = clamp(in->guest_rtt_p95_us, 0, LEAD_GUEST_MAX_US);
    int64_t players = kiosks > guests ? kiosks : guests;
    int64_t box = 2 * clamp(in->commit_p99_us, 0, LEAD_MAX_US) +
                  clamp(in->fanout_p99_us, 0, LEAD_FANOUT_MAX_US);
    return clamp(box + players + 20000, LEAD_MIN_US, LEAD_MAX_US);
}
