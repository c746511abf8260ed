// SPDX-License-Identifier: Apache-2.0
// The player's device key: which machine this is, whatever its name or address (docs/PROTOCOL.md,
// "Joining"). Made at the first start, kept in the cache folder as device-ID.key, mode 0600; ID is
// made of the player's name, since two players may share a machine and its folder. The file is the
// secret half in base64url, a line.
//
// A damaged file is kept aside (.damaged) and there is a new key, with a warning: a kiosk that does
// not play is worse than one that has to be set up again.
// Thread: the starting one.
#ifndef PLAYER_LINK_DEVICE_H
#define PLAYER_LINK_DEVICE_H

#include "common/wire/sealed.h"

// The key in a file that somebody else keeps (a systemd credential), with nothing written. False,
// with a warning, when it holds none.
bool device_given(const char *path, struct sealed_pair *out);

// Always gives a key. One that could not be kept holds for this run, with a warning.
void device_load(const char *folder, const char *name, struct sealed_pair *out);

#endif
