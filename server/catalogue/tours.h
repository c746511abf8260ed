// SPDX-License-Identifier: Apache-2.0
// Tours: cues made of tracks. A tour is published as an immutable document (common/wire/tour.h);
// rooms refer to documents, so an edit never reaches into a running group. Each publication is a
// version, and the newest 50 of a tour are kept by name, also when the tour is deleted: so every
// edit can be taken back.
//
//   what is asked   {"title":{...},"alone"?,"cues":[{"id"?,"track","on_end"?,"gap_us"?,
//                    "fade_in_us"?,"fade_out_us"?,"picture"?}]}
//   document        the same with all that the tracks were at that moment
//
// All functions run on the store's thread, inside a job.
#ifndef SERVER_CATALOGUE_TOURS_H
#define SERVER_CATALOGUE_TOURS_H

#include "common/base/err.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <sqlite3.h>

enum { TOURS_VERSIONS_MAX = 50 };

// Who edits, and on top of what.
struct tours_edit {
    const char *actor;
    int64_t wall_us; // 0: the wall clock cannot be trusted
    // The hash of the edition that the editor has seen: another one in force is
    // ERR_PRECONDITION_FAILED. "" : there must be none. NULL: whatever is there.
    const char *on;
};

// The document of what is asked, as canonical text (malloc()ed). ERR_BAD_MESSAGE, ERR_NOT_FOUND (a
// track, a picture) or ERR_NOT_READY (a track without audio), with `detail` saying which.
enum err tours_compose(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                       char **text, char *detail, size_t detail_size);
// A document as what was asked for: what PUT would take.
json_t *tours_as_asked(json_t *document);
// Composes, writes the document into the content folder and makes it the newest of `id`. What is
// the newest already makes no version.
enum err tours_publish(sqlite3 *db, const char *content_dir, const char *id, json_t *request,
                       const struct tours_edit *edit, char hash[WIRE_HASH_LEN + 1], char *detail,
                       size_t detail_size);
// Makes a kept version the newest again, as a version of its own; brings a deleted tour back.
// ERR_NOT_FOUND.
enum err tours_restore(sqlite3 *db, const char *id, int64_t version, const struct tours_edit *edit,
                       char hash[WIRE_HASH_LEN + 1]);
// ERR_NOT_FOUND; ERR_IN_USE, `detail` naming the groups that have it loaded.
enum err tours_remove(sqlite3 *db, const char *id, const struct tours_edit *edit, char *detail,
                      size_t detail_size);

// {"tours":[{"id","title","hash","cues"}]}
json_t *tours_list(sqlite3 *db);
// {"id","hash","version","tour":{what PUT would take}}; ERR_NOT_FOUND.
enum err tours_show(sqlite3 *db, const char *id, json_t **out);
// {"id","versions":[{"version","hash","title","cues","wall"?,"actor"}]}, the newest first.
// ERR_NOT_FOUND when there never was one.
enum err tours_versions(sqlite3 *db, const char *id, json_t **out);
// {"id","version","hash","tour"}; ERR_NOT_FOUND.
enum err tours_version(sqlite3 *db, const char *id, int64_t version, json_t **out);
// {"tours":[{"id","title","version"}]}: deleted, and what brings each back.
json_t *tours_gone(sqlite3 *db);

// The newest document of a tour; `doc` is malloc()ed. ERR_NOT_FOUND.
enum err tours_newest(sqlite3 *db, const char *id, char hash[WIRE_HASH_LEN + 1], char **doc,
                      size_t *len);

#endif
