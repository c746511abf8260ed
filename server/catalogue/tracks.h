// SPDX-License-Identifier: Apache-2.0
// Tracks: one timeline each, with a variant for each language and what belongs to it. A variant
// may be replaced at any time: what was published keeps the files it named.
// All functions run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_TRACKS_H
#define SERVER_CATALOGUE_TRACKS_H

#include "common/base/err.h"
#include "common/wire/tour.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <sqlite3.h>

enum {
    TRACKS_LISTED_MAX = 10000,
    TRACK_TRANSCRIPT_MAX = 64 * 1024, // bytes; an hour of speech
    TRACK_SOURCE_MAX = 32,            // a source's name on the box
    // Languages of a track share a timeline: the shorter end in silence. Above this somebody should
    // look whether the right file went to the right place.
    TRACK_UNEVEN_PERCENT = 10,
};

struct track_variant {
    char track[WIRE_ID_MAX + 1];
    char lang[WIRE_LANG_MAX + 1];
    char opus[WIRE_HASH_LEN + 1];
    char seek[WIRE_HASH_LEN + 1];
    char peaks[WIRE_HASH_LEN + 1];
    int64_t bytes;
    int64_t dur_us;
    const char *info; // what ingest said, JSON; not owned
    // What it was made of; "" leaves what is there, for the same source may be made anew.
    char source[TRACK_SOURCE_MAX + 1];
    const char *source_name;
    int64_t source_bytes;
    int64_t source_us; // house time
};

// Names a track: titles by language, {"en":"..."}. Creates it when it is new. `cover` is HASH.EXT,
// "" for none, NULL for as it is.
enum err tracks_title(sqlite3 *db, const char *track, json_t *titles, const char *cover);
// Adds or replaces a variant; its captions and transcript stay. ERR_NOT_FOUND when there is no such
// track. `dropped` gets the names of sources that nobody refers to any more: to be removed once
// this is on disk.
enum err tracks_variant(sqlite3 *db, const struct track_variant *v, int64_t sources_max_bytes,
                        json_t *dropped);
// The variant must exist (ERR_NOT_FOUND). NULL takes it away.
enum err tracks_captions(sqlite3 *db, const char *track, const char *lang, const char *hash);
enum err tracks_transcript(sqlite3 *db, const char *track, const char *lang, const char *text);

// How long a variant is, its captions (a hash, or "") and its own transcript (malloc()ed, or NULL).
struct track_words {
    int64_t dur_us;
    char captions[WIRE_HASH_LEN + 1];
    char *transcript;
};
enum err tracks_words(sqlite3 *db, const char *track, const char *lang, struct track_words *out);

struct track_source {
    char file[TRACK_SOURCE_MAX + 1]; // in the folder of sources; "" when it is not kept
    char name[256];                  // as it was uploaded
    bool music;                      // how it was made last
    double target_lufs;
};
enum err tracks_source(sqlite3 *db, const char *track, const char *lang, struct track_source *out);

// What is shown where a cue has no picture of its own: HASH.EXT, "" when there is none.
void tracks_cover(sqlite3 *db, const char *track, char out[TOUR_PICTURE_MAX + 1]);

// {"tracks":[...]} as docs/openapi.json has it; the caller owns it.
json_t *tracks_list(sqlite3 *db);
// One of them; NULL when there is none.
json_t *tracks_show(sqlite3 *db, const char *track);
// With all its variants, or that of `lang` alone. ERR_NOT_FOUND, or ERR_IN_USE with who uses it in
// *users (the caller owns it). `dropped` as above.
enum err tracks_remove(sqlite3 *db, const char *track, const char *lang, json_t *dropped,
                       json_t **users);

#endif
