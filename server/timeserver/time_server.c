// SPDX-License-Identifier: Apache-2.0
#include "server/timeserver/time_server.h"

#include "common/base/check.h"
#include "common/base/thread.h"
#include "common/net/udp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

// A bucket that fills at the rate and holds half a second of it: a burst after a stall passes.
#define TOKENS_MAX (TIME_SERVER_PER_S / 2.0)

struct session {
    struct sealed_session sealed;        // id 0: free
    int64_t seen[TIME_SERVER_OVERTAKEN]; // the latest t1 that were answered, in no order
    double tokens;
    mono_t tokens_at;
    struct sealed_left left; // the last answer
};

struct time_server {
    int fd, port;
    int stop[2]; // a pipe: closing its end wakes the thread for good
    pthread_t thread;
    struct sealed_pair house;
    char key[SEALED_KEY_TEXT];

    pthread_mutex_t mutex; // over all that follows
    struct house_anchor anchor;
    struct session sessions[TIME_SERVER_SESSIONS];
    struct time_server_stats stats;
};

static struct session *find(struct time_server *s, uint64_t id)
{
    for (int i = 0; i < TIME_SERVER_SESSIONS; i++) {
        if (s->sessions[i].sealed.id == id)
            return &s->sessions[i];
    }
    return NULL;
}

// True once for each t1, and never for one that is older than all that are remembered.
static bool is_new(struct session *session, int64_t t1_ns)
{
    int64_t *oldest = &session->seen[0];
    for (int i = 0; i < TIME_SERVER_OVERTAKEN; i++) {
        if (session->seen[i] == t1_ns)
            return false;
        if (session->seen[i] < *oldest)
            oldest = &session->seen[i];
    }
    if (t1_ns < *oldest)
        return false;
    *oldest = t1_ns;
    return true;
}

static bool may_ask(struct session *session, mono_t now)
{
    session->tokens += (double)mono_diff_ns(now, session->tokens_at) / 1e9 * TIME_SERVER_PER_S;
    if (session->tokens > TOKENS_MAX)
        session->tokens = TOKENS_MAX;
    session->tokens_at = now;
    if (session->tokens < 1)
        return false;
    session->tokens -= 1;
    return true;
}

// What the mutex is for: is this a question to answer, and by which key and anchor?
static bool take(struct time_server *s, const uint8_t *data, size_t len, mono_t now,
                 struct stamp_question *q, struct sealed_session *sealed, struct sealed_left *left,
                 struct house_anchor *a)
{
    uint64_t id = sealed_id(data, len);
    pthread_mutex_lock(&s->mutex);
    struct session *session = id ? find(s, id) : NULL;
    bool good = session && sealed_get_question(&session->sealed, data, len, q) &&
                may_ask(session, now) && is_new(session, q->t1_ns);
    if (good) {
        *sealed = session->sealed;
        *left = session->left;
        *a = s->anchor;
        s->stats.answers++;
    } else {
        s->stats.refused++;
    }
    pthread_mutex_unlock(&s->mutex);
    return good;
}

static void note_left(struct time_server *s, uint64_t id, int64_t t1_ns, int64_t t3_house_ns)
{
    pthread_mutex_lock(&s->mutex);
    struct session *session = find(s, id); // it may have ended meanwhile
    if (session)
        session->left = (struct sealed_left){t1_ns, t3_house_ns};
    pthread_mutex_unlock(&s->mutex);
}

static void answer(struct time_server *s)
{
    uint8_t data[SEALED_BYTES];
    struct udp_peer from;
    mono_t at, left;
    struct stamp_question q;
    struct sealed_session sealed;
    struct sealed_left before;
    struct house_anchor anchor;
    ssize_t n = udp_receive(s->fd, data, sizeof data, &from, &at);
    if (n < 0 || !take(s, data, (size_t)n, at, &q, &sealed, &before, &anchor))
        return;
    struct stamp_answer a = {
        .seq = q.seq,
        .t1_ns = q.t1_ns,
        .t2_house_ns = house_ns_at(&anchor, at),
        .t3_house_ns = house_ns_at(&anchor, house_raw_now()),
        .clock_epoch = anchor.clock_epoch,
    };
    sealed_put_answer(&sealed, &a, &before, data);
    // One that is not sent is one that was lost.
    if (udp_send(s->fd, data, sizeof data, &from, &left))
        note_left(s, sealed.id, q.t1_ns, house_ns_at(&anchor, left));
}

