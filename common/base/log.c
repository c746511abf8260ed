// SPDX-License-Identifier: Apache-2.0
#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;
static int journal_prefix;

void log_setup(enum log_level level, int journal)
{
    threshold = level;
    journal_prefix = journal;
}

void log_write(enum log_level level, const char *topic, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    static const char *const prefixes[] = {"<3>", "<4>", "<6>", "<7>"};
    if (level > threshold)
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
