// SPDX-License-Identifier: Apache-2.0
// A bad network between a client and a server on this machine, TCP and UDP on the same port:
//
//   client ──► relay ══ weather(seed, 0) ══► server        usage: jitter_relay [options]
//   SERVER_PORT
//          ◄──       ◄══ weather(seed, 1) ══
//
// What is read from one side is given to the other when its packet's time has come. TCP stays in
// order, UDP is delayed packet by packet. Prints "ready PORT" when it listens; ends with its
// parent or on SIGTERM. Beyond its bounds connections are closed, streams not read, datagrams lost.
#include "tests/vdac/line.h"
#include "tests/vdac/weather.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 32, // of each kind; a player holds three connections
    // Read at once from TCP: about ten packets of a LAN, so that a download has a packet's jitter
    // many times, and a line of 256 still holds more than a window.
    CHUNK = 16384,
    UP = 0, // to the server
    DOWN = 1,
};

// A TCP connection (fd[UP] is the client's, fd[DOWN] the server's), or what a UDP client and the
// server have to say to each other (fd[UP] is everybody's).
struct pair {
    bool open, udp;
    int fd[2]; // [d]: what goes in direction d is read from here
    struct sockaddr_in client;
    struct line line[2];
    bool ended[2]; // the reader of direction d has seen the end
    int64_t used_ns;
};

struct relay {
    int tcp, udp;
    struct sockaddr_in server;
    struct weather weather[2];
    bool calm, no_udp;
    double loss;
    int64_t began_ns;
    struct pair pairs[2 * PAIRS_MAX]; // TCP first, then UDP
};

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t due(struct relay *r, int direction, int64_t now)
{
    return r->calm ? now : now + weather_delay_ns(&r->weather[direction], now - r->began_ns);
}

