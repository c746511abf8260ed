// SPDX-License-Identifier: Apache-2.0
// Tells guides how their group is doing: on change, at most once a second, only the newest. Asleep
// while no guide is here.
// Thread: the loop's.
#ifndef SERVER_NET_GUIDES_H
#define SERVER_NET_GUIDES_H

struct guides;
struct net;

struct guides *guides_new(struct net *net);
// Stops and frees itself when the loop has let its timer go.
void guides_stop(struct guides *g);
// A guide has come.
void guides_wanted(struct guides *g);

#endif
