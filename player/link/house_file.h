// SPDX-License-Identifier: Apache-2.0
// The house a kiosk belongs to, kept in its cache folder as house-NAME.json: its key, and where it
// was last. A damaged file is kept aside, and the kiosk waits to be adopted anew: it is better to
// ask than to obey somebody.
// Thread: the talking thread.
#ifndef PLAYER_LINK_HOUSE_FILE_H
#define PLAYER_LINK_HOUSE_FILE_H

#include "common/wire/wire.h"

struct house_pin {
    char key[WIRE_KEY_LEN + 1]; // "": it belongs to none
    char host[256];             // name or address
    int port;
};

struct house_pin house_file_read(const char *path);
// One without a key removes the file.
void house_file_write(const char *path, const struct house_pin *pin);

#endif
