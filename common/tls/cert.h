// SPDX-License-Identifier: Apache-2.0
// Certificates as files: read with a reason when they cannot be, and what one says of itself. Files
// are PEM; a certificate's file may hold the chain behind it too.
// Thread: any; nothing is kept. What OpenSSL says goes into `error`, as "FILE: why".
#ifndef COMMON_TLS_CERT_H
#define COMMON_TLS_CERT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CERT_DIGEST_LEN = 64, // SHA-256 in hex digits
    CERT_NAMES_MAX = 1000,
    CERT_DATE_SIZE = 16,
    // Somebody should see to a new certificate from here on.
    CERT_SOON_DAYS = 21,
};

struct cert_facts {
    char names[CERT_NAMES_MAX];            // host names and addresses it is for, ", " between them
    int64_t from_s, until_s;               // when it holds, seconds since 1970 (UTC)
    char serial[64];                       // hex
    char fingerprint[CERT_DIGEST_LEN + 1]; // SHA-256 of the certificate
    char pin[CERT_DIGEST_LEN + 1];         // SHA-256 of its public key (SubjectPublicKeyInfo)
};

enum cert_state { CERT_OK, CERT_SOON, CERT_EXPIRED, CERT_EARLY };

// The first certificate of a file; NULL with `error` filled. The caller frees it.
X509 *cert_read(const char *path, char *error, size_t size);
void cert_facts_of(X509 *cert, struct cert_facts *out);

// How it stands at an instant (seconds since 1970): CERT_EARLY is before it holds.
enum cert_state cert_state_at(const struct cert_facts *f, int64_t now_s);
// "ok", "soon", "expired", "early".
const char *cert_state_name(enum cert_state state);
// "2026-11-27", of seconds since 1970 (UTC).
void cert_date(int64_t s, char out[CERT_DATE_SIZE]);
// Whole days until it ends, rounded down; negative afterwards.
int64_t cert_days_left(const struct cert_facts *f, int64_t now_s);

// Loads chain and key into a context: that they belong together is checked, and that OpenSSL
// would use them. False with `error` filled; the context is then of no use.
bool cert_use(SSL_CTX *ctx, const char *certificate, const char *key, char *error, size_t size);

// Reads a SHA-256 in hex, colons between the bytes forgiven, into 64 lower-case digits. False when
// it is none.
bool cert_digest_parse(const char *text, char out[CERT_DIGEST_LEN + 1]);

#endif
