// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/hub_load.h"

#include "tests/bench/hub_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    JOINING_MAX = 64, // members who are on their way in at once
    PER_ADDRESS = 50, // sockets from one address
    RING = 64,        // commands of a room that are remembered
    READ_AT_ONCE = 16 // sockets, before the clock is looked at: five hundred take milliseconds
};
#define SECOND INT64_C(1000000000)
#define RENEW_NS (2 * SECOND) // of a guide's lease
#define PATIENCE_NS (60 * SECOND)
#define DRAIN_NS (8 * SECOND)

struct room;

struct member {
    struct socket socket;
    struct load *load;
    struct room *room; // NULL: asks the time
    bool guide, in;
    int64_t heard; // the newest command it knows of
};

// A command under way: when it was to leave, when it came.
struct flight {
    int64_t planned, first, last;
    int count;
};

struct room {
    int number;
    char path[32];
    struct member *guide;
    int64_t base;        // position before the first command
    int64_t sent, acked; // commands
    int64_t fence, renew_at;
    struct flight ring[RING];
};

struct load {
    const struct load_plan *plan;
    struct load_result *r;
    int epoll, timer;
    struct member *members;
    struct room *rooms;
    struct member asker;
    uint64_t salt;
    int count, begun, in, ready; // members; of them on their way, joined; rooms whose guide leads
    bool going, measuring, ending, leaving;
    int64_t began;   // wall clock of the first planned command
    int64_t until;   // wall clock: so long commands leave; 0: none do
    int64_t planned; // commands that left, of all rooms (open loop)
    int64_t asked;
};

// The value behind `key` where it stands last; `none` where it does not.
static int64_t number(const char *data, size_t len, const char *key, int64_t none)
{
    size_t n = strlen(key);
    const char *end = data + len, *found = NULL;
    for (const char *p = data; (p = memmem(p, (size_t)(end - p), key, n)); p += n)
        found = p + n;
    int64_t v = 0;
    if (!found)
        return none;
    for (; found < end && *found >= '0' && *found <= '9'; found++)
        v = v * 10 + (*found - '0');
    return v;
}

static void say(struct room *r, struct load *l, int64_t n, const char *what)
{
    char text[400];
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"command\",\"group\":\"r-%d\",\"cmd_id\":\"%016llx%06x%010llx\","
                       "%s,\"fence\":%lld}",
                       r->number, (unsigned long long)l->salt, r->number, (unsigned long long)n,
                       what, (long long)r->fence);
    socket_send(&r->guide->socket, true, text, (size_t)len);
}

static void command(struct room *r, struct load *l, int64_t planned)
{
    char what[80];
    r->sent++;
    r->ring[r->sent % RING] = (struct flight){.planned = planned};
    snprintf(what, sizeof what, "\"do\":\"seek\",\"position\":%lld",
             (long long)(r->base + r->sent));
    say(r, l, r->sent, what);
}

// Claims and renewals count down from the top: their ids are nobody else's.
static void lead(struct room *r, struct load *l, const char *what)
{
    static int64_t n = INT64_C(0xffffffffff);
    r->renew_at = mono_ns() + RENEW_NS;
    say(r, l, n--, what);
}

// Member m has learnt of the command n of its room.
static void arrived(struct load *l, struct room *r, int64_t n, int64_t at_ns)
{
    struct flight *f = &r->ring[n % RING];
    if (l->measuring)
        l->r->heard++;
    if (l->plan->rate <= 0 || r->sent - n >= RING ||
        f->planned < l->began + (int64_t)(l->plan->warm_s * 1e9))
        return;
    spans_add(&l->r->arrival, at_ns - f->planned);
    f->first = f->count == 0 || at_ns < f->first ? at_ns : f->first;
    f->last = at_ns > f->last ? at_ns : f->last;
    if (++f->count < l->plan->members)
        return;
    spans_add(&l->r->last, f->last - f->planned);
    spans_add(&l->r->spread, f->last - f->first);
}

