// SPDX-License-Identifier: Apache-2.0
// The box: every part of the server, started in order and stopped in the exact reverse. Here, and
// nowhere else, the rooms' port is plugged into the store.
#ifndef SERVER_BOX_H
#define SERVER_BOX_H

#include "common/base/service.h"
#include "server/settings.h"

// The server stopped to be started anew: a backup is to be put in place.
enum { BOX_AGAIN = -1 };

// The ports that are served on: 0 for the settings', and afterwards what they were, for the next
// time.
struct box_ports {
    int http, https;
};

// Serves until SIGINT or SIGTERM; SIGHUP reads the settings anew. Returns the program's exit code,
// or BOX_AGAIN; a start that fails says why in one line on stderr.
int box_run(struct settings *settings, struct service *service, const char *version,
            struct box_ports *ports);

#endif
