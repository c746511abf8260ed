// SPDX-License-Identifier: Apache-2.0
#include "common/net/udp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// The room for what the kernel may tell of a datagram, aligned as it wants it.
union control {
    struct cmsghdr head;
    char space[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct scm_timestamping)) +
               CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))];
};

// Stamps and errors taken off the error queue in one go.
enum { AT_ONCE = 8 };

static int64_t ns_of(const struct timespec *ts)
{
    return (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ns_of(&ts);
}

bool udp_address(const char *text, int port, struct udp_peer *out)
{
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        out->len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        out->len = sizeof *v6;
        return true;
    }
    return false;
}

int udp_port(const struct udp_peer *p)
{
    if (p->address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&p->address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)&p->address)->sin_port);
}

static bool want_stamps(int fd)
{
    int yes = 1, sending = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                           SOF_TIMESTAMPING_OPT_TSONLY;
    // A kernel that does not stamp what is sent is one without that word.
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &sending, sizeof sending);
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) == 0;
}

int udp_open(const struct udp_peer *address, bool bound)
{
    int fd = socket(address->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (want_stamps(fd) &&
        (!bound || bind(fd, (const struct sockaddr *)&address->address, address->len) == 0))
        return fd;
    close(fd);
    return -1;
}

int udp_take(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        want_stamps(fd))
        return fd;
    close(fd);
    return -1;
}

mono_t udp_carry(int64_t stamp_wall_ns, int64_t now_wall_ns, mono_t now)
{
    int64_t age = now_wall_ns - stamp_wall_ns;
    return age >= 0 && age <= UDP_STAMP_AGE_MAX_NS ? mono_add_ns(now, -age) : now;
}

// The wall clock is read between two readings of RAW. When those are far apart this thread was put
// aside in between: once more. The later of them is taken, so that what is left errs as waiting
// does: late.
static mono_t carry_now(int64_t stamp_wall_ns)
{
    const int64_t close_ns = 1000; // three readings take a tenth of it
    int64_t least = INT64_MAX, wall = 0;
    mono_t raw = {0};
    for (int i = 0; i < 3 && least > close_ns; i++) {
        int64_t before = clock_ns(CLOCK_MONOTONIC_RAW);
        int64_t between = clock_ns(CLOCK_REALTIME);
        int64_t after = clock_ns(CLOCK_MONOTONIC_RAW);
        if (after - before < least) {
            least = after - before;
            wall = between;
            raw.ns = after;
        }
    }
    return udp_carry(stamp_wall_ns, wall, raw);
}

static mono_t arrival(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            return carry_now(ns_of(&stamp));
        }
    }
    return (mono_t){clock_ns(CLOCK_MONOTONIC_RAW)};
}

ssize_t udp_receive(int fd, void *data, size_t size, struct udp_peer *from, mono_t *at)
{
    union control control;
    struct iovec part = {data, size};
    struct msghdr m = {
        .msg_name = &from->address,
        .msg_namelen = sizeof from->address,
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.space,
        .msg_controllen = sizeof control.space,
    };
    ssize_t n = recvmsg(fd, &m, MSG_TRUNC);
    if (n < 0)
        return -1;
    from->len = m.msg_namelen;
    *at = arrival(&m);
    return n;
}

// The newest stamp on the error queue, of the wall clock; 0 when there is none.
static int64_t take_stamp(int fd)
{
    int64_t wall_ns = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        union control control;
        struct msghdr m = {.msg_control = control.space, .msg_controllen = sizeof control.space};
        if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            struct scm_timestamping stamps;
            if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
                continue;
            memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
            wall_ns = ns_of(&stamps.ts[0]);
        }
    }
    return wall_ns;
}

bool udp_send(int fd, const void *data, size_t len, const struct udp_peer *to, mono_t *left)
{
    *left = (mono_t){clock_ns(CLOCK_MONOTONIC_RAW)};
    if (sendto(fd, data, len, 0, (const struct sockaddr *)&to->address, to->len) != (ssize_t)len)
        return false;
    int64_t stamp = take_stamp(fd);
    mono_t at = stamp > 0 ? carry_now(stamp) : *left;
    if (mono_diff_ns(at, *left) > 0) // else it is of an earlier one
        *left = at;
    return true;
}

void udp_clear(int fd)
{
    take_stamp(fd);
}
