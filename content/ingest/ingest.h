// SPDX-License-Identifier: Apache-2.0
// The whole way of one file, in two passes and bounded memory:
//
//     pass 1   source -> 48 kHz -> loudness meter                       => gain
//     pass 2   source -> 48 kHz -> gain -> Opus -+-> HASH.opus
//                                                +-> page scanner       => HASH.seek
#ifndef CONTENT_INGEST_INGEST_H
#define CONTENT_INGEST_INGEST_H

#include "content/ingest/encode.h"
#include "content/ingest/level.h"
#include "content/ingest/publish.h"
#include "content/ingest/source.h"

struct ingest_result {
    char opus[PUBLISH_HASH_LEN + 1];
    char seek[PUBLISH_HASH_LEN + 1];
    uint64_t bytes; // of the .opus
    int64_t frames; // audible, at 48 kHz
    int64_t dur_us;
    struct source_info source;
    struct level level; // of the source
    double gain_db;     // given to it
};

// Reads `fd` twice, publishes two files in the folder `dir`. False with a reason, and nothing left.
bool ingest_run(int fd, int dir, enum encode_kind kind, struct ingest_result *out,
                struct reason *why);

#endif
