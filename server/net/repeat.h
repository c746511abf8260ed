// SPDX-License-Identifier: Apache-2.0
// Requests that may be sent again: a POST that brings an Idempotency-Key is done once, and the same
// again gets the same answer (server/access/receipts.h). Commands to groups have their own way, by
// cmd_id. Thread: the loop's.
#ifndef SERVER_NET_REPEAT_H
#define SERVER_NET_REPEAT_H

#include "server/net/request.h"

// Notes the key a request brings. False, and answered, when it is none.
bool repeat_read(struct request *r);
// True when the key is being looked up: then the request is answered from its receipt, or handled.
bool repeat_begin(struct request *r);
// The answer is known: called for each, once. `text`: its body.
void repeat_answered(struct request *r, int status, const char *text);

#endif
