// SPDX-License-Identifier: Apache-2.0
// Whom the player takes for its box over TLS. One OpenSSL context for all that it asks, the
// WebSocket and the downloads, so that both check alike:
//
//   pin   the box has the private key of this fingerprint. Neither name nor date is looked at: a
//         kiosk whose clock is dead, or whose box has another address, still knows its box.
//   else  the certificate is signed by an authority (the system's, or those of one file), holds
//         today, and is for the host that was asked.
//
// What is not taken is refused before anything is sent, and said once.
// Thread: the talking thread.
#ifndef PLAYER_LINK_TRUST_H
#define PLAYER_LINK_TRUST_H

#include <stdbool.h>
#include <stddef.h>

struct ssl_ctx_st; // OpenSSL's SSL_CTX
struct trust;

// `ca`: a file of authorities, "" for the system's. `pin`: 64 hex digits, or "". NULL with one line
// in `error`.
struct trust *trust_open(const char *host, const char *ca, const char *pin, char *error,
                         size_t size);
void trust_close(struct trust *t); // after the lws context; NULL is none
// For lws' provided_client_ssl_ctx.
struct ssl_ctx_st *trust_context(struct trust *t);

#endif
