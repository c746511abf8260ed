// SPDX-License-Identifier: Apache-2.0
// Tells guides how their group is doing, and everybody whether the guide who leads is away: on
// change, at most once a second, only the newest. Asleep while there is neither.
// Thread: the loop's.
#ifndef SERVER_NET_GUIDES_H
#define SERVER_NET_GUIDES_H

struct guides;
struct net;

struct guides *guides_new(struct net *net);
// Stops and frees itself when the loop has let its timer go.
void guides_stop(struct guides *g);
// Somebody has come who may want to be told.
void guides_wanted(struct guides *g);

#endif
