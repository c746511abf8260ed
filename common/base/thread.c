// SPDX-License-Identifier: Apache-2.0
#include "common/base/thread.h"

#include "common/base/check.h"

#include <signal.h>
#include <stddef.h>

int thread_start(pthread_t *thread, void *(*run)(void *user), void *user)
{
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int e = pthread_create(thread, NULL, run, user);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return e;
}
