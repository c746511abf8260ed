// SPDX-License-Identifier: Apache-2.0
#include "server/net/http.h"

#include "server/net/admit.h"
#include "server/net/door.h"
#include "server/net/net.h"
#include "server/net/porter.h"
#include "server/net/repeat.h"
#include "server/net/routes.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// A body comes with 1 KiB a second at least, looked at every so often: the worst network of a house
// is ten times faster, and who sends less holds a place for nothing.
enum { BODY_LOOK_S = 10, BODY_BYTES_PER_S = 1024 };

// How much of a refused body is still read.
enum { REFUSED_BODY_MAX = UPLOAD_PIECE_MAX + 64 * 1024 };

void net_session_token(struct request *r, char *out, size_t size)
{
    char text[1024];
    request_header(r, WSI_TOKEN_HTTP_AUTHORIZATION, text, sizeof text);
    if (strncmp(text, "Bearer ", 7) == 0) {
        snprintf(out, size, "%.*s", (int)size - 1, text + 7);
        return;
    }
    out[0] = '\0';
    if (r->wsi)
        door_cookie(r->wsi, out, size);
    r->by_cookie = out[0] != '\0';
}

// Digits and nothing else: libwebsockets takes what atoll() takes, and somebody in front of us may
// not.
static bool read_length(struct request *r, struct lws *wsi)
{
    char text[16];
    if (!door_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
        strspn(text, "0123456789") != strlen(text))
        return false;
    r->content_length = text[0] ? strtoll(text, NULL, 10) : 0;
    return true;
}

// Names that another reader takes for what they nearly are.
static bool has_lookalike(struct lws *wsi)
{
    static const char *const names[] = {"content-length :", "transfer-encoding :", "host :"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (lws_hdr_custom_length(wsi, names[i], (int)strlen(names[i])) >= 0)
            return true;
    }
    return false;
}

static bool version_known(struct lws *wsi)
{
    char version[16];
    return door_header(wsi, WSI_TOKEN_HTTP, version, sizeof version) &&
           (strcmp(version, "HTTP/1.1") == 0 || strcmp(version, "HTTP/1.0") == 0);
}

static bool read_line(struct request *r, struct lws *wsi)
{
    char *uri;
    int len, kind = lws_http_get_uri_and_method(wsi, &uri, &len);
    static const enum request_method methods[] = {
        [LWSHUMETH_GET] = METHOD_GET,       [LWSHUMETH_POST] = METHOD_POST,
        [LWSHUMETH_OPTIONS] = METHOD_OTHER, [LWSHUMETH_PUT] = METHOD_PUT,
        [LWSHUMETH_PATCH] = METHOD_PATCH,   [LWSHUMETH_DELETE] = METHOD_DELETE,
        [LWSHUMETH_CONNECT] = METHOD_OTHER, [LWSHUMETH_HEAD] = METHOD_GET,
    };
    if (kind < 0 || kind > LWSHUMETH_HEAD || len <= 0 || len >= REQUEST_PATH_MAX || uri[0] != '/')
        return false;
    r->method = methods[kind];
    r->head = kind == LWSHUMETH_HEAD;
    memcpy(r->path, uri, (size_t)len);
    r->path[len] = '\0';
    for (char *p = r->path + 1; *p;) {
        if (r->part_count == REQUEST_PARTS_MAX)
            return false;
        r->parts[r->part_count++] = p;
        p += strcspn(p, "/");
        if (*p)
            *p++ = '\0';
    }
    return version_known(wsi) && !has_lookalike(wsi) && read_length(r, wsi);
}

