// SPDX-License-Identifier: Apache-2.0
// The files that tracks were made of, kept as they were uploaded, so that loudness and kind can be
// changed later from the original: an Opus file made of an Opus file is worse each time. One file
// each in a folder of its own, under a name drawn by chance; there is a ceiling on all of them.
// All but sources_path() on the store's thread.
#ifndef SERVER_CATALOGUE_SOURCES_H
#define SERVER_CATALOGUE_SOURCES_H

#include "common/base/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

void sources_path(const char *dir, const char *name, char *out, size_t size);
// Adds the names of a variant's source to `out`, or of all of a track's (`lang` NULL).
void sources_of(sqlite3 *db, const char *track, const char *lang, json_t *out);
// Lets the oldest go until all fit; their names go to `dropped`, which are to be removed once this
// is on disk.
enum err sources_fit(sqlite3 *db, int64_t max_bytes, json_t *dropped);
// At the start: what a crash between file and row left is made good again.
enum err sources_care(sqlite3 *db, const char *dir);

#endif
