// SPDX-License-Identifier: Apache-2.0
// What the house is called and looks like: shown on every page.
// All functions with a database run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_VENUE_H
#define SERVER_CATALOGUE_VENUE_H

#include "common/base/err.h"

#include <jansson.h>
#include <sqlite3.h>

// {"name"?,"colour"?,"logo"?,"lang"?,"zone"?}: what was never set is not there. The caller owns it.
json_t *venue_show(sqlite3 *db);

// Replaces the first three by those of `request`: a name of at most 80 bytes, a colour like
// "#1a2b3c", a logo as HASH.EXT, which must be in the folder of content (else ERR_NOT_FOUND). Its
// language, like "de", and its time zone, which the caller has looked at, stay when they are not
// said, and go when they are "". ERR_BAD_MESSAGE with `detail`.
enum err venue_set(sqlite3 *db, const char *content_dir, json_t *request, char *detail,
                   size_t detail_size);

enum { VENUE_ZONE_MAX = 63 };
// The time zone that was set, "" for none.
void venue_zone(sqlite3 *db, char out[VENUE_ZONE_MAX + 1]);

#endif
