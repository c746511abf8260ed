// SPDX-License-Identifier: Apache-2.0
// The Range header (RFC 9110, 14.2), one range only, which is what players ask. Pure.
#ifndef SERVER_NET_RANGE_H
#define SERVER_NET_RANGE_H

#include <stdint.h>

enum range_kind {
    RANGE_WHOLE,  // no header, or one we may ignore: the whole file, 200
    RANGE_PART,   // 206
    RANGE_BEYOND, // nothing of it is in the file: 416
};

// Reads `header` ("" when absent) for a file of `size` bytes. For RANGE_PART sets offset and
// length.
enum range_kind range_parse(const char *header, int64_t size, int64_t *offset, int64_t *length);

#endif
