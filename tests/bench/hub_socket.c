// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/hub_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FIN = 0x80, TEXT = 1, BINARY = 2, PING = 9, PONG = 10, CLOSE = 8 };

bool socket_begin(struct socket *s, const struct sockaddr_in *to, in_addr_t from, const char *path,
                  bool stamped)
{
    int on = 1;
    *s = (struct socket){.path = path, .stamped = stamped};
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return false;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (stamped)
        setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = from};
    if (from) {
        // The port is chosen when the other end is known: more sockets than ports are possible.
        setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(s->fd, (struct sockaddr *)&own, sizeof own) != 0)
            return false;
    }
    return connect(s->fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno == EINPROGRESS;
}

void socket_end(struct socket *s)
{
    if (s->state != SOCKET_OVER)
        close(s->fd);
    free(s->odd);
    s->odd = NULL;
    s->state = SOCKET_OVER;
}

static void put(struct socket *s, const void *data, size_t len)
{
    if (s->state != SOCKET_OVER && send(s->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        socket_end(s);
}

static void frame(struct socket *s, int op, const void *data, size_t len)
{
    unsigned char out[SOCKET_MESSAGE_MAX + 14];
    size_t n = 0;
    if (len > SOCKET_MESSAGE_MAX)
        abort();
    out[n++] = (unsigned char)(FIN | op);
    if (len < 126) {
        out[n++] = (unsigned char)(0x80 | len);
    } else {
        out[n++] = 0x80 | 126;
        out[n++] = (unsigned char)(len >> 8);
        out[n++] = (unsigned char)len;
    }
    memset(out + n, 0, 4); // masked with nothing
    n += 4;
    memcpy(out + n, data, len);
    put(s, out, n + len);
}

void socket_send(struct socket *s, bool text, const void *data, size_t len)
{
    frame(s, text ? TEXT : BINARY, data, len);
}

static void upgrade(struct socket *s)
{
    char text[400];
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error) {
        socket_end(s);
        return;
    }
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Protocol: roomtone.v1\r\n\r\n",
                     s->path);
    s->state = SOCKET_UPGRADING;
    put(s, text, (size_t)n);
}

// How many bytes the answer to the upgrade takes; 0 while it is not whole.
static size_t upgraded(struct socket *s, const unsigned char *data, size_t len)
{
    const unsigned char *end = memmem(data, len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (len < 12 || memcmp(data + 9, "101", 3) != 0)
        socket_end(s);
    else
        s->state = SOCKET_OPEN;
    return (size_t)(end + 4 - data);
}

// How many bytes the frame at the beginning takes; 0 while it is not whole.
static size_t take_frame(struct socket *s, const unsigned char *p, size_t len,
                         socket_message_fn got, void *user, int64_t at_ns)
{
    if (len < 2)
        return 0;
    size_t head = 2, size = p[1] & 0x7f;
    if (size >= 126) {
        size_t wide = size == 126 ? 2 : 8;
        head += wide;
        if (len < head)
            return 0;
        size = 0;
        for (size_t i = 2; i < head; i++)
            size = size << 8 | p[i];
    }
    if (size > SOCKET_MESSAGE_MAX) {
        s->skip = size - (len - head < size ? len - head : size);
        return len - head < size ? len : head + size;
    }
    if (len < head + size)
        return 0;
    int op = p[0] & 0x0f;
    if (op == TEXT || op == BINARY)
        got(user, op == TEXT, (const char *)p + head, size, at_ns);
    else if (op == PING)
        frame(s, PONG, p + head, size);
    else if (op == CLOSE)
        socket_end(s);
    return head + size;
}

static void take(struct socket *s, const unsigned char *data, size_t len, socket_message_fn got,
                 void *user, int64_t at_ns)
{
    while (len > 0 && s->state != SOCKET_OVER) {
        size_t used;
        if (s->skip) {
            used = s->skip < len ? s->skip : len;
            s->skip -= used;
        } else if (s->state == SOCKET_UPGRADING) {
            used = upgraded(s, data, len);
            if (used && s->state == SOCKET_OPEN)
                got(user, false, NULL, 0, at_ns);
        } else {
            used = take_frame(s, data, len, got, user, at_ns);
        }
        if (used == 0)
            break;
        data += used;
        len -= used;
    }
    if (s->state == SOCKET_OVER)
        return;
    unsigned char *odd = NULL;
    if (len && !(odd = malloc(len)))
        abort();
    if (len)
        memcpy(odd, data, len);
    free(s->odd);
    s->odd = odd;
    s->odd_len = len;
}

static ssize_t receive(struct socket *s, unsigned char *into, size_t size, int64_t *at_ns)
{
    if (!s->stamped)
        return recv(s->fd, into, size, 0);
    char control[128];
    struct iovec part = {into, size};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(s->fd, &m, 0);
    for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL; c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec ts;
            memcpy(&ts, CMSG_DATA(c), sizeof ts);
            *at_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
        }
    }
    return n;
}

void socket_ready(struct socket *s, socket_message_fn got, void *user)
{
    static unsigned char space[256 * 1024];
    if (s->state == SOCKET_CONNECTING) {
        upgrade(s);
        return;
    }
    if (s->odd_len)
        memcpy(space, s->odd, s->odd_len);
    int64_t at_ns = 0;
    ssize_t n = receive(s, space + s->odd_len, sizeof space - s->odd_len, &at_ns);
    if (n > 0)
        take(s, space, s->odd_len + (size_t)n, got, user, at_ns);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        socket_end(s);
}
