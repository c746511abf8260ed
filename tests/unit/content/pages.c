// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/content/pages.h"

#include "common/base/check.h"

#include <string.h>

static void put(uint8_t *at, uint64_t value, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void pages_seal(uint8_t *page, size_t len)
{
    put(page + 22, 0, 4);
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)page[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000u ? crc << 1 ^ 0x04c11db7u : crc << 1;
    }
    put(page + 22, crc, 4);
}

size_t pages_len(const uint8_t *page, size_t len)
{
    if (len < 27 || len < 27u + page[26])
        return 0;
    size_t need = 27u + page[26];
    for (int i = 0; i < page[26]; i++)
        need += page[27 + i];
    return need <= len ? need : 0;
}

void pages_put(struct bytes *out, int flags, int64_t granule, uint32_t sequence, size_t segments,
               const uint8_t *lacing, const void *body)
{
    uint8_t head[27] = "OggS";
    size_t begin = out->len, len = 0;
    head[5] = (uint8_t)flags;
    put(head + 6, (uint64_t)granule, 8);
    put(head + 14, PAGE_SERIAL, 4);
    put(head + 18, sequence, 4);
    head[26] = (uint8_t)segments;
    for (size_t i = 0; i < segments; i++)
        len += lacing[i];
    CHECK(bytes_append(out, head, sizeof head) && bytes_append(out, lacing, segments) &&
          bytes_append(out, body, len));
    pages_seal((uint8_t *)out->data + begin, out->len - begin);
}
