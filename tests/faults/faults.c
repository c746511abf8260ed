// SPDX-License-Identifier: Apache-2.0
// A bad disk and a wall clock that jumps, for a real program: loaded with LD_PRELOAD, it stands
// between the program and libc. What it does is read from a small mapped file that the test writes
// while the program runs (tests/system/faults.py), so a fault begins and ends within one call.
//
//   ROOMTONE_FAULTS      the control file: int64s in the order of enum knob
//   ROOMTONE_FAULTS_DIR  only descriptors of files in here are harmed
//
// A failed or stalled fsync leaves what was written in the kernel's cache, as a real one may. A
// full disk refuses what would make a file longer and takes what lies within it.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum knob {
    // Set by the test.
    FULL,          // 1: no file grows
    WRITE_ERRNO,   // writes and changes of length fail with this, e.g. EROFS
    SYNC_ERRNO,    // fsync fails with this
    SYNC_STALL,    // 1: fsync does not return
    SYNC_US,       // fsync takes this long more
    REALTIME_US,   // added to the wall clock
    SLEW_PPB,      // the wall clock runs fast by this
    SLEW_FROM_US,  // since this CLOCK_MONOTONIC_RAW
    SYNCED,        // 1: a time server keeps the wall clock
    WATCH_MAIN,    // count fsyncs of the main thread of this process
    STALL_MAIN,    // 1: a program's first thread gets no further
    STALL_PLAYING, // 1: nor does a thread that is called so
    // Set here.
    SYNCS,         // fsyncs that were asked for
    SYNCS_STALLED, // waiting now
    SYNCS_FAILED,
    SYNCS_MAIN, // of the main thread while watched
    WRITES_FAILED,
    CLOCK_READS, // of the wall clock
    KNOBS
};

static _Atomic int64_t nothing[KNOBS], *knobs = nothing;
static const char *dir;
static size_t dir_len;

// The system calls themselves: no lookup by name, so nothing of this needs an order of loading.
__attribute__((constructor)) static void map_knobs(void)
{
    const char *file = getenv("ROOMTONE_FAULTS");
    dir = getenv("ROOMTONE_FAULTS_DIR");
    dir_len = dir ? strlen(dir) : 0;
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *m = mmap(NULL, sizeof nothing, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (m != MAP_FAILED)
        knobs = m;
}

static int64_t raw_us(void)
{
    struct timespec ts;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static bool ours(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (!dir || n < (ssize_t)dir_len || memcmp(path, dir, dir_len) != 0)
        return false;
    return n == (ssize_t)dir_len || path[dir_len] == '/';
}

static bool refuse(int why)
{
    knobs[WRITES_FAILED]++;
    errno = why;
    return true;
}

// True, with errno, when a write that ends at `end` is to fail. end < 0: a write at the position.
static bool write_fails(int fd, int64_t end, size_t len)
{
    if ((!knobs[FULL] && !knobs[WRITE_ERRNO]) || !ours(fd))
        return false;
    if (knobs[WRITE_ERRNO])
        return refuse((int)knobs[WRITE_ERRNO]);
    struct stat st;
    if (end < 0)
        end = lseek(fd, 0, SEEK_CUR) + (int64_t)len;
    return fstat(fd, &st) == 0 && end > st.st_size && refuse(ENOSPC);
}

ssize_t write(int fd, const void *data, size_t len)
{
    return write_fails(fd, -1, len) ? -1 : syscall(SYS_write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_fails(fd, at + (int64_t)len, len) ? -1 : syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return pwrite(fd, data, len, at);
}

int ftruncate(int fd, off_t len)
{
    return write_fails(fd, len, 0) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return ftruncate(fd, len);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    return write_fails(fd, at + len, 0) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, len);
}

int fallocate64(int fd, int mode, off64_t at, off64_t len)
{
    return fallocate(fd, mode, at, len);
}

static int sync_file(int fd, long call)
{
    knobs[SYNCS]++;
    if (knobs[WATCH_MAIN] == getpid() && syscall(SYS_gettid) == getpid())
        knobs[SYNCS_MAIN]++;
    if ((!knobs[SYNC_STALL] && !knobs[SYNC_ERRNO] && !knobs[SYNC_US]) || !ours(fd))
        return (int)syscall(call, fd);
    if (knobs[SYNC_US])
        nanosleep(&(struct timespec){knobs[SYNC_US] / 1000000, knobs[SYNC_US] % 1000000 * 1000},
                  NULL);
    knobs[SYNCS_STALLED]++;
    while (knobs[SYNC_STALL])
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    knobs[SYNCS_STALLED]--;
    if (!knobs[SYNC_ERRNO])
        return (int)syscall(call, fd);
    knobs[SYNCS_FAILED]++;
    errno = (int)knobs[SYNC_ERRNO];
    return -1;
}

int fsync(int fd)
{
    return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, SYS_fdatasync);
}

// The wall clock.

static int64_t offset_us(void)
{
    knobs[CLOCK_READS]++;
    int64_t us = knobs[REALTIME_US], ppb = knobs[SLEW_PPB];
    return ppb ? us + (int64_t)((double)(raw_us() - knobs[SLEW_FROM_US]) * (double)ppb / 1e9) : us;
}

static int64_t real_us(void)
{
    struct timespec ts;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + offset_us();
}

// Every thread that does anything reads a clock: there it is held.
static bool is_held(void)
{
    char name[16] = "";
    if (knobs[STALL_MAIN] && syscall(SYS_gettid) == getpid())
        return true;
    return knobs[STALL_PLAYING] && prctl(PR_GET_NAME, name) == 0 && strcmp(name, "playing") == 0;
}

static void hold(void)
{
    while ((knobs[STALL_MAIN] || knobs[STALL_PLAYING]) && is_held())
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static int (*libc_clock_gettime)(clockid_t, struct timespec *);

int clock_gettime(clockid_t id, struct timespec *ts)
{
    hold();
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
        int64_t us = real_us();
        *ts = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        return 0;
    }
    // The vDSO's, as without the shim: the loop reads clocks often.
    if (!libc_clock_gettime)
        *(void **)&libc_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    return libc_clock_gettime(id, ts);
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    (void)tz;
    int64_t us = real_us();
    *tv = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    return 0;
}

time_t time(time_t *out)
{
    time_t now = real_us() / 1000000;
    if (out)
        *out = now;
    return now;
}

// Whatever the machine's own kernel says: tests decide what the server may trust.
int adjtimex(struct timex *t)
{
    memset(t, 0, sizeof *t);
    if (knobs[SYNCED])
        return TIME_OK;
    t->status = STA_UNSYNC;
    return TIME_ERROR;
}
