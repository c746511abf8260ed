// SPDX-License-Identifier: Apache-2.0
// The player's disk: files named by the SHA-256 of their bytes, and unfinished ones beside them.
//
//   HASH.opus        whole, verified before it got this name
//   HASH.opus.part   unfinished; goes on where it ended, after a restart too
//
// The least recently used file goes first when the disk budget is spent, or the disk itself, which
// others fill too (its time of use is its modification time, so it survives a restart).
// Thread: the talking thread.
#ifndef PLAYER_TRACK_CACHE_H
#define PLAYER_TRACK_CACHE_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CACHE_PATH_MAX = 1024,
    // Left free for others on the disk: what is kept of zone, house and rates, the journal.
    CACHE_SPARE_BYTES = 4 * 1024 * 1024,
};

struct cache_name {
    char hash[WIRE_HASH_LEN + 1]; // checked by wire_hash_valid
    const char *ext;              // a constant: "opus" or "json"
};

struct cache;
struct cache_part;

// Makes the folder (and those above it). NULL with one line in `error`. On a disk that has turned
// read-only (a worn-out card does that) what is there can still be found.
struct cache *cache_open(const char *dir, int64_t limit_bytes, char *error, size_t error_size);
void cache_close(struct cache *c);

// The path of a whole file, noting its use where the disk lets it; false when it is not here.
bool cache_find(struct cache *c, const struct cache_name *name, char path[CACHE_PATH_MAX]);

// For a whole file that will not play: reads all of it, and throws it away when it is no more what
// it was when it came. True when it was thrown away; one that was of no use from the start stays,
// since it would only come again.
bool cache_drop_rotted(struct cache *c, const struct cache_name *name);

// Opens the unfinished file, taking up what is there already. At most `most` bytes may come.
// `keep` names files that must not be evicted for it. NULL with the reason in *why:
// ERR_STORAGE_FULL when there is no room, and none to be made by evicting all others (then none
// is); ERR_STORAGE_FAILED when the disk refuses.
struct cache_part *cache_begin(struct cache *c, const struct cache_name *name, int64_t most,
                               const struct cache_name *keep, size_t keep_count, enum err *why);
int64_t cache_part_size(const struct cache_part *p);
// Forgets what was there: the server sends from the start.
bool cache_part_rewind(struct cache_part *p);
// ERR_TOO_LARGE when it would grow beyond its limit, ERR_STORAGE_FULL or ERR_STORAGE_FAILED when
// the disk refuses.
enum err cache_part_append(struct cache_part *p, const void *data, size_t len);
// Verifies and names the file. ERR_BAD_MESSAGE when the bytes are not those of the hash: they are
// thrown away; otherwise as above. Frees `p`.
enum err cache_part_finish(struct cache_part *p);
// Leaves the bytes for another try. Frees `p`.
void cache_part_leave(struct cache_part *p);

// Bytes on disk now, unfinished files included.
int64_t cache_bytes(struct cache *c);

#endif
