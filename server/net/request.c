// SPDX-License-Identifier: Apache-2.0
#include "server/net/request.h"

#include "common/base/check.h"
#include "common/wire/json.h"
#include "common/wire/wire.h"
#include "server/net/net.h"
#include "server/net/outgoing.h"
#include "server/net/repeat.h"
#include "server/net/routes.h"
#include "server/net/trail.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

// One write a callback; large enough that a 10 MB track takes some 80 of them.
enum { CHUNK = 128 * 1024, ANSWER_MAX = 16 * 1024 * 1024 };

struct request *request_new(struct net *net, struct lws *wsi)
{
    struct request *r = check_alloc(calloc(1, sizeof *r));
    r->net = net;
    r->wsi = wsi;
    r->refs = 1;
    r->body_fd = r->out_fd = -1;
    bytes_init(&r->body, REQUEST_TEXT_MAX);
    bytes_init(&r->out_head, 4096);
    bytes_init(&r->out_body, ANSWER_MAX);
    return r;
}

struct request *request_ref(struct request *r)
{
    r->refs++;
    return r;
}

static void drop_body(struct request *r)
{
    if (r->body_fd < 0)
        return;
    close(r->body_fd);
    unlink(r->body_path);
    r->body_fd = -1;
}

void request_unref(struct request *r)
{
    if (--r->refs > 0)
        return;
    drop_body(r);
    upload_piece_drop(r->piece);
    if (r->out_fd >= 0)
        close(r->out_fd);
    if (r->out_source.free)
        r->out_source.free(r->out_source.user);
    bytes_free(&r->body);
    bytes_free(&r->out_head);
    bytes_free(&r->out_body);
    free(r);
}

void request_detach(struct request *r)
{
    struct outgoing *o = net_outgoing(r->net);
    if (o)
        outgoing_remove_file(o, r);
    r->wsi = NULL;
    request_unref(r);
}

static const char *status_text(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 206:
        return "Partial Content";
    case 304:
        return "Not Modified";
    case 308:
        return "Permanent Redirect";
    case 416:
        return "Range Not Satisfiable";
    default:
        return status < 500 ? "Refused" : "Failed";
    }
}

// The head is written by us, in one piece: the security headers are the same on every answer.
static void begin(struct request *r, int status, const char *type, int64_t length,
                  const char *headers)
{
    r->answered = true;
    drop_body(r); // whoever has the answer finds nothing left of what was sent
    trail_answered(r, status);
    // A body that nobody read would be taken for the next request.
    if (r->body_received < r->content_length)
        r->close_after = true;
    bytes_printf(&r->out_head, "HTTP/1.1 %d %s\r\n", status, status_text(status));
    if (type)
        bytes_printf(&r->out_head, "content-type: %s\r\n", type);
    if (status != 304 && status != 204)
        bytes_printf(&r->out_head, "content-length: %lld\r\n", (long long)length);
    bytes_printf(&r->out_head, "x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n"
                               "cross-origin-resource-policy: same-origin\r\n");
    if (headers)
        bytes_printf(&r->out_head, "%s", headers);
    bytes_printf(&r->out_head, "%s\r\n", r->close_after ? "connection: close\r\n" : "");
    r->out_left = r->head ? 0 : length;
    if (r->wsi)
        lws_callback_on_writable(r->wsi);
}

void request_text(struct request *r, int status, const char *type, const char *text, size_t len,
                  const char *headers)
{
    if (r->answered)
        return;
    if (!bytes_append(&r->out_body, text, len)) {
        request_problem(r, ERR_INTERNAL, "the answer is too large");
        return;
    }
    repeat_answered(r, status, text);
    begin(r, status, type, (int64_t)len, headers);
}

void request_empty(struct request *r, int status, const char *headers)
{
    if (r->answered)
        return;
    repeat_answered(r, status, "");
    begin(r, status, NULL, 0, headers);
}

static void json_as(struct request *r, int status, const char *type, json_t *body,
                    const char *headers)
{
    char *text = check_alloc(json_dumps(body, JSON_COMPACT));
    const char *id = status == 201 ? json_string_value(json_object_get(body, "id")) : NULL;
    if (!r->answered)
        snprintf(r->made, sizeof r->made, "%s", id ? id : "");
    json_decref(body);
    char all[600];
    snprintf(all, sizeof all, "cache-control: no-store\r\n%s", headers ? headers : "");
    request_text(r, status, type, text, strlen(text), all);
    free(text);
}

