// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// The first version of Landlock, all of it.
static const uint64_t FILES =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
    LANDLOCK_ACCESS_FS_MAKE_SYM;
static const uint64_t OURS = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;

static const int CALLS[] = {
    // the files: one that is read, some that are made
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(fcntl),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlinkat),
    // memory; mmap and mprotect are below
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(sysinfo), // glibc, before it sorts
    // time, luck, and the end
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

static bool keep_to(int dir)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = FILES};
    int set = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (set < 0) // no such thing here, or switched off
        return errno == ENOSYS || errno == EOPNOTSUPP;
    struct landlock_path_beneath_attr ours = {.allowed_access = OURS, .parent_fd = dir};
    bool ok = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &ours, 0) == 0 &&
              syscall(SYS_landlock_restrict_self, set, 0) == 0;
    close(set);
    return ok;
}

// Memory yes, but none that can be run.
static int allow_memory(scmp_filter_ctx filter, int call)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int few_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return -ENOMEM;
    int e = 0;
    for (size_t i = 0; e == 0 && i < sizeof CALLS / sizeof CALLS[0]; i++)
        e = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALLS[i], 0);
    if (e == 0)
        e = allow_memory(filter, SCMP_SYS(mmap));
    if (e == 0)
        e = allow_memory(filter, SCMP_SYS(mprotect));
    // stdio asks whether it writes to a terminal.
    if (e == 0)
        e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    if (e == 0)
        e = seccomp_load(filter);
    seccomp_release(filter);
    return e;
}

bool sandbox_enter(int dir, struct reason *why)
{
    if (!keep_to(dir))
        return reason_set(why, "cannot keep to one folder: %s", strerror(errno));
    int e = few_calls();
    return e == 0 || reason_set(why, "cannot forbid system calls: %s", strerror(-e));
}
