// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_report.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 80, LINE_SIZE = 900 };

static struct report_run run;
static int64_t now_us;
static char lines[LINES][LINE_SIZE];
static unsigned said;
static int silenced = -1; // stderr, while nobody is to read what the server logs of its troubles

void report_time(int64_t now)
{
    now_us = now;
}

bool report_wanted(void)
{
    return run.words >= REPORT_LAST;
}

void report_say(const char *fmt, ...)
{
    if (!report_wanted())
        return;
    char *line = lines[said++ % LINES];
    int n = snprintf(line, LINE_SIZE, "%12.6f  ", (double)now_us / 1e6);
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + n, (size_t)(LINE_SIZE - n), fmt, args);
    va_end(args);
    if (run.words == REPORT_TRACE)
        puts(line);
}

void report_loud(void)
{
    if (silenced < 0)
        return;
    dup2(silenced, STDERR_FILENO);
    close(silenced);
    silenced = -1;
}

static void silence(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (silenced >= 0 || nowhere < 0)
        return;
    silenced = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

// Runs the seed again from the start, with words. Also called from a signal handler.
static void again(const char *reason)
{
    char seed[24], minutes[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run.seed);
    snprintf(minutes, sizeof minutes, "%d", run.minutes);
    const char *argv[14] = {"sim_house", "--seed", seed, "--minutes", minutes, "--last", reason};
    int n = 7;
    if (run.lease)
        argv[n++] = "--lease";
    if (run.broken) {
        argv[n++] = "--break";
        argv[n++] = run.broken;
    }
    report_loud();
    execv("/proc/self/exe", (char *const *)argv);
    _exit(1);
}

static void print_all(const char *reason)
{
    unsigned first = said > LINES ? said - LINES : 0;
    if (run.words == REPORT_LAST) {
        for (unsigned i = first; i < said; i++)
            puts(lines[i % LINES]);
    }
    printf("%12.6f  FAILED, seed %llu: %s\n", (double)now_us / 1e6, (unsigned long long)run.seed,
           reason);
    printf("Again, with all words: sim_house --seed %llu --minutes %d%s%s%s --trace\n",
           (unsigned long long)run.seed, run.minutes, run.lease ? " --lease" : "",
           run.broken ? " --break " : "", run.broken ? run.broken : "");
    fflush(stdout);
}

static void fail(const char *reason)
{
    if (run.words == REPORT_SILENT)
        again(reason);
    else if (run.words == REPORT_BRIEF)
        printf("seed %llu: %s\n", (unsigned long long)run.seed, reason);
    else
        print_all(reason);
    fflush(stdout);
    _exit(1);
}

static void on_end(void)
{
    fail("bug: the program ended itself, see above");
}

static void on_abort(int sig)
{
    (void)sig;
    on_end();
}

// Of the sanitizers, when they are there.
extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

void report_begin(const struct report_run *r)
{
    run = *r;
    said = 0;
    if (run.words == REPORT_SILENT)
        silence();
    // A handler that calls exec leaves its signal blocked in what follows.
    struct sigaction act = {.sa_handler = on_abort, .sa_flags = SA_NODEFER};
    sigaction(SIGABRT, &act, NULL);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_end);
}

void report_fail(const char *invariant, const char *fmt, ...)
{
    char reason[600];
    int n = snprintf(reason, sizeof reason, "%s: ", invariant);
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason + n, sizeof reason - (size_t)n, fmt, args);
    va_end(args);
    fail(reason);
    _exit(1);
}

void report_not_again(void)
{
    printf("seed %llu failed once (%s), but not again: the world is not deterministic\n",
           (unsigned long long)run.seed, run.before ? run.before : "");
    fflush(stdout);
    _exit(1);
}
