// SPDX-License-Identifier: Apache-2.0
// The zone that the server said last, kept beside the tracks: a kiosk that is switched on keeps its
// mute, its ceiling and its trim before the server has spoken. One file per player, since two on a
// machine may share a cache.
// Thread: the talking thread.
#ifndef PLAYER_ZONE_FILE_H
#define PLAYER_ZONE_FILE_H

#include "common/wire/wire.h"

#include <stddef.h>

// DIR/zone-NAME.json for the player of that name, the name written as an id.
void zone_file_path(const char *dir, const char *name, char *out, size_t size);
// The preset when there is none, or (with a warning) none that can be read.
struct wire_zone zone_file_read(const char *path);
// Replaces it as a whole: after a power cut there is the old one or the new one. A disk that fails
// is a warning; the zone is in force all the same.
void zone_file_write(const char *path, const struct wire_zone *zone);

#endif
