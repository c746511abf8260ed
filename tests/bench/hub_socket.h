// SPDX-License-Identifier: Apache-2.0
// A WebSocket of a client, as bare as can be: what it costs is not to be taken for the server's.
//
//   connecting ─► upgrading ─► open ─► over
//
// Does not block. Frames go out whole or the socket is over: what a client says is small. Messages
// come in whole, in one frame each; a longer one than SOCKET_MESSAGE_MAX is skipped.
#ifndef TESTS_BENCH_HUB_SOCKET_H
#define TESTS_BENCH_HUB_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum socket_state { SOCKET_CONNECTING, SOCKET_UPGRADING, SOCKET_OPEN, SOCKET_OVER };
enum { SOCKET_MESSAGE_MAX = 16384 };

struct socket {
    int fd;
    enum socket_state state;
    bool stamped;       // asks the kernel when bytes arrived
    const char *path;   // of the upgrade; not owned
    unsigned char *odd; // what came of a message that is not whole yet
    size_t odd_len, skip;
};

// Called for each message; `at_ns` is CLOCK_REALTIME of the arrival of its last bytes, 0 unless
// stamped.
typedef void (*socket_message_fn)(void *user, bool text, const char *data, size_t len,
                                  int64_t at_ns);

// Begins to connect, from `from` (0: any address); false when the system refuses.
bool socket_begin(struct socket *s, const struct sockaddr_in *to, in_addr_t from, const char *path,
                  bool stamped);
// Something can be read, or the connecting ended.
void socket_ready(struct socket *s, socket_message_fn got, void *user);
void socket_send(struct socket *s, bool text, const void *data, size_t len);
void socket_end(struct socket *s);

#endif
