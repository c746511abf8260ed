// SPDX-License-Identifier: Apache-2.0
#include "server/net/listen.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AT_ONCE = 64,      // let in before others have their turn
    LOOKED_AT = 256,   // ... or refused, which is a tenth of the work
    PAUSE_MS = 250,    // when the process may open no more files; they wait in the kernel's queue
    REFUSED_MAX = 256, // kept open, each for a moment
    REFUSED_MS = 500,
};

struct listener {
    struct listener_plan plan;
    int fd;
    uv_poll_t poll;
    uv_timer_t pause, tidy;
    // Those who were refused, and are to read why: a request that comes when its socket is closed
    // already takes the answer back. A ring from `first` to `next`; those before `due` go next.
    int refused[REFUSED_MAX];
    unsigned first, due, next;
    int open;    // handles that are not closed yet
    bool paused; // said once
};

static void on_readable(uv_poll_t *h, int status, int events);

static void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

int listener_open(const char *address, int port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        // As many as the kernel lets wait (net.core.somaxconn).
        if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, INT_MAX) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

int listener_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    socklen_t len = sizeof at;
    CHECK(getsockname(fd, &at.any, &len) == 0);
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

static void prepare(int fd)
{
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_PROBES);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, GIVE_UP_MS);
    set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

// A browser that shows it asks again by itself; not all at the same time.
#define BUSY(s)                                                                                   \
    "HTTP/1.1 503 Busy\r\nretry-after: " s "\r\nconnection: close\r\ncache-control: no-store\r\n" \
    "content-type: text/html\r\n\r\n<!doctype html><meta http-equiv=refresh content=" s ">"       \
    "<meta name=viewport content=width=device-width><title>...</title><p>One moment ..."

static void close_first(struct listener *l)
{
    char asked[2048];
    int fd = l->refused[l->first++ % REFUSED_MAX];
    (void)!recv(fd, asked, sizeof asked, MSG_DONTWAIT);
    close(fd);
    if ((int)(l->due - l->first) < 0)
        l->due = l->first;
}

static void on_tidy(uv_timer_t *h)
{
    struct listener *l = h->data;
    while (l->first != l->due)
        close_first(l);
    l->due = l->next;
    if (l->first == l->next)
        uv_timer_stop(h);
}

// In as few steps as can be: there may be thousands a second.
static void refuse(struct listener *l, int fd)
{
    static const char *const busy[] = {BUSY("1"), BUSY("2"), BUSY("3"), BUSY("4"), BUSY("5")};
    static unsigned turn;
    const char *text = busy[turn++ % (sizeof busy / sizeof busy[0])];
    if (l->plan.tls) {
        close(fd);
        return;
    }
    (void)!send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    if (l->next - l->first == REFUSED_MAX)
        close_first(l);
    l->refused[l->next++ % REFUSED_MAX] = fd;
    if (!uv_is_active((uv_handle_t *)&l->tidy))
        uv_timer_start(&l->tidy, on_tidy, REFUSED_MS, REFUSED_MS);
}

// The descriptor is the guest's for as long as there is a guest; libwebsockets finds it at its end
// and closes it in its own time, whatever state that connection is in.
void listener_send_away(struct guest *g)
{
    shutdown(g->fd, SHUT_RDWR);
}

// The guest whose socket is being adopted: one at a time.
static struct guest *arriving;

void listener_created(void)
{
    if (arriving)
        arriving->created = true;
}

// Where libwebsockets gives NULL it may have made a connection all the same, which closes later.
static void adopt(const struct listener *l, struct guest *g, int fd)
{
    lws_adopt_desc_t as = {
        .vh = l->plan.vhost,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
        .fd.sockfd = fd,
        .opaque = g,
    };
    g->adopting = true;
    arriving = g;
    g->fd = fd;
    lws_adopt_descriptor_vhost_via_info(&as);
    arriving = NULL;
    g->adopting = false;
    if (!g->created || g->gone)
        porter_left(g);
}

static bool admit(struct listener *l, int fd, const struct sockaddr *from)
{
    struct guest *leaves;
    struct guest *g =
        porter_admit(l->plan.porter, from, l->plan.tls, l->plan.now(l->plan.user), &leaves);
    if (leaves)
        listener_send_away(leaves);
    if (!g) {
        refuse(l, fd);
        return false;
    }
    prepare(fd);
    adopt(l, g, fd);
    return true;
}

static void on_pause_over(uv_timer_t *h)
{
    struct listener *l = h->data;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void pause_for_a_while(struct listener *l, int why)
{
    if (!l->paused)
        log_warn("net", "no more connections for the moment: %s", strerror(why));
    l->paused = true;
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_readable(uv_poll_t *h, int status, int events)
{
    struct listener *l = h->data;
    for (int i = 0, in = 0; i < LOOKED_AT && in < AT_ONCE; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage all;
        } from;
        socklen_t len = sizeof from;
        int fd = accept4(l->fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            in += admit(l, fd, &from.any);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_for_a_while(l, errno);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

struct listener *listener_start(const struct listener_plan *plan, int fd)
{
    struct listener *l = check_alloc(calloc(1, sizeof *l));
    l->plan = *plan;
    l->fd = fd;
    CHECK(uv_poll_init(plan->loop, &l->poll, fd) == 0);
    CHECK(uv_timer_init(plan->loop, &l->pause) == 0);
    CHECK(uv_timer_init(plan->loop, &l->tidy) == 0);
    l->open = 3;
    l->poll.data = l->pause.data = l->tidy.data = l;
    CHECK(uv_poll_start(&l->poll, UV_READABLE, on_readable) == 0);
    return l;
}

static void on_closed(uv_handle_t *h)
{
    struct listener *l = h->data;
    if (--l->open == 0) {
        while (l->first != l->next)
            close_first(l);
        close(l->fd);
        free(l);
    }
}

void listener_stop(struct listener *l)
{
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->pause, on_closed);
    uv_close((uv_handle_t *)&l->tidy, on_closed);
}
