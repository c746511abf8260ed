// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/publish.h"

#include "common/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// What the signal handler may need to remove. Changed only with the signals blocked.
static struct publish_file *open_files[PUBLISH_FILES_MAX];
static const char *guarded_name = "";

static const int guarded[] = {SIGTERM, SIGINT, SIGHUP, SIGXCPU};

static void guarded_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        sigaddset(set, guarded[i]);
}

static void say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

static void on_signal(int sig)
{
    for (int i = 0; i < PUBLISH_FILES_MAX; i++) {
        if (open_files[i])
            unlinkat(open_files[i]->dir, open_files[i]->temp, 0);
    }
    say("roomtone-ingest: ");
    say(guarded_name);
    say(sig == SIGXCPU ? ": takes too long\n" : ": stopped\n");
    _exit(1);
}

void publish_guard(const char *name)
{
    guarded_name = name;
    struct sigaction action = {.sa_handler = on_signal};
    guarded_set(&action.sa_mask);
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        CHECK(sigaction(guarded[i], &action, NULL) == 0);
}

static sigset_t hold(void)
{
    sigset_t set, old;
    guarded_set(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    return old;
}

static void release(sigset_t old)
{
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void remember(struct publish_file *f)
{
    int i = 0;
    while (i < PUBLISH_FILES_MAX && open_files[i])
        i++;
    CHECK(i < PUBLISH_FILES_MAX);
    open_files[i] = f;
}

static void forget(struct publish_file *f)
{
    for (int i = 0; i < PUBLISH_FILES_MAX; i++) {
        if (open_files[i] == f)
            open_files[i] = NULL;
    }
    f->temp[0] = '\0';
}

bool publish_begin(struct publish_file *f, int dir, const char *extension, struct reason *why)
{
    *f = (struct publish_file){.dir = dir, .fd = -1, .extension = extension};
    crypto_hash_sha256_init(&f->sha);
    sigset_t old = hold();
    for (int tries = 0; f->fd < 0 && tries < 100; tries++) {
        snprintf(f->temp, sizeof f->temp, ".ingest-%08x", randombytes_random());
        f->fd = openat(dir, f->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (f->fd < 0 && errno != EEXIST)
            break;
    }
    if (f->fd >= 0)
        remember(f);
    else
        f->temp[0] = '\0';
    release(old);
    if (f->fd < 0)
        return reason_disk(why, errno);
    return true;
}

bool publish_write(struct publish_file *f, const void *data, size_t len, struct reason *why)
{
    crypto_hash_sha256_update(&f->sha, data, len);
    f->bytes += len;
    for (const char *at = data; len > 0;) {
        ssize_t n = write(f->fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return reason_disk(why, errno);
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool publish_again(struct publish_file *f, struct reason *why)
{
    crypto_hash_sha256_init(&f->sha);
    f->bytes = 0;
    if (ftruncate(f->fd, 0) == 0 && lseek(f->fd, 0, SEEK_SET) == 0)
        return true;
    return reason_disk(why, errno);
}

static void final_name(const struct publish_file *f, char out[PUBLISH_HASH_LEN + 16])
{
    snprintf(out, PUBLISH_HASH_LEN + 16, "%s.%s", f->hash, f->extension);
}

static bool finish(struct publish_file *f, struct reason *why)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&f->sha, sum);
    sodium_bin2hex(f->hash, sizeof f->hash, sum, sizeof sum);
    if (f->wanted && strcmp(f->wanted, f->hash) != 0)
        return reason_set(why, "%s.%s: its bytes are not those of its name", f->wanted,
                          f->extension);
    bool synced = fsync(f->fd) == 0;
    int error = errno;
    bool closed = close(f->fd) == 0;
    if (synced && !closed)
        error = errno;
    f->fd = -1;
    return (synced && closed) || reason_disk(why, error);
}

// Renames all. A file that was there under its name already has the same bytes: it is not ours to
// take away again when a later one fails.
static bool rename_all(struct publish_file *files, int n, struct reason *why)
{
    bool ours[PUBLISH_FILES_MAX] = {false};
    char name[PUBLISH_HASH_LEN + 16];
    int done = 0;
    for (; done < n; done++) {
        struct publish_file *f = &files[done];
        final_name(f, name);
        ours[done] = faccessat(f->dir, name, F_OK, 0) != 0;
        if (renameat(f->dir, f->temp, f->dir, name) != 0)
            break;
        forget(f);
    }
    if (done == n && fsync(files[0].dir) == 0)
        return true;
    reason_disk(why, errno);
    for (int i = 0; i < done; i++) {
        final_name(&files[i], name);
        if (ours[i])
            unlinkat(files[i].dir, name, 0);
    }
    return false;
}

bool publish_all(struct publish_file *files, int n, struct reason *why)
{
    CHECK(n >= 1 && n <= PUBLISH_FILES_MAX);
    for (int i = 0; i < n; i++) {
        if (!finish(&files[i], why))
            return false;
    }
    sigset_t old = hold();
    bool ok = rename_all(files, n, why);
    release(old);
    return ok;
}

void publish_drop(struct publish_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    if (!f->temp[0])
        return;
    sigset_t old = hold();
    unlinkat(f->dir, f->temp, 0);
    forget(f);
    release(old);
}
