// SPDX-License-Identifier: Apache-2.0
// Answers kiosks' questions about the time over UDP (common/wire/sealed.h), on a thread of its own:
// never behind a room, a commit or a broadcast.
//
//   loop's thread                          this thread
//   admit, dismiss  ─────┐                 waits for a datagram
//   set_anchor ──────────┴── one mutex ──  whose? sealed? fresh? not too often?  ─► answer, at once
//
// Under the mutex either side does a few microseconds of arithmetic and nothing that waits. What is
// not right gets no answer and is counted. A t1 is taken once in a session, and not when 64 later
// ones were: heard again, it is a replay.
// Everything below is called on the loop's thread.
#ifndef SERVER_TIMESERVER_TIME_SERVER_H
#define SERVER_TIMESERVER_TIME_SERVER_H

#include "common/wire/sealed.h"
#include "server/house/house.h"

enum {
    // Kiosks that may ask at once. A visitor who plays the kiosk takes up a place, no more: who
    // comes later asks over the WebSocket.
    TIME_SERVER_SESSIONS = 256,
    // Questions of one session: what a kiosk asks at worst, on a bad network while a queue is empty
    // (player/clock/pace.c). All of them together cost a core then, which this thread may have.
    TIME_SERVER_PER_S = 1000,
    // How many questions may overtake one on the way: a swaying network delays by some 20 ms, and a
    // kiosk that finds it so asks every millisecond. As many as it has under way itself.
    TIME_SERVER_OVERTAKEN = 64,
};

struct time_server;

struct time_server_stats {
    int64_t answers;
    int64_t refused; // datagrams: not ours, not sealed, heard before, too many
};

// Serves at a numeric address and a port; 0 picks a free one. `given`: a socket that is bound there
// already, which is taken over; -1: none. NULL with one line in `error`.
struct time_server *time_server_start(const char *address, int port, int given,
                                      const struct sealed_pair *house,
                                      const struct house_anchor *anchor, char *error,
                                      size_t error_size);
// Ends the thread. NULL is no server.
void time_server_stop(struct time_server *s);
int time_server_port(const struct time_server *s);
// The public half of the house's key, as text.
const char *time_server_key(const struct time_server *s);

// The anchor that answers go by from now on.
void time_server_set_anchor(struct time_server *s, const struct house_anchor *anchor);

// A new session with a kiosk, by the text of its public key; 0 when that is no key, or no place is
// left.
uint64_t time_server_admit(struct time_server *s, const char *device_key);
// Ends it. 0 is no session.
void time_server_dismiss(struct time_server *s, uint64_t id);

struct time_server_stats time_server_stats(struct time_server *s);

#endif
