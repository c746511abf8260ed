// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const prefixes[] = {"<3>", "<4>", "<6>", "<7>"};

static atomic_int threshold = LOG_INFO;
static atomic_int journal_prefix;

// The variable stays in the environment of a program whose stderr went elsewhere: it names the file
// that is the journal.
static int stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_setup(enum log_level level)
{
    threshold = (int)level;
    journal_prefix = stderr_is_journal();
}

void log_refusal(const char *program, const char *reason)
{
    fprintf(stderr, "%s%s: %s\n", stderr_is_journal() ? prefixes[LOG_ERROR] : "", program, reason);
}

void log_write(enum log_level level, const char *topic, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if ((int)level > threshold)
        return;
    char line[1100];
    int head = snprintf(line, sizeof line, "%s%s %s: ", journal_prefix ? prefixes[level] : "",
                        names[level], topic);
    va_list ap;
    va_start(ap, fmt);
    int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, ap);
    va_end(ap);
    size_t len = strnlen(line, sizeof line - 2);
    (void)body;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    line[len++] = '\n';
    // One write, so that lines of two threads do not mix. A log that cannot be written is lost.
    ssize_t n = write(STDERR_FILENO, line, len);
    (void)n;
}
