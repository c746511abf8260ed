// SPDX-License-Identifier: Apache-2.0
// A thread that takes no signals: they are the business of the program's loop. A signal to the
// program goes to any thread that does not block it; one that sleeps for good would keep it from
// the loop (the thread sanitizer holds signals back until a thread turns up again).
#ifndef COMMON_BASE_THREAD_H
#define COMMON_BASE_THREAD_H

#include <pthread.h>

// As pthread_create(): 0, or an error number.
int thread_start(pthread_t *thread, void *(*run)(void *user), void *user);

#endif
