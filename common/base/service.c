// SPDX-License-Identifier: Apache-2.0
#include "common/base/service.h"

#include "common/base/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3, SAID_MAX = 500 };

struct service {
    int fd; // -1: nobody listens
    struct sockaddr_un to;
    socklen_t to_len;
    int64_t watchdog_us;
    int sockets; // from FIRST_SOCKET on
    bool used[SERVICE_SOCKETS_MAX];
    char status[SAID_MAX];
};

// 0 when it is not there, or no positive number.
static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    errno = 0;
    long long n = text ? strtoll(text, &end, 10) : 0;
    return text && end != text && !*end && !errno && n > 0 ? n : 0;
}

// Is what $NAME brings meant for this process, or for one that forked it?
static bool is_ours(const char *name)
{
    return !getenv(name) || number_of(name) == getpid();
}

static void find_listener(struct service *s)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    // "@NAME" is a name without a file: its first byte is a NUL on the wire.
    if (len < 2 || len >= sizeof s->to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    s->to.sun_family = AF_UNIX;
    memcpy(s->to.sun_path, path, len);
    if (path[0] == '@')
        s->to.sun_path[0] = '\0';
    s->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void find_sockets(struct service *s)
{
    int64_t n = getenv("LISTEN_PID") && is_ours("LISTEN_PID") ? number_of("LISTEN_FDS") : 0;
    s->sockets = n > SERVICE_SOCKETS_MAX ? SERVICE_SOCKETS_MAX : (int)n;
    for (int i = 0; i < s->sockets; i++)
        fcntl(FIRST_SOCKET + i, F_SETFD, FD_CLOEXEC);
}

struct service *service_open(void)
{
    static const char *const ours[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                       "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
    struct service *s = check_alloc(calloc(1, sizeof *s));
    s->fd = -1;
    find_listener(s);
    find_sockets(s);
    if (s->fd >= 0 && is_ours("WATCHDOG_PID"))
        s->watchdog_us = number_of("WATCHDOG_USEC");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        unsetenv(ours[i]);
    return s;
}

void service_close(struct service *s)
{
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

void service_notify(struct service *s, const char *fmt, ...)
{
    char text[SAID_MAX + 20];
    va_list ap;
    if (s->fd < 0)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sendto(s->fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&s->to, s->to_len);
}

void service_status(struct service *s, const char *text)
{
    if (strcmp(s->status, text) == 0)
        return;
    snprintf(s->status, sizeof s->status, "%s", text);
    service_notify(s, "STATUS=%s", s->status);
}

void service_reloading(struct service *s)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    service_notify(s, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

int64_t service_watchdog_us(const struct service *s)
{
    return s->watchdog_us;
}

// The port a descriptor is bound to, -1 when it is no internet socket.
static int port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return -1;
    if (a.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&a)->sin_port);
    return a.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&a)->sin6_port) : -1;
}

static int option_of(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

int service_socket(struct service *s, int type, int port)
{
    for (int i = 0; i < s->sockets; i++) {
        int fd = FIRST_SOCKET + i;
        if (port_of(fd) != port || option_of(fd, SO_TYPE) != type ||
            (type == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) != 1))
            continue;
        s->used[i] = true;
        int own = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SOCKET);
        if (own >= 0)
            fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK);
        return own;
    }
    return -1;
}

int service_unused_port(struct service *s)
{
    for (int i = 0; i < s->sockets; i++) {
        if (!s->used[i]) {
            s->used[i] = true;
            return port_of(FIRST_SOCKET + i);
        }
    }
    return -1;
}

bool service_credential(const char *name, char *path, size_t size)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    int len = folder ? snprintf(path, size, "%s/%s", folder, name) : -1;
    return len > 0 && (size_t)len < size && access(path, R_OK) == 0;
}
