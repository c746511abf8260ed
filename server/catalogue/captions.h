// SPDX-License-Identifier: Apache-2.0
// Captions as people hand them in: WebVTT, or SRT, which becomes WebVTT. Read strictly, since what
// a phone cannot read it leaves out without a word: every mistake is told with its line. Pure.
#ifndef SERVER_CATALOGUE_CAPTIONS_H
#define SERVER_CATALOGUE_CAPTIONS_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // What the visitor's page takes (web/common/vtt.ts).
    CAPTIONS_BYTES_MAX = 512 * 1024,
    CAPTIONS_CUES_MAX = 5000,
    CAPTIONS_TEXT_MAX = 500,
    CAPTIONS_PROBLEMS_MAX = 20, // that are told
    // A last caption may stand a little longer than the sound.
    CAPTIONS_AFTER_US = 1000000,
};

struct captions_problem {
    int line; // from 1
    char text[120];
};

struct captions {
    struct bytes vtt; // what is to be kept
    int cues;
    int problem_count; // 0: they are good
    struct captions_problem problems[CAPTIONS_PROBLEMS_MAX];
};

// `dur_us`: how long the sound is that they belong to. captions_free() whatever comes. False when
// the text is neither WebVTT nor SRT.
bool captions_read(struct captions *c, const char *text, size_t len, int64_t dur_us);
void captions_free(struct captions *c);

// What is said, a caption a line, without times and tags.
void captions_words(const char *vtt, size_t len, struct bytes *out);

#endif
