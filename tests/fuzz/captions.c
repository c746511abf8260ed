// SPDX-License-Identifier: Apache-2.0
// Captions as somebody hands them in, WebVTT or SRT: what was made of good ones is good, and is the
// same when it is read again.
#include "tests/fuzz/fuzz.h"

#include "server/catalogue/captions.h"

#include <string.h>

enum { DUR_US = 60 * 1000 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct captions first, second;
    char *text = fuzz_text(data, len);
    bool good = captions_read(&first, text, len, DUR_US) && !first.problem_count;
    MUST(first.problem_count <= CAPTIONS_PROBLEMS_MAX);
    if (good) {
        MUST(first.cues <= CAPTIONS_CUES_MAX);
        MUST(captions_read(&second, first.vtt.data, first.vtt.len, DUR_US));
        MUST(!second.problem_count && second.cues == first.cues);
        MUST(second.vtt.len == first.vtt.len);
        MUST(memcmp(second.vtt.data, first.vtt.data, first.vtt.len) == 0);
        struct bytes words;
        bytes_init(&words, 2 * CAPTIONS_BYTES_MAX);
        captions_words(first.vtt.data, first.vtt.len, &words);
        bytes_free(&words);
        captions_free(&second);
    }
    captions_free(&first);
    free(text);
    return 0;
}