static void on_state(struct member *m, const char *data, size_t len, int64_t at_ns)
{
    struct load *l = m->load;
    struct room *r = m->room;
    int64_t position = number(data, len, "\"p0\":", 0);
    if (!m->in) {
        m->in = true;
        l->in++;
        if (m->guide)
            lead(r, l, "\"do\":\"claim\"");
    }
    if (!l->going) {
        r->base = position > r->base ? position : r->base;
        return;
    }
    if (l->measuring)
        l->r->messages++;
    while (m->heard < position - r->base && m->heard < r->sent)
        arrived(l, r, ++m->heard, at_ns);
}

static void on_ack(struct member *m, const char *data, size_t len)
{
    struct load *l = m->load;
    struct room *r = m->room;
    const char *id = memmem(data, len, "\"cmd_id\":\"", 10);
    if (!id || id + 42 > data + len)
        return;
    char digits[11];
    memcpy(digits, id + 10 + 22, 10);
    digits[10] = '\0';
    int64_t n = strtoll(digits, NULL, 16);
    if (!r->fence) {
        r->fence = number(data, len, "\"fence\":", 1);
        l->ready++;
        return;
    }
    if (n > r->sent) { // no command: a renewal, or the end
        l->ready -= l->leaving;
        return;
    }
    r->acked = n > r->acked ? n : r->acked;
    if (l->measuring)
        l->r->commands++;
    if (l->going && l->plan->flight && !l->ending)
        command(r, l, 0);
}

static void on_message(void *user, bool text, const char *data, size_t len, int64_t at_ns)
{
    struct member *m = user;
    struct load *l = m->load;
    static const char state[] = "{\"type\":\"state\"", ack[] = "{\"type\":\"ack\"",
                      error[] = "{\"type\":\"error\"";
    char hello[200];
    if (!data && m->room) { // it is open
        int n = snprintf(
            hello, sizeof hello, "{\"type\":\"hello\",\"v\":1,\"role\":\"%s\",\"link\":\"%s-%d\"}",
            m->guide ? "guide" : "visitor", m->guide ? "guide" : "link", m->room->number);
        socket_send(&m->socket, true, hello, (size_t)n);
    } else if (!text && len == 36 && memcmp(data, "RTA\1", 4) == 0) {
        int64_t asked;
        memcpy(&asked, data + 8, sizeof asked);
        if (l->measuring)
            spans_add(&l->r->ask, at_ns - asked);
    } else if (len > sizeof state && memcmp(data, state, sizeof state - 1) == 0) {
        on_state(m, data, len, at_ns);
    } else if (len > sizeof ack && memcmp(data, ack, sizeof ack - 1) == 0) {
        on_ack(m, data, len);
    } else if (len > sizeof error && memcmp(data, error, sizeof error - 1) == 0) {
        if (l->r->errors++ == 0)
            fprintf(stderr, "hub: %.*s\n", (int)len, data);
    }
}

static bool begin(struct load *l, struct member *m, int i, const char *path)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->plan->port)};
    inet_pton(AF_INET, l->plan->address, &to.sin_addr);
    int host = i / PER_ADDRESS;
    in_addr_t from = htonl(0x7f010000u + (uint32_t)(host / 250 * 256 + host % 250 + 1));
    m->load = l;
    if (!socket_begin(&m->socket, &to, from, path, !m->room || l->plan->rate > 0)) {
        fprintf(stderr, "hub: socket %d: %s\n", i, strerror(errno));
        return false;
    }
    // Written to first: that is when it is connected.
    struct epoll_event e = {.events = EPOLLOUT | EPOLLONESHOT, .data.ptr = m};
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, m->socket.fd, &e) == 0;
}

