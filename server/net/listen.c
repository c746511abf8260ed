// SPDX-License-Identifier: Apache-2.0
#include "server/net/listen.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AT_ONCE = 64,   // accepted before others have their turn
    PAUSE_MS = 250, // when the process may open no more files; they wait in the kernel's queue
};

struct listener {
    struct lws_vhost *vhost;
    int fd;
    uv_poll_t poll;
    uv_timer_t pause;
    int open;    // handles that are not closed yet
    bool paused; // said once
};

static void on_readable(uv_poll_t *h, int status, int events);

static void set(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

// What libwebsockets sets on those it accepts itself.
static void prepare(int fd)
{
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_PROBES);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
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
    for (int i = 0; i < AT_ONCE; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            prepare(fd);
            lws_adopt_socket_vhost(l->vhost, fd); // closes it when it has no place
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_for_a_while(l, errno);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

struct listener *listener_start(uv_loop_t *loop, struct lws_vhost *vhost, int fd)
{
    struct listener *l = check_alloc(calloc(1, sizeof *l));
    l->vhost = vhost;
    l->fd = fd;
    CHECK(uv_poll_init(loop, &l->poll, fd) == 0);
    CHECK(uv_timer_init(loop, &l->pause) == 0);
    l->open = 2;
    l->poll.data = l->pause.data = l;
    CHECK(uv_poll_start(&l->poll, UV_READABLE, on_readable) == 0);
    return l;
}

static void on_closed(uv_handle_t *h)
{
    struct listener *l = h->data;
    if (--l->open == 0) {
        close(l->fd);
        free(l);
    }
}

void listener_stop(struct listener *l)
{
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->pause, on_closed);
}