void request_json_with(struct request *r, int status, json_t *body, const char *headers)
{
    json_as(r, status, "application/json", body, headers);
}

void request_json(struct request *r, int status, json_t *body)
{
    json_as(r, status, "application/json", body, NULL);
}

// What the status wants beside the problem: when to try again, how to sign in, what would be
// allowed.
static void problem_headers(const struct request *r, enum err e, int64_t retry_ms, char *out,
                            size_t size)
{
    char allowed[100];
    out[0] = '\0';
    if (err_retryable(e) || retry_ms) {
        snprintf(out, size, "retry-after: %lld\r\n",
                 (long long)(retry_ms ? (retry_ms + 999) / 1000 : 2));
    } else if (err_http_status(e) == 401) {
        snprintf(out, size, "www-authenticate: Bearer realm=\"roomtone\"\r\n");
    } else if (e == ERR_METHOD_NOT_ALLOWED) {
        routes_allowed(r, allowed, sizeof allowed);
        snprintf(out, size, "allow: %s\r\n", allowed);
    }
}

static void problem_as(struct request *r, enum err e, const char *detail, int64_t retry_ms,
                       const char *key, json_t *value)
{
    json_t *body = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title", err_text(e),
                             "status", err_http_status(e), "code", err_code(e));
    if (detail && detail[0])
        json_object_set_new(body, "detail", json_string(detail)); // none when it is not UTF-8
    if (err_retryable(e))
        json_object_set_new(body, "retryable", json_true());
    if (retry_ms)
        json_object_set_new(body, "retry_ms", json_integer(retry_ms));
    if (value)
        json_object_set_new(body, key, value);
    if (!r->answered)
        r->err = e;
    char headers[160];
    problem_headers(r, e, retry_ms, headers, sizeof headers);
    json_as(r, err_http_status(e), "application/problem+json", body, headers);
}

void request_problem_with(struct request *r, enum err e, const char *detail, int64_t retry_ms,
                          json_t *state)
{
    problem_as(r, e, detail, retry_ms, "state", state);
}

void request_problem_more(struct request *r, enum err e, const char *detail, const char *key,
                          json_t *value)
{
    problem_as(r, e, detail, 0, key, value);
}

void request_problem(struct request *r, enum err e, const char *detail)
{
    problem_as(r, e, detail, 0, NULL, NULL);
}

void request_file(struct request *r, int status, const char *type, int fd, int64_t offset,
                  int64_t length, const char *headers)
{
    if (r->answered) {
        close(fd);
        return;
    }
    r->out_fd = fd;
    r->out_at = offset;
    begin(r, status, type, length, headers);
}

void request_from(struct request *r, int status, const char *type,
                  const struct request_source *source, int64_t length, const char *headers)
{
    if (r->answered) {
        source->free(source->user);
        return;
    }
    r->out_source = *source;
    begin(r, status, type, length, headers);
}

bool request_done(const struct request *r)
{
    return r->headers_sent && r->out_left == 0;
}

static int write_head(struct request *r)
{
    unsigned char space[LWS_PRE + 4096];
    memcpy(space + LWS_PRE, r->out_head.data, r->out_head.len);
    r->headers_sent = true;
    enum lws_write_protocol kind = r->out_left == 0
                                       ? LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END
                                       : LWS_WRITE_HTTP_HEADERS;
    return lws_write(r->wsi, space + LWS_PRE, r->out_head.len, kind);
}

static int write_piece(struct request *r)
{
    static unsigned char space[LWS_PRE + CHUNK]; // one loop, one write at a time
    size_t want = r->out_left < CHUNK ? (size_t)r->out_left : CHUNK;
    if (r->out_fd >= 0 || r->out_source.read) {
        int64_t n = r->out_source.read
                        ? r->out_source.read(r->out_source.user, r->out_at, space + LWS_PRE, want)
                        : pread(r->out_fd, space + LWS_PRE, want, r->out_at);
        if (n <= 0)
            return -1; // shorter than promised: the connection is the only way to say so
        want = (size_t)n;
    } else {
        memcpy(space + LWS_PRE, r->out_body.data + r->out_at, want);
    }
    r->out_at += (int64_t)want;
    r->out_left -= (int64_t)want;
    return lws_write(r->wsi, space + LWS_PRE, want,
                     r->out_left ? LWS_WRITE_HTTP : LWS_WRITE_HTTP_FINAL);
}

