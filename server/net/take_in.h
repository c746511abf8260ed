// SPDX-License-Identifier: Apache-2.0
// An exhibition that is a file on this machine, on its way into the house. Thread: the loop's.
#ifndef SERVER_NET_TAKE_IN_H
#define SERVER_NET_TAKE_IN_H

#include "server/net/request.h"

// Takes it in, all of it or nothing, and answers the request; `path` may go when the request does.
// One at a time (ERR_BUSY). With `demo` nothing that is here gives way: ERR_EXISTS where a track or
// a tour has an id of the file's.
void take_in(struct request *r, const char *path, bool demo);
// The house closes: what is being unpacked is given up.
void take_in_stop(void);

#endif
