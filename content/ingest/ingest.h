// SPDX-License-Identifier: Apache-2.0
// The whole way of one file, in three passes and bounded memory:
//
//     pass 1   source -> loudness meter                                 => gain
//     pass 2   source -> 48 kHz -> gain -+-> Opus -+-> HASH.opus
//                                        |         +-> page scanner     => HASH.seek
//                                        +-> waveform                   => HASH.peaks
//     pass 3   HASH.opus -> loudness meter    what was made is measured, not believed
//
// Where Opus moved a peak over the limit or the loudness off the target, 2 and 3 are done again
// with a corrected gain.
#ifndef CONTENT_INGEST_INGEST_H
#define CONTENT_INGEST_INGEST_H

#include "content/ingest/encode.h"
#include "content/ingest/level.h"
#include "content/ingest/publish.h"
#include "content/ingest/source.h"

struct ingest_wish {
    enum encode_kind kind;
    double target_lufs;
    // How far it is, 0 to 99 percent; NULL: nobody wants to know.
    void (*progress)(void *user, int percent);
    void *user;
};

struct ingest_result {
    char opus[PUBLISH_HASH_LEN + 1];
    char seek[PUBLISH_HASH_LEN + 1];
    char peaks[PUBLISH_HASH_LEN + 1];
    uint64_t bytes; // of the .opus
    int64_t frames; // audible, at 48 kHz
    int64_t dur_us;
    int64_t source_frames; // at its own rate
    struct source_info source;
    struct level level; // of the source
    double gain_db;     // given to it
    struct level made;  // of the result
};

// Reads `fd` twice or more, publishes three files in the folder `dir`. False with a reason, and
// nothing left.
bool ingest_run(int fd, int dir, const struct ingest_wish *wish, struct ingest_result *out,
                struct reason *why);

#endif
