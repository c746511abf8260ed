// SPDX-License-Identifier: Apache-2.0
#include "common/find/dnssd.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/thread.h"

#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

// From one look for the bus to the next.
enum { RETRY_MS = 30000 };

struct dnssd {
    struct dnssd_work work;
    int stop[2]; // a pipe: closing its end wakes the thread for good
    pthread_t thread;
    AvahiSimplePoll *poll;
    bool up, lost, stopping;
    bool told; // that there is none
};

static void go_down(struct dnssd *d)
{
    if (d->up)
        d->work.down(d->work.user);
    d->up = false;
}

static void tell(struct dnssd *d, const char *why)
{
    if (!d->told)
        log_info("find", "no Avahi (%s): %s", why, d->work.without);
    d->told = true;
}

static void on_client(AvahiClient *client, AvahiClientState state, void *user)
{
    struct dnssd *d = user;
    switch (state) {
    case AVAHI_CLIENT_S_RUNNING:
        go_down(d);
        d->up = true;
        d->told = false;
        d->work.up(d->work.user, client);
        break;
    case AVAHI_CLIENT_FAILURE:
        go_down(d);
        d->lost = true;
        avahi_simple_poll_quit(d->poll);
        break;
    case AVAHI_CLIENT_CONNECTING:
        tell(d, "its daemon does not run");
        go_down(d);
        break;
    case AVAHI_CLIENT_S_REGISTERING:
    case AVAHI_CLIENT_S_COLLISION:
        go_down(d); // the machine's name is being found
        break;
    }
}

static void on_stop(AvahiWatch *w, int fd, AvahiWatchEvent event, void *user)
{
    struct dnssd *d = user;
    (void)w, (void)fd, (void)event;
    d->stopping = true;
    avahi_simple_poll_quit(d->poll);
}

// Until it is lost or is to stop.
static void serve(struct dnssd *d)
{
    int error = AVAHI_OK;
    d->lost = false;
    d->poll = check_alloc(avahi_simple_poll_new());
    const AvahiPoll *api = avahi_simple_poll_get(d->poll);
    AvahiWatch *watch =
        check_alloc(api->watch_new(api, d->stop[0], AVAHI_WATCH_IN | AVAHI_WATCH_HUP, on_stop, d));
    AvahiClient *client = avahi_client_new(api, AVAHI_CLIENT_NO_FAIL, on_client, d, &error);
    if (!client)
        tell(d, avahi_strerror(error));
    while (client && !d->lost && !d->stopping && avahi_simple_poll_iterate(d->poll, -1) == 0)
        ;
    go_down(d);
    if (client)
        avahi_client_free(client);
    api->watch_free(watch);
    avahi_simple_poll_free(d->poll);
    d->poll = NULL;
}

static void *run(void *user)
{
    struct dnssd *d = user;
    struct pollfd end = {.fd = d->stop[0], .events = POLLIN};
    pthread_setname_np(pthread_self(), "avahi");
    do {
        serve(d);
    } while (!d->stopping && poll(&end, 1, RETRY_MS) <= 0);
    return NULL;
}

struct dnssd *dnssd_start(const struct dnssd_work *work)
{
    struct dnssd *d = check_alloc(calloc(1, sizeof *d));
    d->work = *work;
    if (pipe2(d->stop, O_CLOEXEC) != 0) {
        free(d);
        return NULL;
    }
    if (thread_start(&d->thread, run, d) == 0)
        return d;
    close(d->stop[0]);
    close(d->stop[1]);
    free(d);
    return NULL;
}

void dnssd_stop(struct dnssd *d)
{
    if (!d)
        return;
    close(d->stop[1]);
    pthread_join(d->thread, NULL);
    close(d->stop[0]);
    free(d);
}
