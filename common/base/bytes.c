// SPDX-License-Identifier: Apache-2.0
#include "common/base/bytes.h"

#include "common/base/check.h"

#include <stdarg.h>
#include <string.h>

void bytes_init(struct bytes *b, size_t ceiling)
{
    *b = (struct bytes){.ceiling = ceiling};
}

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){.ceiling = b->ceiling};
}

void bytes_clear(struct bytes *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

static bool reserve(struct bytes *b, size_t more)
{
    if (more > b->ceiling || b->len > b->ceiling - more)
        return false;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap *= 2;
    b->data = check_alloc(realloc(b->data, cap));
    b->cap = cap;
    return true;
}

bool bytes_append(struct bytes *b, const void *data, size_t len)
{
    if (!reserve(b, len))
        return false;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool bytes_printf(struct bytes *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    CHECK(need >= 0);
    if (!reserve(b, (size_t)need))
        return false;
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)need + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)need;
    return true;
}