// Of a file, where nothing has to be encrypted: past us and libwebsockets, so that nobody copies
// it. Less than 0: it is shorter than promised, as above, or the connection is gone.
static int send_piece(struct request *r)
{
    off_t at = r->out_at;
    size_t want = r->out_left < CHUNK ? (size_t)r->out_left : CHUNK;
    ssize_t n = sendfile(lws_get_socket_fd(r->wsi), r->out_fd, &at, want);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return -1;
    r->out_at += n;
    r->out_left -= n;
    return 1;
}

static bool is_plain_file(const struct request *r)
{
    return r->out_fd >= 0 && !lws_is_ssl(r->wsi);
}

// A client that does not take its answer is closed after a while.
static void begin_to_wait(struct request *r)
{
    lws_set_timeout(r->wsi, PENDING_TIMEOUT_HTTP_CONTENT, 30);
}

void request_turn(struct request *r)
{
    begin_to_wait(r);
    // The last piece is left to the callback, which ends the exchange; so is what goes wrong.
    int n = is_plain_file(r) && r->out_left > CHUNK ? send_piece(r) : -1;
    if (n > 0) {
        outgoing_put_file(net_outgoing(r->net), r);
        return;
    }
    r->turn = n < 0; // else there is no room, and it waits anew when there is
    lws_callback_on_writable(r->wsi);
}

// What does not end with its next piece waits behind what rooms have to say.
static bool wait_for_turn(struct request *r)
{
    struct outgoing *o = net_outgoing(r->net);
    bool waits = o && r->out_left > CHUNK && !r->turn;
    if (waits)
        outgoing_put_file(o, r);
    r->turn = false;
    return waits;
}

int request_write(struct request *r)
{
    if (!r->answered || request_done(r) || r->outgoing)
        return 0;
    begin_to_wait(r);
    if (r->headers_sent && wait_for_turn(r))
        return 0;
    int n = !r->headers_sent ? write_head(r) : is_plain_file(r) ? send_piece(r) : write_piece(r);
    if (n < 0)
        return -1;
    if (!request_done(r))
        lws_callback_on_writable(r->wsi);
    return 0;
}

bool request_take_body(struct request *r, const void *data, size_t len)
{
    r->body_received += (int64_t)len;
    if (r->answered)
        return true; // refused already; the rest of the body is of no use
    if (r->body_received > r->body_max) {
        request_problem(r, ERR_TOO_LARGE, NULL);
        return false;
    }
    if (r->piece) {
        enum err e = upload_piece_write(r->piece, data, len, net_now(r->net).us);
        if (e != ERR_OK)
            request_problem(r, e, NULL);
        return e == ERR_OK;
    }
    if (r->body_fd < 0) {
        if (bytes_append(&r->body, data, len))
            return true;
        request_problem(r, ERR_TOO_LARGE, NULL);
        return false;
    }
    for (size_t at = 0; at < len;) {
        ssize_t n = write(r->body_fd, (const char *)data + at, len - at);
        if (n <= 0) {
            request_problem(r, errno == ENOSPC ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED, NULL);
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

json_t *request_body_json(struct request *r)
{
    json_t *j = r->body.len && r->body.len <= REQUEST_JSON_MAX
                    ? json_read_object(r->body.data, r->body.len, WIRE_DEPTH_MAX)
                    : NULL;
    if (!j)
        request_problem(r, r->body.len > REQUEST_JSON_MAX ? ERR_TOO_LARGE : ERR_BAD_JSON, NULL);
    return j;
}

void request_header(struct request *r, enum lws_token_indexes token, char *out, size_t size)
{
    if (!r->wsi || lws_hdr_copy(r->wsi, out, (int)size, token) <= 0)
        out[0] = '\0';
}

bool request_query(const struct request *r, const char *name, char *out, size_t size)
{
    // Room for the longest one, also when a short one is looked for: lws stops at what does not
    // fit.
    char key[40], text[REQUEST_PATH_MAX];
    snprintf(key, sizeof key, "%s=", name);
    const char *value = r->wsi ? lws_get_urlarg_by_name(r->wsi, key, text, (int)sizeof text) : NULL;
    bool ok = value && strlen(value) < size;
    snprintf(out, size, "%s", ok ? value : "");
    return ok;
}
