// SPDX-License-Identifier: Apache-2.0
#include "server/net/range.h"

#include <string.h>

// Digits only, up to 2^53; -1 for anything else.
static int64_t number(const char **p)
{
    int64_t v = 0;
    const char *from = *p;
    while (**p >= '0' && **p <= '9') {
        if (v > (INT64_C(1) << 53) / 10)
            return -1;
        v = v * 10 + (**p - '0');
        (*p)++;
    }
    return *p == from ? -1 : v;
}

enum range_kind range_parse(const char *header, int64_t size, int64_t *offset, int64_t *length)
{
    if (strncmp(header, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    const char *p = header + 6;
    int64_t first, last = size - 1;
    if (*p == '-') { // the last n bytes
        p++;
        int64_t n = number(&p);
        if (n < 0 || *p)
            return RANGE_WHOLE;
        if (n == 0)
            return RANGE_BEYOND;
        first = n < size ? size - n : 0;
    } else {
        first = number(&p);
        if (first < 0 || *p != '-')
            return RANGE_WHOLE;
        p++;
        if (*p) {
            int64_t asked = number(&p);
            if (asked < first || *p)
                return RANGE_WHOLE;
            if (asked < last)
                last = asked;
        }
    }
    if (first >= size)
        return RANGE_BEYOND;
    *offset = first;
    *length = last - first + 1;
    return RANGE_PART;
}
