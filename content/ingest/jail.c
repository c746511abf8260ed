// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/jail.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// Lowers a limit; one that is tighter already stays.
static bool limit(__rlimit_resource_t what, rlim_t value)
{
    struct rlimit l;
    if (getrlimit(what, &l) != 0)
        return false;
    if (l.rlim_max == RLIM_INFINITY || l.rlim_max > value)
        l.rlim_max = value;
    if (l.rlim_cur == RLIM_INFINITY || l.rlim_cur > l.rlim_max)
        l.rlim_cur = l.rlim_max;
    return setrlimit(what, &l) == 0;
}

// SIGXCPU at the soft limit lets us clean up and say why; the hard one, a little later, kills.
static bool limit_cpu(void)
{
    if (!limit(RLIMIT_CPU, JAIL_CPU_SECONDS + 5))
        return false;
    struct rlimit l;
    if (getrlimit(RLIMIT_CPU, &l) != 0)
        return false;
    if (l.rlim_cur > JAIL_CPU_SECONDS)
        l.rlim_cur = JAIL_CPU_SECONDS;
    return setrlimit(RLIMIT_CPU, &l) == 0;
}

bool jail_enter(struct reason *why)
{
    signal(SIGXFSZ, SIG_IGN); // a write beyond the limit fails with EFBIG, which is reported
    bool ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit_cpu() && limit(RLIMIT_CORE, 0) &&
              limit(RLIMIT_FSIZE, JAIL_FILE_BYTES);
    if (ok && !JAIL_SANITIZED)
        ok = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && limit(RLIMIT_AS, JAIL_MEMORY_BYTES);
    return ok || reason_set(why, "cannot set limits: %s", strerror(errno));
}
