// SPDX-License-Identifier: Apache-2.0
// CHECK: our own bugs end the program at the place where they show.
// Never for input: what comes from outside gets an error value (err.h).
#ifndef COMMON_BASE_CHECK_H
#define COMMON_BASE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(cond)                                                         \
    do {                                                                    \
        if (!(cond)) {                                                      \
            fprintf(stderr, "bug: %s:%d: %s\n", __FILE__, __LINE__, #cond); \
            abort();                                                        \
        }                                                                   \
    } while (0)

// One policy for an empty heap, in one place: stop, and be restarted by the supervisor with all
// durable state intact. A half-working exhibit box is worse than one that is back in a second.
static inline void *check_alloc(void *p)
{
    CHECK(p != NULL);
    return p;
}

#endif
