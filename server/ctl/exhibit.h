// SPDX-License-Identifier: Apache-2.0
// Brings a whole exhibit into the box: the manifest described in content/README.md.
#ifndef SERVER_CTL_EXHIBIT_H
#define SERVER_CTL_EXHIBIT_H

#include "server/ctl/api.h"

// Uploads tracks and captions, publishes tours, makes the groups that are not there yet. Prints
// what it does, unless `quiet`. False after the first failure (said on stderr).
bool exhibit_import(struct api *a, const char *manifest, bool quiet);

#endif
