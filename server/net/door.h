// SPDX-License-Identifier: Apache-2.0
// What a connection's headers say to the checks at the door: whose page it is from (guard.h holds
// the rules), whether it may become a WebSocket, and the session in its cookie.
// Thread: the loop's, in libwebsockets' callbacks of that connection.
#ifndef SERVER_NET_DOOR_H
#define SERVER_NET_DOOR_H

#include <libwebsockets.h>
#include <stdbool.h>

struct net;

// For headers that decide something: "" when it is not there. False when it is there twice, does
// not fit or goes on behind a NUL: two readers could then read two things.
bool door_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);
// Host and Origin are ours; else it is counted as refused.
bool door_ok(struct net *net, struct lws *wsi);
// It asks for our WebSocket, and there is a place for it.
bool door_upgrade_ok(struct net *net, struct lws *wsi);
// The session in its cookie, "" for none or one that does not fit.
void door_cookie(struct lws *wsi, char *out, size_t size);

#endif
