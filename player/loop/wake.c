// SPDX-License-Identifier: Apache-2.0
#include "player/loop/wake.h"

#include "common/base/check.h"

#include <sys/timerfd.h>
#include <unistd.h>

struct wake {
    int fd; // lws closes it
    void (*due)(void *user);
    void *user;
};

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct wake *w = lws_get_opaque_user_data(wsi);
    uint64_t times;
    // Nothing to read: it was stopped or set anew meanwhile.
    if (reason == LWS_CALLBACK_RAW_RX_FILE && read(w->fd, &times, sizeof times) == sizeof times)
        w->due(w->user);
    return 0;
}

const struct lws_protocols wake_protocol = {.name = "roomtone.wake", .callback = callback};

struct wake *wake_create(struct lws_context *context, void (*due)(void *user), void *user)
{
    struct wake *w = check_alloc(calloc(1, sizeof *w));
    *w = (struct wake){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), due, user};
    CHECK(w->fd >= 0);
    struct lws *wsi = lws_adopt_descriptor_vhost(
        lws_get_vhost_by_name(context, "default"), LWS_ADOPT_RAW_FILE_DESC,
        (lws_sock_file_fd_type){.filefd = w->fd}, wake_protocol.name, NULL);
    CHECK(wsi != NULL);
    lws_set_opaque_user_data(wsi, w);
    return w;
}

void wake_destroy(struct wake *w)
{
    free(w);
}

void wake_in_us(struct wake *w, int64_t us)
{
    int64_t ns = us > 0 ? us * 1000 : 1; // 0 would stop it
    struct itimerspec t = {.it_value = {ns / 1000000000, ns % 1000000000}};
    timerfd_settime(w->fd, 0, &t, NULL);
}

void wake_stop(struct wake *w)
{
    timerfd_settime(w->fd, 0, &(struct itimerspec){.it_value = {0, 0}}, NULL);
}
