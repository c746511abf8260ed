// SPDX-License-Identifier: Apache-2.0
// Files that appear whole, under the SHA-256 of their bytes, or not at all.
// A file grows under a temporary name (".ingest-XXXXXX"); publishing syncs the files, renames them
// and syncs the folder. Whoever ends before that removes what it wrote, also on SIGTERM, SIGINT,
// SIGHUP and SIGXCPU. Only SIGKILL or a crash can leave a ".ingest-" file: the caller sweeps those.
// Thread: the main thread.
#ifndef CONTENT_INGEST_PUBLISH_H
#define CONTENT_INGEST_PUBLISH_H

#include "content/ingest/reason.h"

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLISH_HASH_LEN = 64, PUBLISH_FILES_MAX = 3 };

struct publish_file {
    int dir;
    int fd; // may be read as well
    uint64_t bytes;
    char temp[32];                   // "" when there is nothing to remove
    char hash[PUBLISH_HASH_LEN + 1]; // known after publish_all()
    const char *extension;           // "opus"
    const char *wanted;              // the hash that it must have; NULL: any
    crypto_hash_sha256_state sha;
};

// From now on the signals above remove the temporary files, say why on stderr and exit with 1.
// `name` is what the line on stderr begins with; it must live on.
void publish_guard(const char *name);

// `dir` is an open folder, the caller's. False with a reason.
bool publish_begin(struct publish_file *f, int dir, const char *extension, struct reason *why);
bool publish_write(struct publish_file *f, const void *data, size_t len, struct reason *why);
// Back to nothing written.
bool publish_again(struct publish_file *f, struct reason *why);
// Gives all of them their names, or none.
bool publish_all(struct publish_file *files, int n, struct reason *why);
// Removes what was begun and not published. Harmless after publish_all().
void publish_drop(struct publish_file *f);

#endif
