// SPDX-License-Identifier: Apache-2.0
// The two files of an upload (uploads.h). Thread: upload_file_note() any, one at a time for an
// upload; the rest the loop's.
#ifndef SERVER_INGEST_UPLOAD_FILE_H
#define SERVER_INGEST_UPLOAD_FILE_H

#include "server/ingest/uploads.h"

// FOLDER/ID.part
void upload_file_path(const char *folder, const char *id, char out[UPLOAD_PATH_MAX]);
enum err upload_file_make(const char *folder, const struct upload_facts *facts);
// Writes ID.json anew, synced. Only after the sound itself was.
enum err upload_file_note(const char *folder, const struct upload_facts *facts);
void upload_file_remove(const char *folder, const char *id);
// Each upload that an earlier run left, cut to what is known to be whole. Everything else in the
// folder is removed.
void upload_file_each(const char *folder,
                      void (*found)(void *user, const struct upload_facts *facts), void *user);

#endif
