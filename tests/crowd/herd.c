// SPDX-License-Identifier: Apache-2.0
// A herd of phones, each from an address of its own (127.64.0.0 and on), that come back when they
// are cut off:
//
//   herd PORT LINK COUNT RULE [LINE]    RULE: jitter | naive; LINE: plain | tls | tls-anew
//
//     away ──due──► connecting ──► (shaking ──►) upgrading ──► greeting ──welcome──► in
//       ▲               │ 503, closed, 5 s gone                      │                │ cut
//       └───────────────┴────────────────────────────────────────────┴────────────────┘
//
// `tls` resumes its sessions as browsers do, `tls-anew` never does.
// `jitter` waits as the visitors' page does (web/common/link.ts): a random part of 1 s, 1.6 times
// longer each time, at most 10 s. `naive` tries again every 100 ms. It is told what to do by lines
// on stdin
// ("watch": from now on, or from the first loss, count who is back; "cut": close all sockets;
// "quit"), and says on stdout "in SECONDS" when all are in for the first time, then one line of
// JSON for each "watch", when all are back or after 60 s.
#include "tests/crowd/line.h"
#include "tests/crowd/wire.h"

#include "common/base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { COUNT_MAX = 60000, LIMIT_MS = 5000, WATCH_MS = 60000, TURN_MS = 5 };

enum stage { AWAY, CONNECTING, SHAKING, UPGRADING, GREETING, IN };

struct phone {
    struct line line;
    enum stage stage;
    int tries;
    double due;  // ms: AWAY: to connect; on the way: to give up
    double back; // ms since the cut when it was in again; < 0: not yet
    char token[64];
    size_t have;
    unsigned char data[2048];
};

static struct phone *phones;
static int count, in_now, epoll;
static struct sockaddr_in server;
static const char *link_token;
static bool naive;
static double cut_at; // ms; 0: nobody was cut off yet
static bool watching, told_in;
static long attempts, refused, errors, resumed;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double part(double most)
{
    return most * (double)random() / (double)RAND_MAX;
}

static double pause_ms(struct phone *p)
{
    double most = 1000;
    if (naive)
        return 100;
    for (int i = 0; i < p->tries && most < 10000; i++)
        most *= 1.6;
    p->tries++;
    return part(most < 10000 ? most : 10000);
}

static void lose(struct phone *p)
{
    if (p->stage == IN) {
        in_now--;
        if (watching && cut_at == 0)
            cut_at = now_ms();
        p->back = -1;
    }
    line_close(&p->line);
    p->have = 0;
    p->stage = AWAY;
    p->due = now_ms() + pause_ms(p);
}

static void want(struct phone *p, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = p};
    CHECK(epoll_ctl(epoll, how, p->line.fd, &e) == 0);
}

static void go(struct phone *p)
{
    static const int yes = 1;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f400001 + (uint32_t)(p - phones));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    p->line.fd = fd;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    CHECK(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    attempts++;
    if (connect(fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
        lose(p);
        return;
    }
    p->stage = CONNECTING;
    p->due = now_ms() + LIMIT_MS;
    want(p, EPOLLOUT, EPOLL_CTL_ADD);
}

static void put(struct phone *p, const void *data, size_t len)
{
    if (!line_write(&p->line, data, len))
        lose(p);
}

static void ask(struct phone *p)
{
    char text[400];
    int n = snprintf(
        text, sizeof text,
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: roomtone.v1\r\n\r\n",
        ntohs(server.sin_port));
    p->stage = UPGRADING;
    want(p, EPOLLIN, EPOLL_CTL_MOD);
    put(p, text, (size_t)n);
}

static void greet(struct phone *p)
{
    char text[300];
    unsigned char frame[400];
    snprintf(
        text, sizeof text,
        "{\"type\":\"hello\",\"v\":1,\"role\":\"visitor\",\"link\":\"%s\",\"lang\":\"en\"%s%s%s}",
        link_token, p->token[0] ? ",\"session\":\"" : "", p->token, p->token[0] ? "\"" : "");
    p->stage = GREETING;
    put(p, frame, wire_text(text, frame));
}

static void hear(struct phone *p, const char *text)
{
    static const char session[] = "{\"type\":\"session\",\"token\":\"";
    if (strncmp(text, "{\"type\":\"welcome\"", 17) == 0 && p->stage == GREETING) {
        p->stage = IN;
        p->tries = 0;
        in_now++;
        p->back = cut_at > 0 ? now_ms() - cut_at : 0;
    } else if (strncmp(text, session, sizeof session - 1) == 0) {
        snprintf(p->token, sizeof p->token, "%.*s", (int)strcspn(text + sizeof session - 1, "\""),
                 text + sizeof session - 1);
    } else if (strncmp(text, "{\"type\":\"error\"", 15) == 0) {
        errors++;
        lose(p);
    }
}

static void take_head(struct phone *p)
{
    p->data[p->have] = '\0';
    char *end = strstr((char *)p->data, "\r\n\r\n");
    if (!end)
        return;
    if (strncmp((char *)p->data, "HTTP/1.1 101", 12) != 0) {
        refused++;
        lose(p);
        return;
    }
    size_t len = (size_t)(end + 4 - (char *)p->data);
    p->have -= len;
    memmove(p->data, p->data + len, p->have);
    greet(p);
}

// One piece; false when there is nothing more to read, or the line is gone.
static bool take(struct phone *p)
{
    ssize_t n = line_read(&p->line, p->data + p->have, sizeof p->data - 1 - p->have);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        lose(p);
        return false;
    }
    p->have += (size_t)n;
    if (p->stage == UPGRADING)
        take_head(p);
    char text[sizeof p->data];
    size_t used;
    while (p->stage >= GREETING && (used = wire_next(p->data, p->have, text, sizeof text)) > 0) {
        p->have -= used;
        memmove(p->data, p->data + used, p->have);
        hear(p, text);
    }
    if (p->have == sizeof p->data - 1)
        lose(p); // longer than anything that a visitor is told
    return p->stage != AWAY;
}

