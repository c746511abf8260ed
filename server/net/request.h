// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange: what was asked, its body, and the answer, which may come later.
//
// A handler answers with one of the request_* functions, at once or from a completion. A completion
// may find the connection gone; so whoever answers later takes a reference (request_ref), answers
// all the same (nothing happens without a connection) and drops the reference.
// Thread: the loop's.
#ifndef SERVER_NET_REQUEST_H
#define SERVER_NET_REQUEST_H

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "server/access/access.h"
#include "server/ingest/uploads.h"

#include <jansson.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum request_method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OTHER
};

enum {
    REQUEST_PATH_MAX = 512,
    REQUEST_PARTS_MAX = 8,
    REQUEST_JSON_MAX = 256 * 1024,      // a tour of 200 cues asked for is some 20 KB
    REQUEST_TEXT_MAX = 2 * 1024 * 1024, // captions of four hours are some 400 KB
};

struct net;
struct route;

// Where an answer's bytes come from that are worked out as they go: `read` gives up to `size` of
// them from `at` on, -1 when that cannot be; `free` is called once, when no more will be asked for.
struct request_source {
    int64_t (*read)(void *user, int64_t at, void *out, size_t size);
    void (*free)(void *user);
    void *user;
};

struct request {
    // What was asked.
    struct net *net;
    enum request_method method;
    bool head;                      // HEAD: a GET without the body
    char path[REQUEST_PATH_MAX];    // decoded
    char *parts[REQUEST_PARTS_MAX]; // path split at '/', as route patterns name them
    int part_count;
    const struct route *route;     // NULL: no such path
    char user[48];                 // the signed-in user's name; "" for nobody
    char role[16];                 // of that user
    enum access_role rank;         // likewise
    char login[ACCESS_ID_LEN + 1]; // the session's id
    bool by_cookie;                // how it was said
    char address[48];              // whence it comes
    char key[65];                  // Idempotency-Key; "" for none
    int64_t content_length;

    // The body, in memory, in a file or as a piece of an upload.
    struct bytes body;
    int body_fd; // -1: in memory, or answered and gone
    char body_path[600];
    struct upload_piece *piece; // NULL: none
    int64_t body_received, body_max;
    int64_t body_seen; // of it, since body_look (http.c)
    house_t body_look;

    // Its own.
    int refs;
    struct lws *wsi; // NULL when the connection is gone
    bool answered, headers_sent, close_after;
    bool whole;    // the body is here to its end
    bool audited;  // the trail has it, or will by the handler's own job
    bool reserved; // its key waits for the answer
    enum err err;  // of the problem it was answered with
    char made[66]; // the id of what it made
    struct bytes out_head, out_body;
    int out_fd; // -1: out_source, or out_body
    struct request_source out_source;
    int64_t out_at, out_left;
    bool outgoing, turn; // it waits for its turn (outgoing.h); it has it
    TAILQ_ENTRY(request) out;
};

struct request *request_new(struct net *net, struct lws *wsi);
struct request *request_ref(struct request *r);
void request_unref(struct request *r);
// The connection is gone.
void request_detach(struct request *r);

// Answers. Each may be called once; the first counts. `headers` are extra lines "name: value\r\n".
void request_json(struct request *r, int status, json_t *body /* taken over */);
void request_json_with(struct request *r, int status, json_t *body, const char *headers);
void request_problem(struct request *r, enum err e, const char *detail);
// The same with when to try again (0: no idea) and the state that is in force instead (NULL: none;
// taken over).
void request_problem_with(struct request *r, enum err e, const char *detail, int64_t retry_ms,
                          json_t *state);
// The same with one more member; taken over.
void request_problem_more(struct request *r, enum err e, const char *detail, const char *key,
                          json_t *value);
void request_text(struct request *r, int status, const char *type, const char *text, size_t len,
                  const char *headers);
void request_from(struct request *r, int status, const char *type,
                  const struct request_source *source /* taken over */, int64_t length,
                  const char *headers);
void request_empty(struct request *r, int status, const char *headers);
// Sends `length` bytes from `offset` of a file; takes the descriptor over.
void request_file(struct request *r, int status, const char *type, int fd, int64_t offset,
                  int64_t length, const char *headers);

// Called from the lws callback when the connection can be written. Less than 0: close it.
int request_write(struct request *r);
// It is the turn of an answer that goes on (outgoing.h).
void request_turn(struct request *r);
// True when the answer is out and the connection may take the next request.
bool request_done(const struct request *r);

// Takes a piece of the body. False when it is too large or cannot be stored (then it is answered).
bool request_take_body(struct request *r, const void *data, size_t len);
// The body as a JSON object; NULL, and answered, when it is none. The caller owns it.
json_t *request_body_json(struct request *r);

// A parameter of the query, decoded. False, and "", when it is absent or too long.
bool request_query(const struct request *r, const char *name, char *out, size_t size);

// A header as text; "" when absent or too long for `out`.
void request_header(struct request *r, enum lws_token_indexes token, char *out, size_t size);

#endif
