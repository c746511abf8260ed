// SPDX-License-Identifier: Apache-2.0
// Who has something to say. A turn of the loop reads what came, finishes what the store has done,
// and only then speaks: each peer once, with all that it is owed by then in one write.
//
//   poll ─► messages, commits ─► outgoing_put ... ─► before the loop sleeps: peer_write, each
//
// A write costs some microseconds, and a group may have ten thousand members: after a few dozen the
// loop looks at its sockets again, so that who asks the time waits for none of them. Kiosks come
// first, since they are what a hall hears; how long all take is part of each command's lead. Files
// come last: a few pieces a turn, of each its next, when no peer has anything to say. Two hundred
// phones that fetch a track are then as far from a cue as one. Thread: the loop's.
#ifndef SERVER_NET_OUTGOING_H
#define SERVER_NET_OUTGOING_H

#include "server/room/lead.h"

#include <stdbool.h>
#include <uv.h>

struct outgoing;
struct peer;
struct request;

struct outgoing *outgoing_new(uv_loop_t *loop);
// Nobody will be in it any more. Frees it, a turn of the loop later.
void outgoing_stop(struct outgoing *o);

// Once is enough.
void outgoing_put(struct outgoing *o, struct peer *p);
void outgoing_remove(struct outgoing *o, struct peer *p);
// A request whose answer goes on: request_turn() is called when it is its turn.
void outgoing_put_file(struct outgoing *o, struct request *r);
void outgoing_remove_file(struct outgoing *o, struct request *r);
// How fast it goes. Good until outgoing_stop().
const struct lead_fanout *outgoing_fanout(const struct outgoing *o);
// More is to be said than fits into a turn.
bool outgoing_behind(const struct outgoing *o);

#endif