static void close_pair(struct pair *p)
{
    for (int d = UP; d <= DOWN; d++)
        line_clear(&p->line[d]);
    if (!p->udp)
        close(p->fd[UP]);
    close(p->fd[DOWN]);
    *p = (struct pair){0};
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int to_server(const struct relay *r, int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (const struct sockaddr *)&r->server, sizeof r->server) < 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

// A free place among those of a kind, or NULL.
static struct pair *place(struct relay *r, bool udp)
{
    struct pair *from = r->pairs + (udp ? PAIRS_MAX : 0);
    for (int i = 0; i < PAIRS_MAX; i++)
        if (!from[i].open)
            return &from[i];
    return NULL;
}

// --- TCP ----------------------------------------------------------------------------------------

static void accept_client(struct relay *r)
{
    struct pair *p = place(r, false);
    int client = accept4(r->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0)
        return;
    int server = p ? to_server(r, SOCK_STREAM) : -1;
    if (server < 0) {
        close(client); // as if there were nobody: the server may be dead just now
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    *p = (struct pair){.open = true, .fd = {client, server}};
}

static void read_stream(struct relay *r, struct pair *p, int d, int64_t now)
{
    char data[CHUNK];
    ssize_t n = recv(p->fd[d], data, sizeof data, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        close_pair(p); // reset: at once, as a network's word of it would come
        return;
    }
    p->ended[d] = n == 0; // the end travels as a packet of nothing
    line_add(&p->line[d], data, (size_t)n, due(r, d, now), true);
}

// False when the connection is over.
static bool write_stream(struct pair *p, int d, int64_t now)
{
    struct packet *k;
    while ((k = line_first(&p->line[d])) && k->due_ns <= now) {
        if (k->len == 0) {
            shutdown(p->fd[!d], SHUT_WR);
        } else {
            ssize_t n = send(p->fd[!d], k->data + k->gone, k->len - k->gone, MSG_NOSIGNAL);
            if (n < 0)
                return errno == EAGAIN;
            k->gone += (size_t)n;
            if (k->gone < k->len)
                return true;
        }
        line_drop_first(&p->line[d]);
    }
    return !(p->ended[UP] && p->ended[DOWN] && p->line[UP].count + p->line[DOWN].count == 0);
}

// --- UDP ----------------------------------------------------------------------------------------

static struct pair *udp_client(struct relay *r, const struct sockaddr_in *client)
{
    struct pair *oldest = &r->pairs[PAIRS_MAX];
    for (struct pair *p = oldest; p < r->pairs + 2 * PAIRS_MAX; p++) {
        if (p->open && p->client.sin_port == client->sin_port &&
            p->client.sin_addr.s_addr == client->sin_addr.s_addr)
            return p;
        if (p->used_ns < oldest->used_ns)
            oldest = p;
    }
    struct pair *p = place(r, true);
    if (!p)
        close_pair(p = oldest);
    *p = (struct pair){true, true, {r->udp, to_server(r, SOCK_DGRAM)}, *client, .used_ns = 0};
    return p;
}

static void read_datagram(struct relay *r, struct pair *p, int64_t now)
{
    char data[LINE_BYTES_MAX];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    int d = p ? DOWN : UP;
    ssize_t n = recvfrom(p ? p->fd[DOWN] : r->udp, data, sizeof data, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &len);
    if (n < 0 || r->no_udp || weather_lost(&r->weather[d], r->loss))
        return;
    if (!p)
        p = udp_client(r, &from);
    p->used_ns = now;
    if (!line_full(&p->line[d]))
        line_add(&p->line[d], data, (size_t)n, due(r, d, now), false);
}

static void write_datagrams(struct relay *r, struct pair *p, int d, int64_t now)
{
    struct packet *k;
    while ((k = line_first(&p->line[d])) && k->due_ns <= now) {
        // What the kernel does not take is lost, as on a wire.
        if (d == UP)
            send(p->fd[DOWN], k->data, k->len, MSG_NOSIGNAL);
        else
            sendto(r->udp, k->data, k->len, 0, (struct sockaddr *)&p->client, sizeof p->client);
        line_drop_first(&p->line[d]);
    }
}

// --- the loop -----------------------------------------------------------------------------------

static void serve(struct relay *r, struct pollfd *fds, int64_t now)
{
    if (fds[0].revents)
        accept_client(r);
    if (fds[1].revents)
        read_datagram(r, NULL, now);
    for (int i = 0; i < 2 * PAIRS_MAX; i++) {
        struct pair *p = &r->pairs[i];
        struct pollfd *f = &fds[2 + 2 * i];
        if (p->open && p->udp && f[DOWN].revents)
            read_datagram(r, p, now);
        for (int d = UP; d <= DOWN && p->open && !p->udp; d++)
            if (f[d].revents & ~POLLOUT && !p->ended[d] && !line_full(&p->line[d]))
                read_stream(r, p, d, now);
        for (int d = UP; d <= DOWN && p->open; d++) {
            if (p->udp)
                write_datagrams(r, p, d, now);
            else if (!write_stream(p, d, now))
                close_pair(p);
        }
    }
}

// What to wait for; returns until when.
static int64_t expect(struct relay *r, struct pollfd *fds, int64_t now)
{
    int64_t until = now + INT64_C(1000000000);
    for (int i = 0; i < 2 * PAIRS_MAX; i++) {
        struct pair *p = &r->pairs[i];
        for (int d = UP; d <= DOWN; d++) {
            struct pollfd *f = &fds[2 + 2 * i + d];
            struct packet *k = p->open ? line_first(&p->line[!d]) : NULL;
            bool stuck = k && k->due_ns <= now; // the receiver is slow
            bool read = p->open && !p->ended[d] && !line_full(&p->line[d]) && !(p->udp && d == UP);
            *f = (struct pollfd){.fd = read || stuck ? p->fd[d] : -1,
                                 .events = (short)((read ? POLLIN : 0) | (stuck ? POLLOUT : 0))};
            if (k && !stuck && k->due_ns < until)
                until = k->due_ns;
        }
    }
    return until;
}

static void run(struct relay *r)
{
    static struct pollfd fds[2 + 4 * PAIRS_MAX];
    fds[0] = (struct pollfd){.fd = r->tcp, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = r->udp, .events = POLLIN};
    for (;;) {
        int64_t now = now_ns(), wait = expect(r, fds, now) - now;
        struct timespec ts = {wait / 1000000000, wait % 1000000000};
        if (ppoll(fds, sizeof fds / sizeof *fds, &ts, NULL) < 0 && errno != EINTR)
            die("ppoll");
        serve(r, fds, now_ns());
    }
}

// Both kinds at one port; a port that TCP was given may be taken for UDP.
static int listen_at(struct relay *r, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 20; i++) {
        socklen_t len = sizeof at;
        r->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        r->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        setsockopt(r->tcp, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        struct sockaddr_in got = at;
        if (bind(r->tcp, (struct sockaddr *)&got, sizeof got) == 0 && listen(r->tcp, 16) == 0 &&
            getsockname(r->tcp, (struct sockaddr *)&got, &len) == 0 &&
            bind(r->udp, (struct sockaddr *)&got, sizeof got) == 0)
            return ntohs(got.sin_port);
        close(r->tcp);
        close(r->udp);
    }
    die("bind");
    return -1;
}

static void usage(void)
{
    fputs("usage: jitter_relay [--port N] [--seed N] [--loss SHARE] [--no-udp] [--calm] "
          "SERVER_PORT\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct relay r;
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'}, {"seed", required_argument, NULL, 's'},
        {"loss", required_argument, NULL, 'l'}, {"no-udp", no_argument, NULL, 'u'},
        {"calm", no_argument, NULL, 'c'},       {0}};
    int port = 0, c;
    uint64_t seed = 1;
    while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        if (c == 'p')
            port = atoi(optarg);
        else if (c == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (c == 'l')
            r.loss = strtod(optarg, NULL);
        else if (c == 'u')
            r.no_udp = true;
        else if (c == 'c')
            r.calm = true;
        else
            usage();
    }
    if (optind != argc - 1)
        usage();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_TIMERSLACK, 1000UL); // ns: a packet leaves when it should
    r.server = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)atoi(argv[optind]))};
    r.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int d = UP; d <= DOWN; d++)
        weather_init(&r.weather[d], seed, d);
    printf("ready %d\n", listen_at(&r, port));
    fflush(stdout);
    r.began_ns = now_ns();
    run(&r);
}
