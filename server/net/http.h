// SPDX-License-Identifier: Apache-2.0
// Requests as libwebsockets brings them: the line and the headers are read, the route found, the
// right looked at (admit.h), the body taken in or refused, the answer written when it is there.
//
//   http_request ─► door, route, right ─► [http_body ... http_body_end] ─► handler ─► http_writable
//
// Each returns what its callback of libwebsockets returns: -1 closes the connection.
// Thread: the loop's.
#ifndef SERVER_NET_HTTP_H
#define SERVER_NET_HTTP_H

#include "server/net/request.h"

// Of a connection; the requests on it follow each other.
struct http_session {
    struct request *request; // NULL between them
};

int http_request(struct net *net, struct lws *wsi, struct http_session *s);
int http_body(struct http_session *s, const void *data, size_t len);
int http_body_end(struct http_session *s);
int http_writable(struct lws *wsi, struct http_session *s);
// The connection is closed. `s` may be NULL.
void http_gone(struct http_session *s);

#endif
