// SPDX-License-Identifier: Apache-2.0
// Where this box's pages are, for who asks: in QR codes, and when HTTP leads to HTTPS.
#ifndef SERVER_NET_ADDRESS_H
#define SERVER_NET_ADDRESS_H

#include "server/net/request.h"

enum { ADDRESS_MAX = 600 };

// What comes before the "/": join_url where there is one, else the address that was asked for, with
// HTTPS and its port when redirect is on.
void address_base(struct request *r, char out[ADDRESS_MAX]);

// Answers a page asked for over HTTP with the same page over HTTPS. False, and nothing is answered,
// when that is not wanted.
bool address_redirect(struct request *r);

// Did the request come over TLS? False when its connection is gone.
bool address_is_tls(const struct request *r);

#endif
