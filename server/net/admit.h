// SPDX-License-Identifier: Apache-2.0
// Who may ask what: the one place where a request is held against its route, and a command against
// the role of who gives it. docs/PROTOCOL.md, "Who may what", is the same in words, and
// docs/openapi.json says it for each route (x-role); tests try every route as everybody.
#ifndef SERVER_NET_ADMIT_H
#define SERVER_NET_ADMIT_H

#include "common/wire/wire.h"
#include "server/access/access.h"
#include "server/net/routes.h"

// Finds out who asks, and writes it into the request: user, role, session, address. Then ERR_OK, or
// ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_BAD_CSRF (a page's cookie without the page's own token),
// ERR_CONFIRM_PASSWORD (a grave thing, and the password was given longer ago than five minutes).
enum err admit(struct request *r, const struct route *route);

// The least role that may give this command; guides of a group are another matter (their lease).
enum access_role admit_command(enum wire_op op);

#endif
