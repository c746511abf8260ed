// SPDX-License-Identifier: Apache-2.0
#include "tests/vdac/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct record {
    int pcm, log;
    int64_t byte;
};

static int open_part(const char *prefix, const char *ending)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s.%s", prefix, ending);
    if (n < 0 || (size_t)n >= sizeof path)
        return -1;
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

struct record *record_open(const char *prefix)
{
    struct record *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->pcm = open_part(prefix, "pcm");
    r->log = open_part(prefix, "log");
    r->byte = r->pcm < 0 ? -1 : lseek(r->pcm, 0, SEEK_END);
    if (r->byte < 0 || r->log < 0) {
        record_close(r);
        return NULL;
    }
    return r;
}

void record_close(struct record *r)
{
    if (r->pcm >= 0)
        close(r->pcm);
    if (r->log >= 0)
        close(r->log);
    free(r);
}

void record_line(struct record *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vdprintf(r->log, format, args);
    va_end(args);
    dprintf(r->log, "\n");
}

int record_sound(struct record *r, const void *data, size_t bytes)
{
    const char *from = data;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(r->pcm, from + done, bytes - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        done += (size_t)n;
        r->byte += n;
    }
    return 0;
}

int64_t record_byte(const struct record *r)
{
    return r->byte;
}