static void ask(struct load *l)
{
    unsigned char q[16] = "RTQ\1";
    int64_t now = wall_ns();
    memcpy(q + 8, &now, sizeof now);
    socket_send(&l->asker.socket, false, q, sizeof q);
}

// When the command with this number, counted over all rooms, is to leave.
static int64_t instant(const struct load *l, int64_t n)
{
    return l->began + (int64_t)((double)n / (l->plan->rate * l->plan->rooms) * 1e9);
}

// What is to be done by now: planned commands, questions, renewals.
static void keep_up(struct load *l, int64_t now)
{
    const struct load_plan *p = l->plan;
    now = now < l->until ? now : l->until;
    while (p->rate > 0 && instant(l, l->planned) < now) {
        int64_t planned = instant(l, l->planned);
        if (l->measuring)
            spans_add(&l->r->late, wall_ns() - planned);
        command(&l->rooms[l->planned % p->rooms], l, planned);
        l->planned++;
    }
    while (p->ask_ms && l->began + l->asked * p->ask_ms * 1000000 < now) {
        ask(l);
        l->asked++;
    }
    static int64_t looked;
    int64_t mono = mono_ns();
    if (mono - looked < SECOND / 100)
        return;
    looked = mono;
    for (int i = 0; i < p->rooms; i++) {
        if (l->rooms[i].guide && l->rooms[i].renew_at <= mono)
            lead(&l->rooms[i], l, "\"do\":\"renew\"");
    }
}

static void serve(struct load *l, int timeout_ms)
{
    struct epoll_event events[512];
    int n = epoll_wait(l->epoll, events, 512, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct member *m = events[i].data.ptr;
        if (!m) {
            uint64_t times;
            (void)!read(l->timer, &times, sizeof times);
            continue;
        }
        if (i % READ_AT_ONCE == 0 && l->until)
            keep_up(l, wall_ns());
        bool was_new = m->socket.state == SOCKET_CONNECTING;
        socket_ready(&m->socket, on_message, m);
        if (m->socket.state == SOCKET_OVER) {
            l->r->lost++;
        } else if (was_new) {
            struct epoll_event e = {.events = EPOLLIN, .data.ptr = m};
            epoll_ctl(l->epoll, EPOLL_CTL_MOD, m->socket.fd, &e);
        }
    }
}

static bool join_all(struct load *l)
{
    int64_t began = mono_ns();
    bool led = l->plan->flight || l->plan->rate > 0;
    while (l->in < l->count || (led && l->ready < l->plan->rooms)) {
        while (l->begun < l->count && l->begun - l->in < JOINING_MAX) {
            if (!begin(l, &l->members[l->begun], l->begun, l->members[l->begun].room->path))
                return false;
            l->begun++;
        }
        serve(l, 100);
        if (l->r->lost || l->r->errors || mono_ns() - began > PATIENCE_NS) {
            fprintf(stderr, "hub: %d of %d joined, %d of %d guides lead, %lld sockets broke\n",
                    l->in, l->count, l->ready, l->plan->rooms, (long long)l->r->lost);
            return false;
        }
    }
    l->r->join_s = (double)(mono_ns() - began) / 1e9;
    if (l->plan->ask_ms) {
        if (!begin(l, &l->asker, 1000000, "/ws"))
            return false;
        while (l->asker.socket.state != SOCKET_OPEN && l->asker.socket.state != SOCKET_OVER)
            serve(l, 100);
    }
    return true;
}

