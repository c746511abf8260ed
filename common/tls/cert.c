// SPDX-License-Identifier: Apache-2.0
#include "common/tls/cert.h"

#include "common/base/check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 60 * 60 };

// A key with a passphrase is refused: nobody is there to type it.
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer, (void)size, (void)writing, (void)user;
    return 0;
}

// The newest of OpenSSL's reasons; its queue is empty afterwards.
static void tell(const char *path, const char *what, char *error, size_t size)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(error, size, "%s: %s%s%s%s", path, what, why ? " (" : "", why ? why : "",
             why ? ")" : "");
    ERR_clear_error();
}

// OpenSSL's own words on a file that cannot be read are for programmers.
static bool readable(const char *path, char *error, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    fclose(f);
    return true;
}

X509 *cert_read(const char *path, char *error, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    X509 *cert = PEM_read_X509_AUX(f, NULL, no_passphrase, NULL);
    fclose(f);
    if (!cert)
        tell(path, "holds no certificate in PEM", error, size);
    return cert;
}

static int64_t seconds(const ASN1_TIME *t)
{
    struct tm tm;
    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void hex(const unsigned char *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

// Adds a name; one that does not fit any more is left out.
static void add_name(char names[CERT_NAMES_MAX], const char *name, int len)
{
    size_t used = strlen(names);
    // A name may hold anything: what is no name at all is not shown.
    for (int i = 0; i < len; i++) {
        if (!isgraph((unsigned char)name[i]))
            return;
    }
    if (used + (size_t)len + 3 < CERT_NAMES_MAX)
        snprintf(names + used, CERT_NAMES_MAX - used, "%s%.*s", used ? ", " : "", len, name);
}

static void add_alternative(char names[CERT_NAMES_MAX], const GENERAL_NAME *g)
{
    char text[INET6_ADDRSTRLEN];
    if (g->type == GEN_DNS) {
        add_name(names, (const char *)ASN1_STRING_get0_data(g->d.dNSName),
                 ASN1_STRING_length(g->d.dNSName));
    } else if (g->type == GEN_IPADD) {
        int len = ASN1_STRING_length(g->d.iPAddress);
        if ((len == 4 || len == 16) &&
            inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(g->d.iPAddress), text,
                      sizeof text))
            add_name(names, text, (int)strlen(text));
    }
}

static void read_names(const X509 *cert, char names[CERT_NAMES_MAX])
{
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
        add_alternative(names, sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
}

void cert_facts_of(X509 *cert, struct cert_facts *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    *out = (struct cert_facts){.from_s = seconds(X509_get0_notBefore(cert)),
                               .until_s = seconds(X509_get0_notAfter(cert))};
    read_names(cert, out->names);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    size_t bytes = (size_t)ASN1_STRING_length(serial);
    if (2 * bytes < sizeof out->serial)
        hex(ASN1_STRING_get0_data(serial), bytes, out->serial);
    CHECK(X509_digest(cert, EVP_sha256(), digest, &len) == 1 && 2 * len == CERT_DIGEST_LEN);
    hex(digest, len, out->fingerprint);
    unsigned char *der = NULL;
    int der_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    CHECK(der_len > 0 && EVP_Digest(der, (size_t)der_len, digest, &len, EVP_sha256(), NULL) == 1);
    OPENSSL_free(der);
    hex(digest, len, out->pin);
    ERR_clear_error();
}

enum cert_state cert_state_at(const struct cert_facts *f, int64_t now_s)
{
    if (now_s < f->from_s)
        return CERT_EARLY;
    if (now_s >= f->until_s)
        return CERT_EXPIRED;
    return now_s >= f->until_s - (int64_t)CERT_SOON_DAYS * DAY_S ? CERT_SOON : CERT_OK;
}

const char *cert_state_name(enum cert_state state)
{
    static const char *const names[] = {"ok", "soon", "expired", "early"};
    return names[state];
}

void cert_date(int64_t s, char out[CERT_DATE_SIZE])
{
    time_t t = (time_t)s;
    struct tm tm;
    strftime(out, CERT_DATE_SIZE, "%Y-%m-%d", gmtime_r(&t, &tm));
}

int64_t cert_days_left(const struct cert_facts *f, int64_t now_s)
{
    int64_t left = f->until_s - now_s;
    return (left - (left < 0 ? DAY_S - 1 : 0)) / DAY_S;
}

bool cert_use(SSL_CTX *ctx, const char *certificate, const char *key, char *error, size_t size)
{
    ERR_clear_error();
    if (!readable(certificate, error, size) || !readable(key, error, size))
        return false;
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
        tell(certificate, "no certificate to be used", error, size);
        return false;
    }
    // It compares the key with the certificate, too, but for one of another kind.
    bool loaded = SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1;
    unsigned long why = ERR_peek_last_error();
    if (!loaded && ERR_GET_REASON(why) != X509_R_KEY_VALUES_MISMATCH) {
        tell(key, "no private key to be used", error, size);
        return false;
    }
    if (!loaded || SSL_CTX_check_private_key(ctx) != 1) {
        snprintf(error, size, "%s: is not the key of the certificate %s", key, certificate);
        ERR_clear_error();
        return false;
    }
    return true;
}

bool cert_digest_parse(const char *text, char out[CERT_DIGEST_LEN + 1])
{
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        if (*p == ':')
            continue;
        if (!isxdigit((unsigned char)*p) || n == CERT_DIGEST_LEN)
            return false;
        out[n++] = (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
    return n == CERT_DIGEST_LEN;
}
