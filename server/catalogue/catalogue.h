// SPDX-License-Identifier: Apache-2.0
// What tours are made of, as their documents have it; shared by tracks.h and tours.h.
// All functions run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_CATALOGUE_H
#define SERVER_CATALOGUE_CATALOGUE_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <sqlite3.h>

// The track as a tour's document has it: {"id","title","dur_us","variants"}. NULL with *e
// (ERR_NOT_FOUND; ERR_NOT_READY: it has no audio) and `detail`.
json_t *catalogue_track_part(sqlite3 *db, const char *id, enum err *e, char *detail, size_t size);

// Canonical text: the same object always gives the same bytes, hence the same hash. malloc()ed.
char *catalogue_canonical(const json_t *j);
// {"en":"The loom"}: at least one, languages and short texts.
bool catalogue_titles_valid(json_t *titles);

#endif
