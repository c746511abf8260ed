// SPDX-License-Identifier: Apache-2.0
// What was measured: a heap of spans in microseconds and their quantiles; what a process has used.
#ifndef TESTS_BENCH_HUB_FIGURES_H
#define TESTS_BENCH_HUB_FIGURES_H

#include <stddef.h>
#include <stdint.h>

struct spans {
    float *us;
    size_t count, cap;
};

// Beyond SPANS_MAX they are counted no more: a figure of so many is as good.
enum { SPANS_MAX = 20000000 };

void spans_add(struct spans *s, int64_t ns);
// Of what was added so far, in us; 0 of nothing. Sorts.
double spans_quantile(struct spans *s, double q);
void spans_free(struct spans *s);

int64_t mono_ns(void); // CLOCK_MONOTONIC
int64_t wall_ns(void); // CLOCK_REALTIME, as the kernel stamps what arrives

// Of a process with all its threads; 0 when there is none. CPU time in us, in steps of 10 ms.
int64_t process_cpu_us(int pid);
int64_t process_pss_kib(int pid);

#endif
