// SPDX-License-Identifier: Apache-2.0
// What every unit test begins with: cmocka's headers in the order it wants, and a seeded random
// number generator whose seed is printed and can be given with ROOMTONE_SEED.
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t unit_random_state;

// Once per test: picks (or takes) the seed and prints it.
static inline void unit_seed(void)
{
    const char *given = getenv("ROOMTONE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("ROOMTONE_SEED=%llu\n", (unsigned long long)seed);
    unit_random_state = seed * 2 + 1;
}

// splitmix64 (Steele, Lea, Flood 2014).
static inline uint64_t unit_random(void)
{
    uint64_t z = (unit_random_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

// 0 to n-1.
static inline int64_t unit_below(int64_t n)
{
    return (int64_t)(unit_random() % (uint64_t)n);
}

// 0 to 1.
static inline double unit_uniform(void)
{
    return (double)(unit_random() >> 11) / 9007199254740992.0;
}

#endif
