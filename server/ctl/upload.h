// SPDX-License-Identifier: Apache-2.0
// A file's way into the house from the command line: in pieces, then a job that is waited for.
#ifndef SERVER_CTL_UPLOAD_H
#define SERVER_CTL_UPLOAD_H

#include "common/wire/wire.h"
#include "server/ctl/call.h"

// --kind and --target: false, and said, when they cannot be.
bool upload_wish_ok(struct call *c);
// Sends a file, or what is missing of it; the upload's id. False after one line on stderr.
bool upload_file(struct call *c, const char *file, char *id, size_t size);
// Has audio made of an upload, or (NULL) of the original that is kept; waits, and shows what came
// of it. `path`: of the audio.
bool upload_make(struct call *c, const char *path, const char *upload);

#endif
