// SPDX-License-Identifier: Apache-2.0
// Is this file a database that this program could run on? All of a stranger's file is doubted
// before anything of it is believed:
//
//   its shape and sum; its schema, which must be word for word that of its version (so there is no
//   trigger, view or table that is not ours, and no expression in it that a stranger wrote);
//   SQLite's own checks; its text (UTF-8); and what the programs rely on: ranges, tours that parse,
//   a clock anchor that house time could go on from
//
// A file that passes was brought to the newest schema, holds no logins, and is one file, synced.
// Blocks for as long as the file is large; any thread.
#ifndef SERVER_STORE_RESTORE_CHECK_H
#define SERVER_STORE_RESTORE_CHECK_H

#include "common/base/err.h"

#include <stddef.h>

struct restore_report {
    int schema;  // it was written with
    int groups;  // in it
    int missing; // content files it names that are not in the content folder
};

// `path` is changed: it is ours alone. content_dir may be NULL: then nothing counts as missing.
// ERR_BAD_BACKUP with the reason in `detail`, ERR_STORAGE_FAILED.
enum err restore_check(const char *path, const char *content_dir, struct restore_report *out,
                       char *detail, size_t detail_size);

#endif
