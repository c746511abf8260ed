// SPDX-License-Identifier: Apache-2.0
// Who may speak to this box at all: the checks of Host and Origin. A page of somebody else must not
// reach the box through a visitor's or curator's browser, be it directly (Origin is not ours) or by
// pointing a name of its own at the box's address (Host is not ours). Pure.
#ifndef SERVER_NET_GUARD_H
#define SERVER_NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>

// `host` as in the Host header ("192.168.4.1:8080"). Ours are: any IP address, localhost, *.local,
// names without a dot, and those in `names` (comma separated).
bool guard_host_ok(const char *host, const char *names);

// `origin` as in the Origin header; "" when absent, which only programs do: then the request
// brings its own credentials or none. With one, its host and port must be those of `host`, and over
// TLS its page must have come over TLS: anybody on the way can change one that did not. (Without
// TLS it may say https all the same: a proxy of the house stands in front.)
bool guard_origin_ok(const char *origin, const char *host, bool over_tls);

// The name of "name:port" or "[v6]:port" without brackets and port. False when it is too long or
// not made of what names and addresses are made of, or the port is not of digits.
bool guard_bare_name(const char *host, char *out, size_t size);

#endif
