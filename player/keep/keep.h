// SPDX-License-Identifier: Apache-2.0
// Small files that a player keeps in its cache folder, one of a kind per player: two on a machine
// may share the folder. After a power cut there is the old file or the new one. Thread: any; one
// file, one owner.
#ifndef PLAYER_KEEP_KEEP_H
#define PLAYER_KEEP_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { KEEP_PATH_MAX = 1200 };

// FOLDER/KIND-ID.EXT, the ID made of the player's name.
void keep_path(const char *folder, const char *kind, const char *name, const char *ext,
               char out[KEEP_PATH_MAX]);

// At most size - 1 bytes and a NUL. The length; -1 with errno (ENOENT: there is none; EFBIG: larger
// than that).
ssize_t keep_read(const char *path, char *out, size_t size);

// Replaces it as a whole. False with errno.
bool keep_write(const char *path, const void *data, size_t len, mode_t mode);

#endif
