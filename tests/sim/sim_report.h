// SPDX-License-Identifier: Apache-2.0
// What a run says: nothing, unless it fails. Then the same seed is run again, this time with words,
// and the last of them are printed together with the command that does the same. So the many runs
// that go well spend no time on words.
#ifndef TESTS_SIM_SIM_REPORT_H
#define TESTS_SIM_SIM_REPORT_H

#include <stdbool.h>
#include <stdint.h>

enum report_words {
    REPORT_SILENT, // a failure runs the seed again with REPORT_LAST
    REPORT_BRIEF,  // a failure is one line
    REPORT_LAST,   // keeps the last words, prints them at a failure
    REPORT_TRACE,  // prints all
};

struct report_run {
    uint64_t seed;
    int minutes;
    bool lease;
    const char *broken; // what is broken deliberately; NULL
    enum report_words words;
    const char *before; // REPORT_LAST: what failed the first time
};

// Before each run. Also catches the end by a CHECK or a sanitizer.
// With REPORT_SILENT the server's log is not shown either, until report_loud().
void report_begin(const struct report_run *run);
void report_loud(void);
// True when words are wanted: for those that take work to find.
bool report_wanted(void);
void report_time(int64_t now_us);
void report_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// An invariant does not hold ("I1" and the like): ends the program with status 1.
void report_fail(const char *invariant, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));
// With REPORT_LAST, after a run without failure: then it was another run than the first.
void report_not_again(void) __attribute__((noreturn));

#endif
