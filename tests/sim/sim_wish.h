// SPDX-License-Identifier: Apache-2.0
// What somebody asks for: every command there is, with arguments that make sense, that nearly do,
// and that do not.
#ifndef TESTS_SIM_SIM_WISH_H
#define TESTS_SIM_SIM_WISH_H

#include "common/wire/wire.h"
#include "tests/sim/sim.h"

struct wish_maker {
    struct sim *sim;
    enum wire_role role;
    int room;                      // index; staff choose any
    int64_t fence;                 // of the lease they believe to hold
    const struct wire_state *view; // NULL: nothing heard
};

// All but cmd_id.
void wish_make(const struct wish_maker *m, struct wire_command *out);

#endif
