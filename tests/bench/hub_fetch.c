// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/hub_fetch.h"

#include "tests/bench/hub_figures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct phone {
    int fd, rounds;
    int64_t left; // of the body; -1: the head is to come
};

static bool ask(struct phone *p, const struct fetch_plan *plan)
{
    char text[400];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", plan->path);
    p->left = -1;
    return send(p->fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static bool begin(struct phone *p, const struct fetch_plan *plan, int i)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)plan->port)};
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(0x7f020000u + (uint32_t)(i / 20 + 1))};
    inet_pton(AF_INET, plan->address, &to.sin_addr);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    p->rounds = plan->rounds;
    return p->fd >= 0 && bind(p->fd, (struct sockaddr *)&own, sizeof own) == 0 &&
           connect(p->fd, (struct sockaddr *)&to, sizeof to) == 0 && ask(p, plan);
}

// A head comes in one piece with this client; of a body nothing is copied here (MSG_TRUNC).
// Returns the bytes that came; 0 at the end, less on failure.
static ssize_t take(struct phone *p)
{
    char head[4096];
    if (p->left >= 0)
        return recv(p->fd, NULL, 1 << 20, MSG_TRUNC);
    ssize_t n = recv(p->fd, head, sizeof head - 1, MSG_PEEK);
    if (n <= 0)
        return n;
    head[n] = '\0';
    const char *end = strstr(head, "\r\n\r\n"), *length = strcasestr(head, "\r\ncontent-length:");
    if (!end || !length || strncmp(head + 9, "200", 3) != 0)
        return -1;
    p->left = strtoll(length + 17, NULL, 10);
    n = end + 4 - head;
    return recv(p->fd, head, (size_t)n, 0) == n ? 0 : -1;
}

// False when it is over, for better or worse.
static bool serve(struct phone *p, const struct fetch_plan *plan, struct fetch_result *out)
{
    bool had_head = p->left >= 0;
    ssize_t n = take(p);
    if (n < 0 || (n == 0 && had_head)) {
        out->failed++;
        return false;
    }
    out->bytes += n;
    p->left -= n;
    if (p->left > 0 || --p->rounds > 0)
        return p->left > 0 || ask(p, plan);
    return false;
}

bool fetch_run(const struct fetch_plan *plan, struct fetch_result *out)
{
    *out = (struct fetch_result){0};
    struct phone *phones = calloc((size_t)plan->phones, sizeof *phones);
    int epoll = epoll_create1(EPOLL_CLOEXEC), open = 0;
    int64_t began = mono_ns();
    for (int i = 0; i < plan->phones; i++, open++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &phones[i]};
        if (!begin(&phones[i], plan, i) || epoll_ctl(epoll, EPOLL_CTL_ADD, phones[i].fd, &e) != 0) {
            fprintf(stderr, "hub: phone %d: %s\n", i, strerror(errno));
            break;
        }
    }
    bool ok = open == plan->phones;
    while (ok && open > 0) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, 20000);
        for (int i = 0; i < n; i++) {
            struct phone *p = events[i].data.ptr;
            if (!serve(p, plan, out)) {
                epoll_ctl(epoll, EPOLL_CTL_DEL, p->fd, NULL);
                open--;
            }
        }
        if (n == 0) {
            fprintf(stderr, "hub: %d phones still wait after 20 s\n", open);
            ok = false;
        }
    }
    out->seconds = (double)(mono_ns() - began) / 1e9;
    for (int i = 0; i < plan->phones; i++) {
        if (phones[i].fd > 0)
            close(phones[i].fd);
    }
    free(phones);
    close(epoll);
    return ok;
}
