// SPDX-License-Identifier: Apache-2.0
// The zone that the server said last, kept beside the tracks: a kiosk that is switched on keeps its
// mute, its ceiling and its trim before the server has spoken. `path` is that of a kept file
// (player/keep/keep.h).
// Thread: the talking thread.
#ifndef PLAYER_ZONE_FILE_H
#define PLAYER_ZONE_FILE_H

#include "common/wire/wire.h"

// The preset when there is none, or (with a warning) none that can be read.
struct wire_zone zone_file_read(const char *path);
// Replaces it as a whole: after a power cut there is the old one or the new one. A disk that fails
// is a warning; the zone is in force all the same.
void zone_file_write(const char *path, const struct wire_zone *zone);

#endif