static void *serve(void *user)
{
    struct time_server *s = user;
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
    while (!fds[1].revents) {
        if (poll(fds, 2, -1) <= 0)
            continue;
        if (fds[0].revents & POLLERR)
            udp_clear(s->fd);
        if (fds[0].revents & POLLIN)
            answer(s);
    }
    return NULL;
}

static bool open_socket(struct time_server *s, const char *address, int port, int given)
{
    struct udp_peer here = {.len = sizeof here.address};
    if (given < 0 && !udp_address(address, port, &here)) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    s->fd = given >= 0 ? udp_take(given) : udp_open(&here, true);
    if (s->fd < 0 || getsockname(s->fd, (struct sockaddr *)&here.address, &here.len) != 0)
        return false;
    s->port = udp_port(&here);
    return true;
}

static void release(struct time_server *s)
{
    for (int i = 0; i < 2; i++) {
        if (s->stop[i] >= 0)
            close(s->stop[i]);
    }
    if (s->fd >= 0)
        close(s->fd);
    pthread_mutex_destroy(&s->mutex);
    sodium_memzero(s, sizeof *s);
    free(s);
}

struct time_server *time_server_start(const char *address, int port, int given,
                                      const struct sealed_pair *house,
                                      const struct house_anchor *anchor, char *error,
                                      size_t error_size)
{
    struct time_server *s = check_alloc(calloc(1, sizeof *s));
    s->fd = s->stop[0] = s->stop[1] = -1;
    s->house = *house;
    s->anchor = *anchor;
    sealed_key_text(house->public_key, s->key);
    pthread_mutex_init(&s->mutex, NULL);
    if (open_socket(s, address, port, given) && pipe2(s->stop, O_CLOEXEC) == 0 &&
        (errno = thread_start(&s->thread, serve, s)) == 0)
        return s;
    snprintf(error, error_size, "UDP %s port %d: %s", address, port, strerror(errno));
    release(s);
    return NULL;
}

void time_server_stop(struct time_server *s)
{
    if (!s)
        return;
    close(s->stop[1]);
    s->stop[1] = -1;
    pthread_join(s->thread, NULL);
    release(s);
}

int time_server_port(const struct time_server *s)
{
    return s->port;
}

const char *time_server_key(const struct time_server *s)
{
    return s->key;
}

void time_server_set_anchor(struct time_server *s, const struct house_anchor *anchor)
{
    pthread_mutex_lock(&s->mutex);
    s->anchor = *anchor;
    pthread_mutex_unlock(&s->mutex);
}

uint64_t time_server_admit(struct time_server *s, const char *device_key)
{
    uint8_t device[SEALED_KEY_BYTES];
    struct session new = {.tokens = TOKENS_MAX, .tokens_at = house_raw_now()};
    for (int i = 0; i < TIME_SERVER_OVERTAKEN; i++)
        new.seen[i] = INT64_MIN;
    uint64_t id;
    do {
        randombytes_buf(&id, sizeof id);
    } while (id == 0);
    // Before the mutex is taken: this takes longer than an answer.
    if (!sealed_key_from_text(device_key, device) ||
        !sealed_session_house(&new.sealed, &s->house, device, id))
        return 0;
    pthread_mutex_lock(&s->mutex);
    struct session *place = find(s, 0);
    if (place)
        *place = new;
    pthread_mutex_unlock(&s->mutex);
    return place ? id : 0;
}

void time_server_dismiss(struct time_server *s, uint64_t id)
{
    if (id == 0)
        return;
    pthread_mutex_lock(&s->mutex);
    struct session *session = find(s, id);
    if (session)
        sodium_memzero(session, sizeof *session);
    pthread_mutex_unlock(&s->mutex);
}

struct time_server_stats time_server_stats(struct time_server *s)
{
    pthread_mutex_lock(&s->mutex);
    struct time_server_stats stats = s->stats;
    pthread_mutex_unlock(&s->mutex);
    return stats;
}
