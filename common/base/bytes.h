// SPDX-License-Identifier: Apache-2.0
// A growing byte buffer with a ceiling given at creation. Beyond it an append fails and leaves the
// buffer as it was; nothing in Roomtone grows without a limit.
// Thread: one owner at a time.
#ifndef COMMON_BASE_BYTES_H
#define COMMON_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data; // NUL-terminated behind `len` whenever it is not NULL
    size_t len;
    size_t cap;
    size_t ceiling;
};

void bytes_init(struct bytes *b, size_t ceiling);
void bytes_free(struct bytes *b);
void bytes_clear(struct bytes *b);
// False, and nothing appended, when the ceiling would be passed.
bool bytes_append(struct bytes *b, const void *data, size_t len);
bool bytes_printf(struct bytes *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
