// SPDX-License-Identifier: Apache-2.0
// roomtonectl's way to the server: blocking HTTP with libcurl, JSON in and out. A script-like tool
// has no event loop, so the best kept blocking client serves it better than libwebsockets.
#ifndef SERVER_CTL_API_H
#define SERVER_CTL_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct api;

// `server`: http://ADDR:PORT, or https://. `ca`: a file of the authorities that are trusted then;
// NULL: the system's. The login kept by api_save_session() is used when there is one.
struct api *api_open(const char *server, const char *ca);
void api_close(struct api *a); // NULL is none
// From now on nothing is printed, and an answer that takes longer than 5 s is none.
void api_be_brief(struct api *a);
// When the server wants the password again `ask` is called; where it says yes the request is sent
// once more.
void api_on_confirm(struct api *a, bool (*ask)(void *user), void *user);
// Whether problems are told on stderr; they are, until this.
void api_be_quiet(struct api *a, bool quiet);
void api_use_session(struct api *a, const char *token);
// Keeps the token for the next calls, in the user's configuration folder, mode 0600.
bool api_save_session(struct api *a, const char *token);

// The next request changes something only if this tag is still in force (If-Match).
void api_on(struct api *a, const char *tag);
// One request. The answer's JSON (caller owns; NULL for none), or NULL after printing one line on
// stderr: what the server said, or that it cannot be reached. *ok says which.
json_t *api_get(struct api *a, const char *path, bool *ok);
json_t *api_send(struct api *a, const char *method, const char *path, json_t *body /* taken over */,
                 bool *ok);
json_t *api_upload(struct api *a, const char *path, const char *type, const char *file, bool *ok);
// PUTs `len` bytes; "application/octet-stream".
json_t *api_put_bytes(struct api *a, const char *path, const void *data, size_t len, bool *ok);
// Writes the answer's bytes to `to`. False after one line on stderr.
bool api_download(struct api *a, const char *path, FILE *to);

#endif
