// SPDX-License-Identifier: Apache-2.0
// Holds a thread to its word: loaded with LD_PRELOAD into a real program, it writes down each call
// by which the thread that named itself "playing" allocates, locks, waits for another thread, logs
// or touches a file (player/playout/playout.h: it never does).
//
//   ROOMTONE_STRICT  the file of what was seen, one line each:
//                      watching            a thread took the name
//                      malloc player+0x1f3a player+0x2b10 ...   a call, and whence; for addr2line
//                      -fe
//
// A sound card is a file too, and its driver is not ours: what a card of software does
// (tests/vdac/card.c) is left out, when it is the first beyond libc that asked. alsa-lib is not.
#undef _FORTIFY_SOURCE // its headers define some of these functions themselves
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

// Calls: the first ones tell; a thread that allocates once a period would fill the disk.
// Frames: from the call up to the thread's beginning.
enum { CALLS_MAX = 200, FRAMES_MAX = 16, LINE_SIZE = 1024 };

static int record = -1;
static _Atomic int calls;
// Initial-exec: reading a thread's own variable must not allocate one.
static __thread bool playing __attribute__((tls_model("initial-exec")));

// The system calls themselves, here and below: what is watched is not used.
__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("ROOMTONE_STRICT");
    if (file)
        record = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                              0600);
    void *frames[1];
    backtrace(frames, 1); // loads its library at the first call: not in a thread that is watched
}

static void write_line(const char *line, size_t len)
{
    syscall(SYS_write, record, line, len);
}

// The file name of the object that an address lies in; "" where there is none.
static const char *object(void *address, size_t *offset)
{
    Dl_info info;
    if (!dladdr(address, &info))
        return "";
    *offset = (size_t)((char *)address - (char *)info.dli_fbase);
    const char *name = strrchr(info.dli_fname, '/');
    return name ? name + 1 : info.dli_fname;
}

static bool is_libc(const char *name)
{
    return strncmp(name, "libc.so", 7) == 0 || strncmp(name, "ld-linux", 8) == 0 ||
           strcmp(name, "strict.so") == 0;
}

// Nobody beyond libc: a thread that ends and tidies up.
static bool exempt(void **frames, int n)
{
    size_t offset;
    for (int i = 0; i < n; i++) {
        const char *name = object(frames[i], &offset);
        if (!is_libc(name))
            return strstr(name, "_vdac.so");
    }
    return true;
}

static void note(const char *call)
{
    if (!playing)
        return;
    playing = false; // what is called from here is not the thread's doing
    void *frames[FRAMES_MAX];
    int n = backtrace(frames, FRAMES_MAX);
    if (!exempt(frames, n) && atomic_fetch_add(&calls, 1) < CALLS_MAX) {
        char line[LINE_SIZE];
        int len = snprintf(line, sizeof line, "%s", call);
        for (int i = 0; i < n && len < LINE_SIZE - 1; i++) {
            size_t offset = 0;
            const char *name = object(frames[i], &offset);
            if (!is_libc(name))
                len += snprintf(line + len, sizeof line - (size_t)len, " %s+%#zx", name, offset);
        }
        if (len > LINE_SIZE - 1)
            len = LINE_SIZE - 1;
        line[len] = '\n';
        write_line(line, (size_t)len + 1);
    }
    playing = true;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
    static int (*next)(pthread_t, const char *);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_setname_np");
    int e = next(thread, name);
    if (pthread_equal(thread, pthread_self())) {
        playing = strcmp(name, "playing") == 0;
        if (playing)
            write_line("watching\n", 9);
    }
    return e;
}

// --- memory -------------------------------------------------------------------------------------

// By libc's second names: looking the first ones up may allocate.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
    note("malloc");
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    note("calloc");
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    note("realloc");
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    note("aligned_alloc");
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **to, size_t alignment, size_t size)
{
    note("posix_memalign");
    void *p = __libc_memalign(alignment, size);
    if (!p)
        return ENOMEM;
    *to = p;
    return 0;
}

void free(void *p)
{
    note("free");
    __libc_free(p);
}

// --- what only is passed on ---------------------------------------------------------------------

