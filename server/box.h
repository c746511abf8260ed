// SPDX-License-Identifier: Apache-2.0
// The box: every part of the server, started in order and stopped in the exact reverse. Here, and
// nowhere else, the rooms' port is plugged into the store.
#ifndef SERVER_BOX_H
#define SERVER_BOX_H

#include "server/settings.h"

// Serves until SIGINT or SIGTERM. Returns the program's exit code; a start that fails says why in
// one line on stderr.
int box_run(const struct settings *settings, const char *version);

#endif
