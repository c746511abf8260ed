// SPDX-License-Identifier: Apache-2.0
// WebSocket frames as a client writes and reads them, for crowds.
#ifndef TESTS_CROWD_WIRE_H
#define TESTS_CROWD_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// A text shorter than 64 KiB; its length. The mask is zero.
static inline size_t wire_text(const char *text, unsigned char *out)
{
    size_t len = strlen(text), at = 0;
    out[at++] = 0x81;
    out[at++] = (unsigned char)(0x80 | (len < 126 ? len : 126));
    if (len >= 126) {
        out[at++] = (unsigned char)(len >> 8);
        out[at++] = (unsigned char)len;
    }
    memset(out + at, 0, 4);
    memcpy(out + at + 4, text, len);
    return at + 4 + len;
}

// The first frame of what has come: its length with its head, and what it says when it is text
// ("" when not, cut when it is too long); 0: it is not whole yet.
static inline size_t wire_next(const unsigned char *data, size_t have, char *text, size_t size)
{
    if (have < 2)
        return 0;
    size_t len = data[1] & 127, at = 2;
    if (len == 126) {
        if (have < 4)
            return 0;
        len = (size_t)data[2] << 8 | data[3];
        at = 4;
    }
    if (have < at + len)
        return 0;
    snprintf(text, size, "%.*s", (data[0] & 15) == 1 ? (int)len : 0, (const char *)data + at);
    return at + len;
}

#endif
