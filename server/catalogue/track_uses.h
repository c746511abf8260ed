// SPDX-License-Identifier: Apache-2.0
// Who uses a track: tours, by their newest edition, and groups, by the edition that they have. All
// on the store's thread.
#ifndef SERVER_CATALOGUE_TRACK_USES_H
#define SERVER_CATALOGUE_TRACK_USES_H

#include <jansson.h>
#include <sqlite3.h>

enum { TRACK_USERS_MAX = 20 };

// [{"kind":"tour"|"group","id","name"}], at most so many; of one language alone unless that is "".
json_t *track_users(sqlite3 *db, const char *track, const char *lang);
// {"loom":["weavers"]}: the tours of every track that is in one.
json_t *track_tours(sqlite3 *db);

#endif
