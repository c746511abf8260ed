// SPDX-License-Identifier: Apache-2.0
// Rooms full of members, and the guide of each who commands. A command is a seek to a position that
// nobody else asks for: a state tells by its position which commands it covers. Since a state is
// the room's whole state, one may cover several; what is counted is
//
//   heard     commands that a member has learnt of, by whatever state
//   messages  states that came
//
// Two kinds of work: `flight` commands of each room are always under way (closed loop), or `rate`
// commands per second and room leave at planned instants, whether or not the last was answered
// (open loop). With neither the members just sit there.
#ifndef TESTS_BENCH_HUB_LOAD_H
#define TESTS_BENCH_HUB_LOAD_H

#include "tests/bench/hub_figures.h"

#include <stdbool.h>

struct load_plan {
    const char *address;
    int port, pid;    // of the server; pid 0: its figures are not asked for
    int rooms, first; // room n is link-n, guide-n, r-n; n from `first` on
    int members;      // of each room, its guide among them
    int flight;       // commands under way in each room
    double rate;      // commands per second and room
    double warm_s, for_s;
    int ask_ms;   // asks the time so often; 0: never
    bool by_path; // the room is in the path as well, /ws?room=N, for those that want it there
};

struct load_result {
    double seconds;
    int64_t commands, heard, messages; // while it was measured
    int64_t missing, errors, lost;     // not heard in the end; refused; sockets that broke
    int64_t server_cpu_us, own_cpu_us;
    int64_t pss_before_kib, pss_kib; // before anybody came, and with all there
    double join_s;
    struct spans arrival; // rated: planned instant to the kernel's stamp, each member
    struct spans last;    // ... of each command's last member
    struct spans spread;  // ... from the first member to the last
    struct spans late;    // ... planned instant to its leaving: the generator's share of these
    struct spans ask;     // time questions, there and back
};

// False, and said why on stderr, when it could not be done at all.
bool load_run(const struct load_plan *plan, struct load_result *out);

#endif