static void shake(struct phone *p)
{
    bool done;
    uint32_t events = 0;
    p->stage = SHAKING;
    if (!line_shake(&p->line, &done, &events)) {
        refused++;
        lose(p);
    } else if (done) {
        resumed += line_resumed(&p->line);
        ask(p);
    } else {
        want(p, events, EPOLL_CTL_MOD);
    }
}

static void on_event(struct phone *p, uint32_t events)
{
    if (p->line.fd < 0)
        return;
    if (p->stage == CONNECTING) {
        int e = 0;
        socklen_t len = sizeof e;
        getsockopt(p->line.fd, SOL_SOCKET, SO_ERROR, &e, &len);
        if (e == 0 && events & EPOLLOUT)
            shake(p);
        else
            lose(p);
    } else if (p->stage == SHAKING) {
        shake(p);
    } else {
        while (take(p))
            ;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell_back(void)
{
    double *back = check_alloc(calloc((size_t)count, sizeof *back));
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (phones[i].stage == IN && phones[i].back >= 0)
            back[n++] = phones[i].back / 1e3;
    }
    qsort(back, (size_t)n, sizeof *back, by_size);
    int p99 = (count * 99 + 99) / 100 - 1;
    printf("{\"count\":%d,\"back\":%d,\"p50_s\":%.2f,\"p99_s\":%.2f,\"all_s\":%.2f,"
           "\"attempts\":%ld,\"refused\":%ld,\"errors\":%ld,\"resumed\":%ld}\n",
           count, n, n ? back[n / 2] : -1.0, n > p99 ? back[p99] : -1.0,
           n == count ? back[n - 1] : -1.0, attempts, refused, errors, resumed);
    fflush(stdout);
    free(back);
    watching = false;
}

static void obey(void)
{
    char line[64];
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "quit\n") == 0)
        exit(0);
    bool cut = strcmp(line, "cut\n") == 0;
    attempts = refused = errors = resumed = 0;
    watching = true;
    cut_at = 0;
    for (int i = 0; cut && i < count; i++)
        lose(&phones[i]);
}

static void look(double begun)
{
    double now = now_ms();
    for (int i = 0; i < count; i++) {
        struct phone *p = &phones[i];
        if (p->stage == AWAY && now >= p->due)
            go(p);
        else if (p->stage != IN && p->stage != AWAY && now >= p->due)
            lose(p);
    }
    if (!told_in && in_now == count) {
        told_in = true;
        printf("in %.2f\n", (now - begun) / 1e3);
        fflush(stdout);
    }
    if (watching && cut_at > 0 && (in_now == count || now - cut_at > WATCH_MS))
        tell_back();
}

static void run(void)
{
    double begun = now_ms(), looked = 0;
    struct pollfd told = {.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, TURN_MS);
        for (int i = 0; i < n; i++)
            on_event(events[i].data.ptr, events[i].events);
        if (now_ms() - looked < TURN_MS)
            continue;
        looked = now_ms();
        look(begun);
        if (poll(&told, 1, 0) > 0)
            obey();
    }
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 6 || atoi(argv[3]) < 1 || atoi(argv[3]) > COUNT_MAX) {
        fprintf(stderr, "usage: herd PORT LINK COUNT jitter|naive [plain|tls|tls-anew]\n");
        return 2;
    }
    server =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    link_token = argv[2];
    count = atoi(argv[3]);
    naive = strcmp(argv[4], "naive") == 0;
    if (argc > 5 && strncmp(argv[5], "tls", 3) == 0)
        line_use_tls(strcmp(argv[5], "tls") == 0);
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    srandom((unsigned)time(NULL));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    phones = check_alloc(calloc((size_t)count, sizeof *phones));
    for (int i = 0; i < count; i++) // they come one after the other at first
        phones[i] =
            (struct phone){.line = {.fd = -1}, .back = -1, .due = now_ms() + part(count * 1.5)};
    setvbuf(stdin, NULL, _IONBF, 0);
    run();
}
