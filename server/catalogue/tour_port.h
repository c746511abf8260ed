// SPDX-License-Identifier: Apache-2.0
// room_port.tour on the catalogue: `store` is the struct store.
#ifndef SERVER_CATALOGUE_TOUR_PORT_H
#define SERVER_CATALOGUE_TOUR_PORT_H

#include "common/base/err.h"

#include <stddef.h>

void tour_port_newest(void *store, const char *tour_id,
                      void (*done)(void *user, enum err err, const char *hash, const char *doc,
                                   size_t len),
                      void *user);

#endif
