// SPDX-License-Identifier: Apache-2.0
// A rule of a group's schedule in words: what is read is valid, is written in the same words, and
// has occurrences where it says so. The first 8 bytes are an instant.
#include "tests/fuzz/fuzz.h"

#include "server/house/calendar_text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_bytes b = {data, len};
    int64_t wall = (int64_t)fuzz_number(&b, 8);
    char *text = fuzz_text(b.data, b.len), words[CALENDAR_TEXT_SIZE];
    struct calendar_rule r, again;
    struct calendar_hit next, last;
    if (calendar_text_read(text, 1, &r)) {
        MUST(calendar_rule_valid(&r));
        calendar_text_write(&r, words);
        MUST(calendar_text_read(words, 1, &again) && memcmp(&r, &again, sizeof r) == 0);
        if (calendar_next(&r, wall, &next))
            MUST(next.wall_us > wall);
        if (calendar_last(&r, wall, &last))
            MUST(last.wall_us <= wall);
    }
    calendar_zone_valid(text);
    free(text);
    return 0;
}
