// SPDX-License-Identifier: Apache-2.0
// Looks on the network for houses that announce themselves (docs/PROTOCOL.md, "Finding the house").
// Whoever is found proves nothing: who is obeyed is for player/link/bond.h to say.
// Thread: the talking thread; the looking is done on common/find/dnssd.h's.
#ifndef PLAYER_FIND_FIND_H
#define PLAYER_FIND_FIND_H

#include "player/find/choose.h"

struct find;

// NULL when that cannot be; what is found is then nothing.
struct find *find_start(void);
void find_stop(struct find *f);
// The ways to houses that are known now; returns how many.
int find_ways(struct find *f, struct find_way out[FIND_MAX]);

#endif
