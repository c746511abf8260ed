// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/hub_figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void spans_add(struct spans *s, int64_t ns)
{
    if (s->count == SPANS_MAX)
        return;
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 1024;
        s->us = realloc(s->us, s->cap * sizeof *s->us);
        if (!s->us)
            abort();
    }
    s->us[s->count++] = (float)((double)ns / 1e3);
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double spans_quantile(struct spans *s, double q)
{
    if (!s->count)
        return 0;
    qsort(s->us, s->count, sizeof *s->us, by_size);
    size_t i = (size_t)((double)s->count * q);
    return (double)s->us[i < s->count ? i : s->count - 1];
}

void spans_free(struct spans *s)
{
    free(s->us);
    *s = (struct spans){0};
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t mono_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t wall_ns(void)
{
    return now_ns(CLOCK_REALTIME);
}

int64_t process_cpu_us(int pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    // The name, in parentheses, may hold anything; behind it is one word per field.
    const char *p = strrchr(text, ')');
    unsigned long long user = 0, system = 0;
    if (!p ||
        sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return 0;
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t process_pss_kib(int pid)
{
    char path[64], line[200];
    long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f) && sscanf(line, "Pss: %lld", &kib) != 1) {
    }
    if (f)
        fclose(f);
    return kib;
}
