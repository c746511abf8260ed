// SPDX-License-Identifier: Apache-2.0
// Reads an exhibition's archive that a stranger may have made, strictly: regular files alone,
// exhibition.json first, then content under names that are the SHA-256 of their bytes, of kinds and
// sizes that the house has. Whatever else is in it, all of it is refused. No name in it is ever
// used as a path.
//
// Files appear in the folder of content whole and under their true hash, or not at all. Those of a
// refused archive stay, and nothing names them.
// Blocks: for a worker thread.
#ifndef SERVER_CATALOGUE_UNPACK_H
#define SERVER_CATALOGUE_UNPACK_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define UNPACK_MANIFEST_MAX (INT64_C(16) << 20)
#define UNPACK_FILE_MAX (INT64_C(1) << 31) // a file of content: a day of Opus

struct unpacked {
    char *manifest; // exhibition.json; the caller's to free
    size_t manifest_len;
    int files;     // of content, those that were here already too
    int64_t bytes; // written
};

// ERR_BAD_ARCHIVE with what is wrong in `detail`, ERR_STORAGE_FULL, ERR_STORAGE_FAILED. With
// anything but ERR_OK there is no manifest.
enum err unpack(const char *path, const char *content_dir, struct unpacked *out, char *detail,
                size_t detail_size);

#endif
