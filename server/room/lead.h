// SPDX-License-Identifier: Apache-2.0
// Lead time: how far ahead a command is planned, so that every required player has heard of it and
// is ready before its instant.
//
//   L = clamp(2 C99 + F99 + max RTT of required players + max prep + 20 ms, 150 ms, 1,500 ms)
//
// C99 is a commit, of which two may be waited for: the one under way, and one's own. F99 the
// fan-out to this room, a full round trip is a safe bound of one way, prep what a player says it
// needs to be ready at another position. Kiosks are required. Phones count by their 95th percentile
// and only up to 400 ms, so that one bad phone never delays a hall. Pure.
#ifndef SERVER_ROOM_LEAD_H
#define SERVER_ROOM_LEAD_H

#include <stdint.h>

struct lead_inputs {
    int64_t commit_p99_us;
    int64_t fanout_p99_us;
    int64_t kiosk_rtt_max_us;
    int64_t kiosk_prep_max_us;
    int64_t guest_rtt_p95_us;
};

// 150 ms: a command feels immediate below about 200 ms, and a Wi-Fi retry fits in.
#define LEAD_MIN_US INT64_C(150000)
// 1.5 s: longer, and the person at the button believes it broken.
#define LEAD_MAX_US INT64_C(1500000)
#define LEAD_GUEST_MAX_US INT64_C(400000)

int64_t lead_us(const struct lead_inputs *in);

#endif
