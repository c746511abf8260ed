// SPDX-License-Identifier: Apache-2.0
// Pictures: what a cue or the venue shows. Known by their first bytes, kept as content, and
// referred to by HASH.EXT. A browser decodes them, never this program; only what a decoder could be
// made to choke on by size is refused. Thread-safe.
#ifndef COMMON_PICTURE_PICTURE_H
#define COMMON_PICTURE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PICTURE_BYTES_MAX = 512 * 1024, // a phone's screen full; fetched by every phone of a group
    PICTURE_SIDE_MAX = 4096,        // pixels
};

// "png", "jpg", "webp" or "svg"; NULL with a reason for anything else, and for what is too large.
const char *picture_kind(const void *data, size_t len, const char **why);

// Is the file of HASH.EXT in the folder of content?
bool picture_kept(const char *content_dir, const char *name);

#endif
