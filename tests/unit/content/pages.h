// SPDX-License-Identifier: Apache-2.0
// Ogg pages made by hand, with a CRC of their own (bit by bit, so that the table-driven one in
// content/track/seek.c is held against something).
#ifndef TESTS_UNIT_CONTENT_PAGES_H
#define TESTS_UNIT_CONTENT_PAGES_H

#include "common/base/bytes.h"

#include <stdint.h>

enum { PAGE_CONTINUED = 1, PAGE_FIRST = 2, PAGE_LAST = 4, PAGE_SERIAL = 77 };

// Writes the CRC that the page at `page` ought to have into it.
void pages_seal(uint8_t *page, size_t len);
// Bytes of the page that begins at `page`, 0 when there is no whole one in `len`.
size_t pages_len(const uint8_t *page, size_t len);
// Appends a page with these lacing values; `body` holds their sum.
void pages_put(struct bytes *out, int flags, int64_t granule, uint32_t sequence, size_t segments,
               const uint8_t *lacing, const void *body);

#endif
