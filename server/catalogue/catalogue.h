// SPDX-License-Identifier: Apache-2.0
// What the house can play: tracks with their variants, and tours made of them. A tour is published
// as an immutable document (common/wire/tour.h); rooms refer to documents, so an edit never
// reaches into a running group.
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

// Publishes a tour: {"title":{...},"alone"?,"cues":[{"id"?,"track","on_end"?,"picture"?}]}. Writes
// the document into the content folder and makes it the newest of `id`. ERR_BAD_MESSAGE,
// ERR_NOT_FOUND (a track, a picture) or ERR_NOT_READY (a track without audio), with `detail` saying
// which.
enum err catalogue_publish(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                           char hash[WIRE_HASH_LEN + 1], char *detail, size_t detail_size);
// {"tours":[{"id","title","hash","cues"}]}
json_t *catalogue_tours(sqlite3 *db);
bool catalogue_has_tour(sqlite3 *db, const char *id);
// The newest document of a tour; `doc` is malloc()ed. ERR_NOT_FOUND.
enum err catalogue_newest(sqlite3 *db, const char *id, char hash[WIRE_HASH_LEN + 1], char **doc,
                          size_t *len);

// {"en":"The loom"}: at least one, languages and short texts.
bool catalogue_titles_valid(json_t *titles);

#endif
