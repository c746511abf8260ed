// SPDX-License-Identifier: Apache-2.0
// Who did what, from requests: server/access/audit.h. A handler whose change is a job of its own
// may write the row in the same transaction (trail_entry, then request.audited = true); for all
// other requests that change something a row is added when they are answered, by itself. Thread:
// the loop's.
#ifndef SERVER_NET_TRAIL_H
#define SERVER_NET_TRAIL_H

#include "server/access/audit.h"
#include "server/net/request.h"

// Fills an entry from who asks and what: done, with status 200, until told otherwise.
void trail_entry(const struct request *r, const char *object, struct audit_entry *out);
// The answer is known: called for each, once.
void trail_answered(struct request *r, int status);
// Somebody gave a wrong password for `user`. At most ten of these a minute are written.
void trail_wrong_password(const struct request *r, const char *user);

#endif
