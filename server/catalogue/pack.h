// SPDX-License-Identifier: Apache-2.0
// A whole exhibition as one file: a tar archive (POSIX ustar) that is never made. Each byte of it
// is worked out when it is asked for, so it takes no disk, its length is known at once, and a
// download that broke goes on anywhere.
//
//   exhibition.json │ content/HASH.opus │ content/HASH.seek │ ...     each behind a header of 512
//   bytes,
//                                                                    filled up to 512
// Reading one that a stranger made is content/ingest/unpack.h, in a child.
// Thread: any, one at a time.
#ifndef SERVER_CATALOGUE_PACK_H
#define SERVER_CATALOGUE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack;

// `content_dir` is where the files of content are.
struct pack *pack_new(const char *content_dir);
void pack_free(struct pack *a);

// A text as a file of the archive. The bytes are copied.
void pack_add_text(struct pack *a, const char *name, const char *text, size_t len);
// A file of content, "HASH.opus". False when it is not there or the archive has
// INGEST_FILES_MAX already.
enum { PACK_NAME_MAX = 99 };
bool pack_add_content(struct pack *a, const char *file);

int64_t pack_size(const struct pack *a);
// Bytes from `at` on; how many, 0 at the end, -1 when a file is not as it was.
int64_t pack_read(struct pack *a, int64_t at, void *out, size_t size);

#endif
