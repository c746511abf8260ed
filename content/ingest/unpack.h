// SPDX-License-Identifier: Apache-2.0
// Reads an exhibition's archive that a stranger may have made, strictly: regular files alone,
// exhibition.json first, then content under names that are the SHA-256 of their bytes, of kinds and
// sizes that the house has. Whatever else is in it, all of it is refused. No name in it is ever
// used as a path.
//
// Files appear in the folder of content whole and under their true hash, or not at all. Those of a
// refused archive stay, and nothing names them.
#ifndef CONTENT_INGEST_UNPACK_H
#define CONTENT_INGEST_UNPACK_H

#include "content/ingest/reason.h"

#include <stddef.h>
#include <stdint.h>

struct unpacked {
    char *text; // exhibition.json; the caller's to free. NULL when the archive was refused
    size_t text_len;
    int files;     // of content, those that were here already too
    int64_t bytes; // written
};

// `fd` is the archive, at its beginning; `dir` the folder of content. Both stay the caller's.
bool unpack(int fd, int dir, struct unpacked *out, struct reason *why);

#endif
