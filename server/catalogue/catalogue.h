// SPDX-License-Identifier: Apache-2.0
// What the house can play: tours made of tracks (tracks.h). A tour is published as an immutable
// document (common/wire/tour.h); rooms refer to documents, so an edit never reaches into a running
// group.
// All functions run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_CATALOGUE_H
#define SERVER_CATALOGUE_CATALOGUE_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <sqlite3.h>

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
