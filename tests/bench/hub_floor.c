// SPDX-License-Identifier: Apache-2.0
// The floor under `./dev bench hub`: a server that understands nothing and does one send() per
// delivery, so that what is above it is the price of what a real one does. With a file to log to,
// the commands that came in one turn of its loop are appended and made durable before it speaks.
//
//   hub_floor [FILE]      prints its port
//
// It trusts whoever connects: for the bench alone.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOMS = 1024, IN = 65536, TURN = 65536, STATE = 430 };

struct phone {
    struct phone *next; // in its room
    int fd;
    bool open;
};

struct command {
    struct phone *from;
    int room;
    long long position;
    char id[33];
};

static struct phone *rooms[ROOMS];
static struct command turn[TURN];
static int turns;

static void say(struct phone *p, const char *text, size_t len)
{
    char out[1024];
    size_t n = 0;
    out[n++] = (char)0x81;
    if (len < 126) {
        out[n++] = (char)len;
    } else {
        out[n++] = 126;
        out[n++] = (char)(len >> 8);
        out[n++] = (char)len;
    }
    memcpy(out + n, text, len);
    if (send(p->fd, out, n + len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EPIPE &&
        errno != ECONNRESET) {
        perror("hub_floor: send");
        exit(1);
    }
}

// As long as the product's.
static size_t state(char *out, size_t size, long long position)
{
    int n = snprintf(out, size, "{\"type\":\"state\",\"vec\":{\"p0\":%lld},\"fill\":\"", position);
    memset(out + n, 'x', STATE - 2 - (size_t)n);
    memcpy(out + STATE - 2, "\"}", 2);
    return STATE;
}

static long long value(const char *text, const char *key)
{
    const char *found = strstr(text, key);
    return found ? atoll(found + strlen(key)) : 0;
}

static void on_text(struct phone *p, const char *text)
{
    char out[STATE + 100];
    const char *link = strstr(text, "\"link\":\"");
    if (link) {
        int room = atoi(strchr(link + 9, '-') + 1) % ROOMS;
        p->next = rooms[room];
        rooms[room] = p;
        say(p, out, state(out, sizeof out, 0));
        return;
    }
    const char *id = strstr(text, "\"cmd_id\":\"");
    if (!id || turns == TURN)
        return;
    struct command *c = &turn[turns++];
    *c = (struct command){.from = p, .room = (int)value(text, "\"group\":\"r-") % ROOMS};
    c->position = strstr(text, "\"seek\"") ? value(text, "\"position\":") : -1;
    memcpy(c->id, id + 10, 32);
}

// What came is whole: clients of the bench say little and wait.
static void on_bytes(struct phone *p, char *data, size_t len)
{
    if (!p->open) {
        static const char yes[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\n\r\n";
        p->open = true;
        if (send(p->fd, yes, sizeof yes - 1, MSG_NOSIGNAL) < 0)
            perror("hub_floor: send");
        return;
    }
    for (unsigned char *u = (unsigned char *)data; len > 6;) {
        size_t size = u[1] & 0x7f, head = 6;
        if (size == 126) {
            size = (size_t)u[2] << 8 | u[3];
            head = 8;
        }
        if (len < head + size)
            return;
        unsigned char *next = u + head + size, kept = *next;
        *next = '\0';
        if ((u[0] & 15) == 1)
            on_text(p, (const char *)u + head);
        *next = kept;
        u = next;
        len -= head + size;
    }
}

static void end_turn(int log)
{
    static char lines[TURN * 64];
    size_t n = 0;
    for (int i = 0; i < turns; i++)
        n += (size_t)snprintf(lines + n, 64, "%s %d %lld\n", turn[i].id, turn[i].room,
                              turn[i].position);
    if (log >= 0 && n && (write(log, lines, n) < 0 || fdatasync(log) != 0)) {
        perror("hub_floor: log");
        exit(1);
    }
    for (int i = 0; i < turns; i++) {
        struct command *c = &turn[i];
        char out[STATE + 100];
        if (c->position >= 0) {
            size_t len = state(out, sizeof out, c->position);
            for (struct phone *p = rooms[c->room]; p; p = p->next)
                say(p, out, len);
        }
        int len =
            snprintf(out, sizeof out, "{\"type\":\"ack\",\"cmd_id\":\"%s\",\"fence\":1}", c->id);
        say(c->from, out, (size_t)len);
    }
    turns = 0;
}

static int listen_on(int *port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return -1;
    *port = ntohs(own.sin_port);
    return fd;
}

static void take_in(int epoll, int listener)
{
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct phone *p = calloc(1, sizeof *p);
        if (!p)
            abort();
        p->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = p};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

int main(int argc, char **argv)
{
    int port = 0, listener = listen_on(&port), epoll = epoll_create1(EPOLL_CLOEXEC);
    int log = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct epoll_event e = {.events = EPOLLIN};
    if (listener < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) != 0) {
        perror("hub_floor");
        return 1;
    }
    printf("ready http://127.0.0.1:%d\n", port);
    fflush(stdout);
    for (;;) {
        static char data[IN + 1];
        struct epoll_event events[512];
        int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            struct phone *p = events[i].data.ptr;
            ssize_t len = p ? recv(p->fd, data, IN, 0) : 0;
            if (!p)
                take_in(epoll, listener);
            else if (len > 0)
                on_bytes(p, data, (size_t)len);
            else if (len == 0 || errno != EAGAIN)
                epoll_ctl(epoll, EPOLL_CTL_DEL, p->fd, NULL);
        }
        end_turn(log);
    }
}