#define WATCH(type, name, parameters, arguments)       \
    type name parameters                               \
    {                                                  \
        static __typeof__(&(name)) next;               \
        if (!next)                                     \
            *(void **)&next = dlsym(RTLD_NEXT, #name); \
        note(#name);                                   \
        return next arguments;                         \
    }

// Locks, and waiting.
WATCH(int, pthread_mutex_lock, (pthread_mutex_t * m), (m))
WATCH(int, pthread_mutex_trylock, (pthread_mutex_t * m), (m))
WATCH(int, pthread_mutex_timedlock, (pthread_mutex_t * m, const struct timespec *until), (m, until))
WATCH(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l))
WATCH(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l))
WATCH(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l))
WATCH(int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l))
WATCH(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t *m), (c, m))
WATCH(int, pthread_cond_timedwait,
      (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *until), (c, m, until))
WATCH(int, pthread_cond_clockwait,
      (pthread_cond_t * c, pthread_mutex_t *m, clockid_t id, const struct timespec *until),
      (c, m, id, until))
WATCH(int, sem_wait, (sem_t * s), (s))

// Files and the network.
WATCH(int, creat, (const char *path, mode_t mode), (path, mode))
WATCH(FILE *, fopen, (const char *path, const char *mode), (path, mode))
WATCH(DIR *, opendir, (const char *path), (path))
WATCH(int, close, (int fd), (fd))
WATCH(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
WATCH(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WATCH(int, fsync, (int fd), (fd))
WATCH(int, unlink, (const char *path), (path))
WATCH(int, rename, (const char *from, const char *to), (from, to))
WATCH(ssize_t, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
WATCH(ssize_t, sendto,
      (int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t len),
      (fd, data, size, flags, to, len))
WATCH(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))

// Text, for a log as a rule; making it may allocate.
WATCH(int, vfprintf, (FILE * to, const char *format, va_list more), (to, format, more))
WATCH(int, vsnprintf, (char *to, size_t size, const char *format, va_list more),
      (to, size, format, more))
WATCH(int, fputs, (const char *text, FILE *to), (text, to))
WATCH(int, puts, (const char *text), (text))
WATCH(size_t, fwrite, (const void *data, size_t size, size_t n, FILE *to), (data, size, n, to))

void vsyslog(int priority, const char *format, va_list more)
{
    static void (*next)(int, const char *, va_list);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "vsyslog");
    note("vsyslog");
    next(priority, format, more);
}

// --- what takes any number of arguments: written down under the name of what it becomes ----------

// name: the same with the arguments as a list; _chk: as the compiler calls it with _FORTIFY_SOURCE.
#define PRINTF(name, parameters, last, call) \
    int name parameters;                     \
    int name parameters                      \
    {                                        \
        va_list more;                        \
        va_start(more, last);                \
        int n = call;                        \
        va_end(more);                        \
        return n;                            \
    }

PRINTF(printf, (const char *format, ...), format, vfprintf(stdout, format, more))
PRINTF(fprintf, (FILE * to, const char *format, ...), format, vfprintf(to, format, more))
PRINTF(snprintf, (char *to, size_t size, const char *format, ...), format,
       vsnprintf(to, size, format, more))
PRINTF(__printf_chk, (int flag, const char *format, ...), format, vfprintf(stdout, format, more))
PRINTF(__fprintf_chk, (FILE * to, int flag, const char *format, ...), format,
       vfprintf(to, format, more))
PRINTF(__snprintf_chk, (char *to, size_t size, int flag, size_t all, const char *format, ...),
       format, vsnprintf(to, size, format, more))

int __vfprintf_chk(FILE *to, int flag, const char *format, va_list more);
int __vfprintf_chk(FILE *to, int flag, const char *format, va_list more)
{
    return vfprintf(to, format, more);
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t all, const char *format, va_list more);
int __vsnprintf_chk(char *to, size_t size, int flag, size_t all, const char *format, va_list more)
{
    return vsnprintf(to, size, format, more);
}

void syslog(int priority, const char *format, ...)
{
    va_list more;
    va_start(more, format);
    vsyslog(priority, format, more);
    va_end(more);
}

void __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list more;
    va_start(more, format);
    vsyslog(priority, format, more);
    va_end(more);
}

// The mode is there only when a file may be made.
static mode_t mode_of(int flags, va_list more)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    note("openat");
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return openat(AT_FDCWD, path, flags, mode);
}
