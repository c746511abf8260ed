// SPDX-License-Identifier: Apache-2.0
// The seek table of an Ogg Opus file: where to begin reading for a given frame without looking at
// the file first. docs/PROTOCOL.md "Content" is the format; this is its one implementation in C.
// Frames are at 48 kHz, counted from the first audible sample (after pre-skip), so the table begins
// below zero. Building is a parser of hostile bytes: it believes nothing, and holds one page.
// Pure but for allocation. Thread: one owner at a time.
#ifndef CONTENT_TRACK_SEEK_H
#define CONTENT_TRACK_SEEK_H

#include "common/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEEK_ENTRY_SIZE = 8,
    // What a decoder must hear before its output is right (RFC 7845 section 4.6: 80 ms).
    SEEK_PREROLL = 3840,
    // 36 hours of one-second pages; 1 MiB.
    SEEK_ENTRIES_MAX = 1 << 17,
    SEEK_TABLE_MAX = SEEK_ENTRIES_MAX * SEEK_ENTRY_SIZE,
};

struct seek_entry {
    uint32_t offset; // of the page in the file, bytes
    int32_t frame;   // first that decodes from this page; negative while in the pre-skip
};

// ---- reading

// True for a whole number of entries, at least one, that rise in offset and frame and begin at or
// below frame 0. The functions below expect a table that passed.
bool seek_valid(const void *table, size_t len);
size_t seek_count(size_t len);
struct seek_entry seek_at(const void *table, size_t i);
// Index of the entry to begin at in order to hear `frame`: the last at or before
// frame - SEEK_PREROLL, or the first of all. One past the file's end gives the last entry.
size_t seek_find(const void *table, size_t len, int64_t frame);

// ---- building

struct seek_build;

// What a finished build knows of the file.
struct seek_summary {
    int channels;
    int pre_skip;   // frames
    int64_t frames; // audible ones, to the sample
};

struct seek_build *seek_build_new(void);
void seek_build_free(struct seek_build *b);
// Takes the file's next bytes, in pieces of any size. False once something is wrong, and from then
// on; *why (a constant sentence, may be NULL) says what.
bool seek_build_push(struct seek_build *b, const void *data, size_t len, const char **why);
// The file ended. Appends the table to `table`; false when the file is not whole.
bool seek_build_end(struct seek_build *b, struct bytes *table, struct seek_summary *summary,
                    const char **why);

#endif
