// SPDX-License-Identifier: Apache-2.0
// What the house can play: tracks with their variants. Tours are made of them (tours.h).
// All functions run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_CATALOGUE_H
#define SERVER_CATALOGUE_CATALOGUE_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <sqlite3.h>

struct catalogue_variant {
    char track[WIRE_ID_MAX + 1];
    char lang[WIRE_LANG_MAX + 1];
    char opus[WIRE_HASH_LEN + 1];
    char seek[WIRE_HASH_LEN + 1];
    int64_t bytes;
    int64_t dur_us;
    const char *info; // what ingest said, JSON; not owned
};

// Names a track: titles by language, {"en":"..."}. Creates it when it is new.
enum err catalogue_title(sqlite3 *db, const char *track, json_t *titles);
// Adds or replaces a variant (its captions stay). ERR_NOT_FOUND when there is no such track.
enum err catalogue_variant(sqlite3 *db, const struct catalogue_variant *v);
// The variant must exist.
enum err catalogue_captions(sqlite3 *db, const char *track, const char *lang, const char *hash);
// {"tracks":[{"id","title","variants":[...]}]}; the caller owns it.
json_t *catalogue_tracks(sqlite3 *db);

// The track as a tour's document has it: {"id","title","dur_us","variants"}. NULL with *e
// (ERR_NOT_FOUND; ERR_NOT_READY: it has no audio) and `detail`.
json_t *catalogue_track_part(sqlite3 *db, const char *id, enum err *e, char *detail, size_t size);

// Canonical text: the same object always gives the same bytes, hence the same hash. malloc()ed.
char *catalogue_canonical(const json_t *j);
// {"en":"The loom"}: at least one, languages and short texts.
bool catalogue_titles_valid(json_t *titles);

#endif
