// SPDX-License-Identifier: Apache-2.0
// The content folder: immutable files named by the SHA-256 of their bytes.
#ifndef SERVER_CATALOGUE_CONTENT_H
#define SERVER_CATALOGUE_CONTENT_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <stddef.h>

// SHA-256 in lower-case hex.
void content_hash(const void *data, size_t len, char out[WIRE_HASH_LEN + 1]);

// Puts the bytes at DIR/HASH.ext, durably: temporary name, fsync, rename, fsync of the folder. A
// file that is there already is left as it is. Blocks on the disk: not for the loop's thread.
enum err content_put(const char *dir, const char *ext, const void *data, size_t len,
                     char hash[WIRE_HASH_LEN + 1]);

#endif
