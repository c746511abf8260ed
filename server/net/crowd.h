// SPDX-License-Identifier: Apache-2.0
// Many at once: the porter with the settings and with those whom the house knows, and the look at
// each socket once a second. Thread: the loop's.
#ifndef SERVER_NET_CROWD_H
#define SERVER_NET_CROWD_H

struct crowd;
struct net;
struct peer;
struct porter;

struct crowd *crowd_new(struct net *net);
// After the last connection.
void crowd_free(struct crowd *c);
struct porter *crowd_porter(struct crowd *c);
// From here on it looks; until crowd_stop(), after which the loop must turn once more.
void crowd_start(struct crowd *c);
void crowd_stop(struct crowd *c);
// A socket that is looked at once a second from here on (peer_look), until it leaves.
void crowd_join(struct crowd *c, struct peer *p);
void crowd_leave(struct crowd *c, struct peer *p);
// The settings were read anew.
void crowd_reload(struct crowd *c);

#endif
