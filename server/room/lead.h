// SPDX-License-Identifier: Apache-2.0
// Lead time: how far ahead a command is planned, so that every required player has heard of it and
// is ready before its instant.
//
//   L = clamp(2 C99 + F99 + max RTT of required players + max prep + 20 ms, 150 ms, 1,500 ms)
//
// C99 is a commit, of which two may be waited for: the one under way, and one's own. F99 is the
// fan-out to this room, a full round trip is a safe bound of one way, prep what a player says it
// needs to be ready at another position. Kiosks are required, and are spoken to first. Phones count
// by their 95th percentile and only up to 400 ms, so that one bad phone never delays a hall.
//
// F99 is not remembered but worked out: a group of ten thousand that was silent for an hour takes
// its fifth of a second all the same. Its last member hears of a command when all have that wait
// for something now, in whatever room, and all members before it. Pure.
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
// Twice what 10,000 take on two old cores: more is a machine that is at something else just now.
#define LEAD_FANOUT_MAX_US INT64_C(500000)

// How fast the house speaks. Kept by whoever does the speaking.
struct lead_fanout {
    int64_t member_ns; // that one member takes, with all that is done between two; a mean
    int waiting;       // members of all rooms that have not heard yet of what is new
};
// Before anything was measured: a small machine's write to a socket, and what is around it.
#define LEAD_MEMBER_NS INT64_C(20000)

// So many took so long, one after the other; a mean over some hundreds. More than a millisecond
// each is no measure: the machine slept.
void lead_fanout_learn(struct lead_fanout *f, int64_t took_ns, int members);
int64_t lead_fanout_us(const struct lead_fanout *f, int members);

int64_t lead_us(const struct lead_inputs *in);

#endif
