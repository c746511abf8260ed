// SPDX-License-Identifier: Apache-2.0
// The seek table: as it comes from a box, and as it is made of the pages of a file; in pieces of
// any size the same comes out. The first byte says how large they are.
#include "tests/fuzz/fuzz.h"

#include "content/track/seek.h"

#include <string.h>

static void read_table(const uint8_t *data, size_t len)
{
    static const int64_t frames[] = {INT64_MIN, -1, 0, 48000, INT64_MAX};
    if (!seek_valid(data, len))
        return;
    MUST(seek_count(len) > 0);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        MUST(seek_find(data, len, frames[i]) < seek_count(len));
}

static bool make(const uint8_t *data, size_t len, size_t step, struct bytes *table,
                 struct seek_summary *s)
{
    struct seek_build *b = seek_build_new();
    const char *why = NULL;
    bool ok = true;
    bytes_init(table, SEEK_TABLE_MAX);
    for (size_t at = 0; ok && at < len; at += step)
        ok = seek_build_push(b, data + at, len - at < step ? len - at : step, &why);
    ok = ok && seek_build_end(b, table, s, &why);
    MUST(ok || why);
    seek_build_free(b);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    struct bytes whole, pieces;
    struct seek_summary a, b;
    size_t step = 1 + data[0];
    read_table(data + 1, len - 1);
    bool ok = make(data + 1, len - 1, len, &whole, &a);
    MUST(make(data + 1, len - 1, step, &pieces, &b) == ok);
    if (ok) {
        MUST(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
        MUST(a.frames == b.frames && a.frames >= 0 && (a.channels == 1 || a.channels == 2));
        MUST(seek_valid(whole.data, whole.len));
    }
    bytes_free(&whole);
    bytes_free(&pieces);
    return 0;
}
