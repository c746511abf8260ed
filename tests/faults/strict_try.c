// SPDX-License-Identifier: Apache-2.0
// Does once each thing that strict.c looks for, as a thread of the name that it is given.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static void *volatile kept; // else the compiler leaves an allocation out

static void allocate(void)
{
    kept = malloc(1);
    kept = realloc(kept, 2);
    free(kept);
    kept = calloc(1, 1);
    free(kept);
}

static void lock(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&cond, &mutex, &(struct timespec){0}); // long past
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
}

static void touch_files(void)
{
    char byte;
    int fd = open("/dev/null", O_RDWR);
    if (write(fd, "", 1) < 0 || read(fd, &byte, 1) < 0)
        abort();
    close(fd);
}

static void say(void)
{
    char text[8];
    snprintf(text, sizeof text, "%d", getpid());
    fprintf(stderr, "%s\n", text);
    syslog(LOG_DEBUG, "%s", text);
}

static void *work(void *name)
{
    pthread_setname_np(pthread_self(), name);
    allocate();
    lock();
    touch_files();
    say();
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 2 || pthread_create(&thread, NULL, work, argv[1]) != 0)
        return 2;
    pthread_join(thread, NULL);
    return 0;
}