// Where an upload goes until the ingest child has read it.
static bool open_upload(struct net *net, struct request *r)
{
    static uint64_t uploads;
    snprintf(r->body_path, sizeof r->body_path, "%s/%d-%llu", net_house(net)->upload_dir,
             (int)getpid(), (unsigned long long)++uploads);
    r->body_fd = open(r->body_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    return r->body_fd >= 0;
}

static void prepare_body(struct net *net, struct request *r, enum route_body kind)
{
    switch (kind) {
    case BODY_NONE:
        break;
    case BODY_JSON:
        r->body_max = REQUEST_JSON_MAX;
        break;
    case BODY_TEXT:
        r->body_max = REQUEST_TEXT_MAX;
        break;
    case BODY_FILE:
        r->body_max = net_house(net)->settings->upload_max_mb * 1024 * 1024;
        break;
    case BODY_ARCHIVE:
        r->body_max = net_house(net)->settings->exhibition_max_mb * 1024 * 1024;
        break;
    case BODY_PIECE:
        r->body_max = UPLOAD_PIECE_MAX;
        break;
    }
    if (r->content_length > r->body_max)
        request_problem(r, ERR_TOO_LARGE, NULL);
    else if ((kind == BODY_FILE || kind == BODY_ARCHIVE) && !open_upload(net, r))
        request_problem(r, ERR_STORAGE_FAILED, NULL);
    else if (kind == BODY_PIECE)
        api_uploads_begin(r);
}

static void dispatch(struct request *r)
{
    if (!r->answered && !repeat_begin(r))
        r->route->handle(r);
}

static void begin_request(struct net *net, struct request *r)
{
    enum err why;
    const struct route *route = routes_find(r, &why);
    if (!route) {
        request_problem(r, why, NULL);
        return;
    }
    r->route = route;
    why = admit(r, route);
    if (why != ERR_OK) {
        request_problem(r, why, NULL);
        return;
    }
    prepare_body(net, r, route->body);
    if (!r->answered && repeat_read(r) && r->content_length == 0)
        dispatch(r);
}

int http_request(struct net *net, struct lws *wsi, struct http_session *s)
{
    net_counters(net)->requests++;
    guest_is(lws_get_opaque_user_data(wsi), GUEST_BUSY, net_now(net));
    // A request that came on a kept-alive connection: the last one is over.
    if (s->request)
        request_detach(s->request);
    struct request *r = s->request = request_new(net, wsi);
    if (!read_line(r, wsi)) {
        r->close_after = true; // where the next one begins is anybody's guess
        request_problem(r, ERR_BAD_REQUEST, NULL);
    } else if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        r->close_after = true;
        request_problem(r, ERR_BAD_REQUEST, "bodies need a content-length");
    } else if (!door_ok(net, wsi)) {
        request_problem(r, ERR_BAD_ORIGIN, NULL);
    } else {
        begin_request(net, r);
    }
    // Answers may take a moment (the store, a password); a body has its own limit below, and
    // libwebsockets' between its pieces.
    r->body_look = net_now(net);
    bool body = r->content_length > 0 && !r->answered;
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, body ? BODY_LOOK_S : 30);
    return 0;
}

static bool fast_enough(struct request *r, size_t len)
{
    house_t now = net_now(r->net);
    r->body_seen += (int64_t)len;
    if (house_diff_us(now, r->body_look) < BODY_LOOK_S * INT64_C(1000000))
        return true;
    bool fast = r->body_seen >= BODY_LOOK_S * BODY_BYTES_PER_S;
    r->body_look = now;
    r->body_seen = 0;
    return fast;
}

int http_body(struct http_session *s, const void *data, size_t len)
{
    struct request *r = s->request;
    if (!r || !fast_enough(r, len))
        return -1;
    request_take_body(r, data, len);
    return 0;
}

// libwebsockets says it again for whatever comes behind the body before the answer is out, without
// taking that away: it would go round and round in there and never come back.
int http_body_end(struct http_session *s)
{
    struct request *r = s->request;
    if (!r || r->whole)
        return -1;
    r->whole = true;
    // One without a body was handled when it came, and may still be under way.
    if (r->route && r->content_length > 0)
        dispatch(r);
    return r->close_after && request_done(r) ? -1 : 0;
}

int http_writable(struct lws *wsi, struct http_session *s)
{
    struct request *r = s->request;
    if (!r)
        return 0;
    if (request_write(r) < 0)
        return -1;
    if (!request_done(r))
        return 0;
    // Closing on a client that still sends would reset the connection and lose it our answer: a
    // body that was refused is read to its end first, unless it is too long for that. Where there
    // is none, nobody would ever say that it ended.
    int64_t to_come = r->content_length - r->body_received;
    if (r->close_after && to_come > 0 && to_come <= REFUSED_BODY_MAX)
        return 0;
    bool close_after = r->close_after;
    s->request = NULL;
    guest_is(lws_get_opaque_user_data(wsi), GUEST_IDLE, net_now(r->net));
    request_detach(r);
    return close_after || lws_http_transaction_completed(wsi) ? -1 : 0;
}

void http_gone(struct http_session *s)
{
    if (!s || !s->request)
        return;
    request_detach(s->request);
    s->request = NULL;
}
