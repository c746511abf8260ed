// SPDX-License-Identifier: Apache-2.0
// A whole exhibition as text: tracks, tours, the venue's look, and the groups' names, tours and
// plans. Not in it: people and passwords, codes and links, history, kiosks: that is what a backup
// is for (server/store/backup.h).
//
//   {"format":"roomtone.exhibition.v1","venue":{...},"tracks":[...],"tours":[...],"groups":[...]}
//
// Files of content go beside it (pack.h, unpack.h). All functions run on the store's thread, inside
// a job.
#ifndef SERVER_CATALOGUE_EXHIBITION_H
#define SERVER_CATALOGUE_EXHIBITION_H

#include "common/base/err.h"

#include <jansson.h>
#include <sqlite3.h>

// The text; `groups` is taken over. `files` gets the names of all files that it names
// ("HASH.opus"), as keys.
json_t *exhibition_write(sqlite3 *db, json_t *groups, json_t *files);

// Whose exhibition is read, and when.
struct exhibition_reader {
    const char *content_dir;
    const char *actor;
    int64_t wall_us; // 0: not known
};
// Tracks, tours and the venue of a text that a stranger may have made. What has the same id is
// replaced; all else stays. ERR_BAD_ARCHIVE with what is wrong in `detail`: then nothing may be
// kept of it. Files that it names must be in the folder of content.
enum err exhibition_read(sqlite3 *db, const struct exhibition_reader *who, json_t *exhibition,
                         char *detail, size_t detail_size);

#endif
