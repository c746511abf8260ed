// SPDX-License-Identifier: Apache-2.0
// The certificate that HTTPS is served with: read from files, watched, and changed under open
// sockets. libwebsockets is asked for a listening side without a certificate; each handshake asks
// here for the one that is in force (OpenSSL's cert_cb), so a new one needs no new socket and an
// old connection keeps what it began with.
//
//   certbot, SIGHUP ──► files ──read whole, key fits?──► in force ──► every new handshake
//                                 no: warned, the old one stays
//
// Thread: the loop's.
#ifndef SERVER_NET_TLS_H
#define SERVER_NET_TLS_H

#include "common/tls/cert.h"
#include "server/house/house.h"
#include "server/settings.h"

#include <jansson.h>
#include <uv.h>

struct tls;

// Are the settings of [tls] right, and can the files be read? True where TLS is off. `error`: one
// line.
bool tls_check(const struct settings *s, char *error, size_t size);

// Reads the files. NULL with `error` filled. `s` and `anchor`, which says what day it is, outlive
// it.
struct tls *tls_open(const struct settings *s, const struct house_anchor *anchor, char *error,
                     size_t size);
void tls_free(struct tls *t);
// What the listening side is to be like: called once, for its new SSL_CTX.
void tls_setup(struct tls *t, SSL_CTX *ctx);
// From now on looks at the files every few seconds and at the expiry once a day.
void tls_watch(struct tls *t, uv_loop_t *loop);
void tls_unwatch(struct tls *t);
// Reads the files that the settings name now. False, and warned, when they are of no use: the old
// certificate stays.
bool tls_reload(struct tls *t);

const struct cert_facts *tls_facts(const struct tls *t);
// Should somebody see to it? True from CERT_SOON_DAYS before its end, and outside of its time;
// false while nobody knows what day it is.
bool tls_worries(const struct tls *t);
// {"until": us since 1970, "state": "ok", "soon", "expired", "early" or "unknown", "days_left": N}
json_t *tls_json(const struct tls *t);

#endif