static void sleep_until(struct load *l, int64_t wall)
{
    struct itimerspec t = {.it_value = {wall / SECOND, wall % SECOND}};
    timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static int64_t own_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static void go(struct load *l, int64_t until)
{
    l->until = until;
    while (wall_ns() < until && !l->r->lost) {
        int64_t now = wall_ns(), next = until;
        keep_up(l, now);
        if (l->plan->rate > 0 && instant(l, l->planned) < next)
            next = instant(l, l->planned);
        int64_t question = l->began + l->asked * l->plan->ask_ms * 1000000;
        if (l->plan->ask_ms && question < next)
            next = question;
        sleep_until(l, next);
        serve(l, 10);
    }
    l->until = 0;
}

// Every member must have heard of the newest command that was acknowledged.
static int64_t missing(const struct load *l)
{
    int64_t n = 0;
    for (int i = 0; i < l->count; i++) {
        const struct member *m = &l->members[i];
        n += m->heard < m->room->sent ? m->room->sent - m->heard : 0;
    }
    for (int i = 0; i < l->plan->rooms; i++)
        n += l->rooms[i].sent - l->rooms[i].acked;
    return n;
}

static void work(struct load *l)
{
    const struct load_plan *p = l->plan;
    l->going = true;
    l->began = wall_ns() + SECOND / 20;
    for (int i = 0; i < p->rooms; i++) {
        for (int k = 0; k < p->flight; k++)
            command(&l->rooms[i], l, 0);
    }
    go(l, l->began + (int64_t)(p->warm_s * 1e9));
    int64_t began = mono_ns(), cpu = process_cpu_us(p->pid), own = own_cpu_us();
    l->measuring = true;
    go(l, l->began + (int64_t)((p->warm_s + p->for_s) * 1e9));
    l->measuring = false;
    l->r->seconds = (double)(mono_ns() - began) / 1e9;
    l->r->server_cpu_us = process_cpu_us(p->pid) - cpu;
    l->r->own_cpu_us = own_cpu_us() - own;
    l->r->pss_kib = process_pss_kib(p->pid);
    l->ending = true; // nothing more is sent; what is under way is waited for
    for (int64_t until = mono_ns() + DRAIN_NS; mono_ns() < until && missing(l) > 0;)
        serve(l, 10);
    l->r->missing = missing(l);
}

// The next who comes may lead at once.
static void release(struct load *l)
{
    l->leaving = true;
    for (int i = 0; i < l->plan->rooms; i++) {
        if (l->rooms[i].guide)
            lead(&l->rooms[i], l, "\"do\":\"release\"");
    }
    for (int64_t until = mono_ns() + DRAIN_NS; mono_ns() < until && l->ready > 0;)
        serve(l, 10);
}

static bool open_load(struct load *l)
{
    const struct load_plan *p = l->plan;
    l->count = p->rooms * p->members;
    l->members = calloc((size_t)l->count, sizeof *l->members);
    l->rooms = calloc((size_t)p->rooms, sizeof *l->rooms);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!l->members || !l->rooms || l->epoll < 0 || l->timer < 0)
        return false;
    struct epoll_event e = {.events = EPOLLIN};
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->timer, &e);
    l->salt = (uint64_t)wall_ns();
    for (int i = 0; i < p->rooms; i++) {
        struct room *r = &l->rooms[i];
        r->number = p->first + i;
        snprintf(r->path, sizeof r->path, p->by_path ? "/ws?room=%d" : "/ws", r->number);
    }
    for (int i = 0; i < l->count; i++) {
        struct member *m = &l->members[i];
        m->room = &l->rooms[i % p->rooms];
        m->guide = i < p->rooms && (p->flight || p->rate > 0);
        if (m->guide)
            m->room->guide = m;
    }
    return true;
}

bool load_run(const struct load_plan *plan, struct load_result *out)
{
    *out = (struct load_result){.pss_before_kib = process_pss_kib(plan->pid)};
    struct load l = {.plan = plan, .r = out};
    bool ok = open_load(&l) && join_all(&l);
    if (ok)
        work(&l);
    if (ok)
        release(&l);
    for (int i = 0; i < l.begun; i++)
        socket_end(&l.members[i].socket);
    if (plan->ask_ms && l.asker.load)
        socket_end(&l.asker.socket);
    free(l.members);
    free(l.rooms);
    close(l.epoll);
    close(l.timer);
    return ok;
}
