// SPDX-License-Identifier: Apache-2.0
#include "player/link/time_udp.h"

#include "common/base/check.h"

#include <sodium.h>
#include <sys/epoll.h>
#include <unistd.h>

// Datagrams read in one go: a flood of them does not keep the loop from its other sockets.
enum { AT_ONCE = 16 };

struct time_udp {
    struct lws *wsi;
    int fd;
    struct udp_peer server;
    struct sealed_session session;
    time_udp_answer_fn on_answer;
    void *user;
};

// `on_answer` may close the session: then nothing more is read.
static void receive(struct lws *wsi)
{
    struct time_udp *u;
    for (int i = 0; i < AT_ONCE && (u = lws_get_opaque_user_data(wsi)); i++) {
        uint8_t data[SEALED_BYTES];
        struct udp_peer from;
        struct stamp_answer a;
        struct sealed_left left;
        mono_t t4;
        ssize_t n = udp_receive(u->fd, data, sizeof data, &from, &t4);
        if (n < 0) {
            udp_clear(u->fd); // or a late stamp would wake us for ever
            return;
        }
        if (sealed_get_answer(&u->session, data, (size_t)n, &a, &left))
            u->on_answer(u->user, &a, &left, t4);
    }
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    if (reason == LWS_CALLBACK_RAW_RX_FILE)
        receive(wsi);
    return 0;
}

const struct lws_protocols time_udp_protocol = {.name = "roomtone.time", .callback = callback};

// Readable when the socket has an answer or a stamp. lws owns it; should that fail, it is closed.
static struct lws *watch(struct lws_vhost *vhost, int fd)
{
    int inside = epoll_create1(EPOLL_CLOEXEC);
    if (inside < 0)
        return NULL;
    if (epoll_ctl(inside, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN}) != 0) {
        close(inside);
        return NULL;
    }
    return lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC,
                                      (lws_sock_file_fd_type){.filefd = inside},
                                      time_udp_protocol.name, NULL);
}

struct time_udp *time_udp_open(struct lws_vhost *vhost, const struct udp_peer *server,
                               const struct sealed_session *session, time_udp_answer_fn on_answer,
                               void *user)
{
    int fd = udp_open(server, false);
    if (fd < 0)
        return NULL;
    struct lws *wsi = watch(vhost, fd);
    if (!wsi) {
        close(fd);
        return NULL;
    }
    struct time_udp *u = check_alloc(calloc(1, sizeof *u));
    *u = (struct time_udp){wsi, fd, *server, *session, on_answer, user};
    lws_set_opaque_user_data(wsi, u);
    return u;
}

bool time_udp_ask(struct time_udp *u, const struct stamp_question *q, mono_t *left)
{
    uint8_t data[SEALED_BYTES];
    sealed_put_question(&u->session, q, data);
    return udp_send(u->fd, data, sizeof data, &u->server, left);
}

void time_udp_close(struct time_udp *u)
{
    if (!u)
        return;
    lws_set_opaque_user_data(u->wsi, NULL);
    lws_set_timeout(u->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    close(u->fd);
    sodium_memzero(u, sizeof *u);
    free(u);
}
