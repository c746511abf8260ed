// SPDX-License-Identifier: Apache-2.0
#include "player/link/time_udp.h"

#include "common/base/check.h"

#include <sodium.h>
#include <unistd.h>

// Datagrams read in one go: a flood of them does not keep the loop from its other sockets.
enum { AT_ONCE = 16 };

struct time_udp {
    struct lws *wsi;
    int fd; // lws closes it
    struct udp_peer server;
    struct sealed_session session;
    void (*on_answer)(void *user, const struct stamp_answer *a, mono_t t4);
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
        mono_t t4;
        ssize_t n = udp_receive(u->fd, data, sizeof data, &from, &t4);
        if (n < 0)
            return;
        if (sealed_get_answer(&u->session, data, (size_t)n, &a))
            u->on_answer(u->user, &a, t4);
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

struct time_udp *
time_udp_open(struct lws_vhost *vhost, const struct udp_peer *server,
              const struct sealed_session *session,
              void (*on_answer)(void *user, const struct stamp_answer *a, mono_t t4), void *user)
{
    int fd = udp_open(server, false);
    if (fd < 0)
        return NULL;
    // Should it fail, it has closed the socket.
    struct lws *wsi = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC,
                                                 (lws_sock_file_fd_type){.filefd = fd},
                                                 time_udp_protocol.name, NULL);
    if (!wsi)
        return NULL;
    struct time_udp *u = check_alloc(calloc(1, sizeof *u));
    *u = (struct time_udp){wsi, fd, *server, *session, on_answer, user};
    lws_set_opaque_user_data(wsi, u);
    return u;
}

bool time_udp_ask(struct time_udp *u, const struct stamp_question *q)
{
    uint8_t data[SEALED_BYTES];
    sealed_put_question(&u->session, q, data);
    return udp_send(u->fd, data, sizeof data, &u->server);
}

void time_udp_close(struct time_udp *u)
{
    if (!u)
        return;
    lws_set_opaque_user_data(u->wsi, NULL);
    lws_set_timeout(u->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    sodium_memzero(u, sizeof *u);
    free(u);
}
