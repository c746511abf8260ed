// SPDX-License-Identifier: Apache-2.0
// Many phones that fetch the same file over HTTP at once, and throw away what comes.
#ifndef TESTS_BENCH_HUB_FETCH_H
#define TESTS_BENCH_HUB_FETCH_H

#include <stdbool.h>
#include <stdint.h>

struct fetch_plan {
    const char *address, *path;
    int port, phones, rounds; // each phone fetches so many times, on one connection
};

struct fetch_result {
    int64_t bytes, failed; // with heads; answers that were not 200
    double seconds;
};

// False, and said why on stderr, when it could not be done.
bool fetch_run(const struct fetch_plan *plan, struct fetch_result *out);

#endif
