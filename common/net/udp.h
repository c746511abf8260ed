// SPDX-License-Identifier: Apache-2.0
// Datagrams with the kernel's word on when they arrived and when they left, so that neither waking
// the program up nor its way through the kernel counts as time on the wire (SO_TIMESTAMPNS,
// SO_TIMESTAMPING; socket(7), the kernel's networking/timestamping.rst).
//
// What left is stamped where it is handed to the network's driver, and the stamp comes back on the
// socket's error queue: with most drivers before sendto() has returned. One that comes later raises
// POLLERR, and is taken off by udp_clear().
//
// The kernel stamps with the wall clock, which may be set or slewed; time is measured on
// CLOCK_MONOTONIC_RAW here. So a stamp is taken as an age: both clocks are read together when the
// datagram is picked up, and the stamp is carried over by how old it is then. For some ms after the
// machine's first socket that wants stamps was opened, the kernel stamps when a datagram is read:
// late, but true.
// Thread: any; one socket, one owner.
#ifndef COMMON_NET_UDP_H
#define COMMON_NET_UDP_H

#include "common/time/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

// Older than this a stamp is not believed: nothing waits so long in a socket unless the machine
// stood still or its wall clock was set meanwhile.
#define UDP_STAMP_AGE_MAX_NS INT64_C(100000000)

struct udp_peer {
    struct sockaddr_storage address;
    socklen_t len;
};

// A socket of this address's family, closed on exec, that does not block, with stamps. Bound to the
// address when `bound`. -1 with errno.
int udp_open(const struct udp_peer *address, bool bound);

// The same of a bound socket that somebody else opened; taken over. -1 with errno, and closed.
int udp_take(int fd);

// "192.0.2.7" or "2001:db8::7". False when it is neither.
bool udp_address(const char *text, int port, struct udp_peer *out);
int udp_port(const struct udp_peer *p);

// One datagram; `at` is when the kernel had it. A longer one than `size` gives its whole length.
// -1 with errno; EAGAIN when there is none.
ssize_t udp_receive(int fd, void *data, size_t size, struct udp_peer *from, mono_t *at);
// `left`: when it left. The kernel's word, where it is there at once, else the instant of the call,
// which is earlier. False when the network takes none at the moment.
bool udp_send(int fd, const void *data, size_t len, const struct udp_peer *to, mono_t *left);
// Takes off what is on the error queue.
void udp_clear(int fd);

// When a stamp of the wall clock was, given both clocks at one instant: `now` when the stamp lies
// in the future or is too old. Pure.
mono_t udp_carry(int64_t stamp_wall_ns, int64_t now_wall_ns, mono_t now);

#endif
