// SPDX-License-Identifier: Apache-2.0
// What goes wrong with the box, and when: as the story has it, until the story is over.
#ifndef TESTS_SIM_SIM_TROUBLE_H
#define TESTS_SIM_SIM_TROUBLE_H

#include "tests/sim/sim.h"

void trouble_begin(struct sim *s);

#endif
