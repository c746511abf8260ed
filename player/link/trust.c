// SPDX-License-Identifier: Apache-2.0
#include "player/link/trust.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/tls/cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct trust {
    SSL_CTX *ctx;
    char pin[CERT_DIGEST_LEN + 1]; // "" = by authority
    char told[200];                // the last refusal, so that it is said once
};

static void refused(struct trust *t, const char *why, const struct cert_facts *f)
{
    char text[sizeof t->told];
    // Another certificate is another piece of news.
    snprintf(text, sizeof text, "%s (pin %s)", why, f->pin);
    if (strcmp(text, t->told) == 0)
        return;
    memcpy(t->told, text, sizeof text);
    log_warn("trust", "not taken for the box: %s; its certificate is for %s, with the pin %s", why,
             f->names[0] ? f->names : "no name", f->pin);
}

// In the place of OpenSSL's own check, for every connection.
static int verify(X509_STORE_CTX *store, void *user)
{
    struct trust *t = user;
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    if (!leaf) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    struct cert_facts facts;
    cert_facts_of(leaf, &facts);
    bool ok = t->pin[0] ? strcmp(facts.pin, t->pin) == 0 : X509_verify_cert(store) == 1;
    if (!ok && t->pin[0])
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    if (ok)
        t->told[0] = '\0';
    else
        refused(t,
                t->pin[0] ? "its key is not that of the pin"
                          : X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
                &facts);
    if (ok && t->pin[0])
        X509_STORE_CTX_set_error(store, X509_V_OK);
    return ok;
}

static bool load_authorities(SSL_CTX *ctx, const char *ca, char *error, size_t size)
{
    if (!ca[0])
        return SSL_CTX_set_default_verify_paths(ctx) == 1;
    // Says in words when it cannot be read.
    X509 *first = cert_read(ca, error, size);
    bool ok = first && SSL_CTX_load_verify_file(ctx, ca) == 1;
    if (first && !ok)
        snprintf(error, size, "%s: holds something that is no certificate", ca);
    X509_free(first);
    ERR_clear_error();
    return ok;
}

// An address must be among the certificate's addresses, a name among its names.
static void expect_host(SSL_CTX *ctx, const char *host)
{
    X509_VERIFY_PARAM *p = SSL_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(p, host) != 1)
        CHECK(X509_VERIFY_PARAM_set1_host(p, host, 0) == 1);
    ERR_clear_error();
}

struct trust *trust_open(const char *host, const char *ca, const char *pin, char *error,
                         size_t size)
{
    struct trust *t = check_alloc(calloc(1, sizeof *t));
    t->ctx = check_alloc(SSL_CTX_new(TLS_client_method()));
    if ((pin[0] && !cert_digest_parse(pin, t->pin)) ||
        (!pin[0] && !load_authorities(t->ctx, ca, error, size))) {
        if (pin[0])
            snprintf(error, size, "pin: not a SHA-256 in 64 hex digits");
        trust_close(t);
        return NULL;
    }
    CHECK(SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) == 1);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(t->ctx, verify, t);
    expect_host(t->ctx, host);
    return t;
}

void trust_close(struct trust *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

struct ssl_ctx_st *trust_context(struct trust *t)
{
    return t->ctx;
}
