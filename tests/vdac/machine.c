// SPDX-License-Identifier: Apache-2.0
// Another machine, as far as its clock goes: loaded with LD_PRELOAD, it gives a program monotonic
// clocks that were started at another time and run at another speed than this machine's.
//
//   machine's CLOCK_MONOTONIC, _RAW, _COARSE, BOOTTIME = this one's * (1 + PPM / 1e6) + OFFSET_S
//
//   ROOMTONE_MACHINE_PPM       how fast its crystal is
//   ROOMTONE_MACHINE_OFFSET_S  seconds; may be negative, as long as its clocks stay above zero
//
// CLOCK_REALTIME is left alone: machines agree on that as well as they like. Waits until an instant
// are carried back to this machine's clock; waits for a span are left as they are, since some ppm
// of some seconds is below what any timer keeps. (A time namespace of the kernel gives an offset
// but no speed.)
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { TIMERS_MAX = 4096 }; // descriptors remembered; beyond, timers keep this machine's time

static double ppm, offset_ns;
static bool monotonic_timer[TIMERS_MAX];

static int (*libc_clock_gettime)(clockid_t, struct timespec *);
static int (*libc_cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                                  const struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *given = getenv("ROOMTONE_MACHINE_PPM"),
               *offset = getenv("ROOMTONE_MACHINE_OFFSET_S");
    ppm = given ? strtod(given, NULL) : 0;
    offset_ns = offset ? strtod(offset, NULL) * 1e9 : 0;
    *(void **)&libc_cond_clockwait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
}

static bool ours(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE ||
           id == CLOCK_BOOTTIME;
}

static int64_t to_ns(const struct timespec *ts)
{
    return ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec;
}

static struct timespec to_timespec(int64_t ns)
{
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

// The correction is a small number that fits a double to a fraction of a nanosecond.
static int64_t machine_ns(int64_t here)
{
    return here + (int64_t)floor((double)here * ppm / 1e6) + (int64_t)offset_ns;
}

// When this machine's clock is there; never early, and 1 for anything that is long past.
static struct timespec back(const struct timespec *machine)
{
    int64_t ns = to_ns(machine) - (int64_t)offset_ns;
    ns -= (int64_t)floor((double)ns * ppm / (1e6 + ppm));
    return to_timespec(ns < 1 ? 1 : ns);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    // Programs ask before any constructor ran.
    if (!libc_clock_gettime)
        *(void **)&libc_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int e = libc_clock_gettime(id, ts);
    if (e == 0 && ours(id))
        *ts = to_timespec(machine_ns(to_ns(ts)));
    return e;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *span, struct timespec *left)
{
    struct timespec until;
    if ((flags & TIMER_ABSTIME) && ours(id)) {
        until = back(span);
        span = &until;
    }
    // As libc does: the error itself, not errno.
    return syscall(SYS_clock_nanosleep, id, flags, span, left) == 0 ? 0 : errno;
}

int timerfd_create(int id, int flags)
{
    int fd = (int)syscall(SYS_timerfd_create, id, flags);
    if (fd >= 0 && fd < TIMERS_MAX)
        monotonic_timer[fd] = ours(id);
    return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *to, struct itimerspec *old)
{
    struct itimerspec mapped = *to;
    bool armed = to->it_value.tv_sec || to->it_value.tv_nsec;
    if ((flags & TFD_TIMER_ABSTIME) && armed && fd >= 0 && fd < TIMERS_MAX && monotonic_timer[fd])
        mapped.it_value = back(&to->it_value);
    return (int)syscall(SYS_timerfd_settime, fd, flags, &mapped, old);
}

int pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t id,
                           const struct timespec *until)
{
    struct timespec mapped = ours(id) ? back(until) : *until;
    return libc_cond_clockwait(cond, mutex, id, &mapped);
}

// The condition knows its clock, its user does not say. The instant tells: the wall clock has been
// above 10^9 s since 2001, and no machine has been up for thirty years.
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    clockid_t id = until->tv_sec < 1000000000 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    return pthread_cond_clockwait(cond, mutex, id, until);
}
