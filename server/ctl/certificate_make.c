// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/certificate.h"

#include "common/base/check.h"
#include "common/tls/cert.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CA_DAYS = 3650,
    DAY_S = 24 * 60 * 60,
    PATH_SIZE = 1024,
    SERIAL_BITS = 127, // unguessable, positive
};

// A clock before this (2026-01-01) was never set, and would date the certificate wrongly.
static const time_t clock_floor = 1767225600;

// Long enough for a list of CERTIFICATE_NAMES_MAX names, each with its kind.
enum { ALTERNATIVES_SIZE = CERTIFICATE_NAMES_MAX * (CERTIFICATE_NAME_LEN + 8) };

static bool is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static bool is_host_name(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-.", *p))
            return false;
    }
    return name[0] && name[0] != '.' && name[0] != '-';
}

// One that is there already is not added again. False when there is no room.
static bool add_name(struct certificate_order *o, const char *name)
{
    for (int i = 0; i < o->count; i++) {
        if (strcasecmp(o->names[i], name) == 0)
            return true;
    }
    if (o->count == CERTIFICATE_NAMES_MAX || strlen(name) > CERTIFICATE_NAME_LEN)
        return false;
    snprintf(o->names[o->count++], sizeof o->names[0], "%s", name);
    return true;
}

bool certificate_add_names(struct certificate_order *o, const char *list, char *bad, size_t size)
{
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ", ");
        snprintf(bad, size, "%.*s", (int)len, p);
        if (len > 0 &&
            (len >= size || !(is_address(bad) || is_host_name(bad)) || !add_name(o, bad)))
            return false;
        p += len;
        p += strspn(p, ", ");
    }
    return true;
}

// An address that others can reach this machine by; link-local ones need an interface beside them.
static bool address_text(const struct sockaddr *a, char out[INET6_ADDRSTRLEN])
{
    if (a && a->sa_family == AF_INET)
        return inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, out,
                         INET6_ADDRSTRLEN) != NULL;
    if (!a || a->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    return !IN6_IS_ADDR_LINKLOCAL(v6) && inet_ntop(AF_INET6, v6, out, INET6_ADDRSTRLEN) != NULL;
}

void certificate_own_names(struct certificate_order *o)
{
    char host[CERTIFICATE_NAME_LEN - 10] = "", local[CERTIFICATE_NAME_LEN + 1];
    if (gethostname(host, sizeof host - 1) == 0 && is_host_name(host)) {
        add_name(o, host);
        snprintf(local, sizeof local, "%.*s.local", (int)strcspn(host, "."), host);
        add_name(o, local);
    }
    add_name(o, "localhost");
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (address_text(i->ifa_addr, text))
            add_name(o, text);
    }
    freeifaddrs(all);
}

static bool fail(char *error, size_t size, const char *path, const char *why)
{
    snprintf(error, size, "%s: %s", path, why);
    ERR_clear_error();
    return false;
}

// Written beside its place and renamed into it, so that a server never reads half a file. Who owns
// the folder owns the file.
static bool write_file(const char *dir, const char *name, mode_t mode, BIO *content, char *error,
                       size_t size)
{
    char path[PATH_SIZE], part[PATH_SIZE + 8];
    char *data;
    struct stat folder;
    long len = BIO_get_mem_data(content, &data);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(part, sizeof part, "%s.part", path);
    unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    bool ok = fd >= 0 && fchmod(fd, mode) == 0 && write(fd, data, (size_t)len) == len;
    if (ok && geteuid() == 0 && stat(dir, &folder) == 0)
        ok = fchown(fd, folder.st_uid, folder.st_gid) == 0;
    ok = ok && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (ok && rename(part, path) == 0)
        return true;
    why = ok ? errno : why;
    unlink(part);
    return fail(error, size, path, strerror(why));
}

static bool write_key(const char *dir, const char *name, EVP_PKEY *key, char *error, size_t size)
{
    BIO *out = check_alloc(BIO_new(BIO_s_mem()));
    bool ok = PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              write_file(dir, name, 0600, out, error, size);
    BIO_free(out);
    return ok;
}

static bool write_certificates(const char *dir, const char *name, X509 *first, X509 *second,
                               char *error, size_t size)
{
    BIO *out = check_alloc(BIO_new(BIO_s_mem()));
    bool ok = PEM_write_bio_X509(out, first) == 1 &&
              (!second || PEM_write_bio_X509(out, second) == 1) &&
              write_file(dir, name, 0644, out, error, size);
    BIO_free(out);
    return ok;
}

// The key of a file, or a new one that is written there. NULL with `error` filled.
static EVP_PKEY *own_key(const char *dir, const char *name, char *error, size_t size)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f && errno != ENOENT) {
        fail(error, size, path, strerror(errno));
        return NULL;
    }
    EVP_PKEY *key;
    if (f) {
        key = PEM_read_PrivateKey(f, NULL, NULL, (void *)"");
        fclose(f);
        if (!key)
            fail(error, size, path, "holds no private key in PEM");
        return key;
    }
    key = EVP_EC_gen("P-256");
    if (key && write_key(dir, name, key, error, size))
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(e && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

// Begins a day ago: clocks of phones are not all right.
static X509 *begin(const char *name, EVP_PKEY *key, int days)
{
    X509 *cert = check_alloc(X509_new());
    BIGNUM *serial = check_alloc(BN_new());
    X509_NAME *subject = X509_get_subject_name(cert);
    CHECK(X509_set_version(cert, X509_VERSION_3) == 1 &&
          BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
          BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) &&
          X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
          X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) &&
          X509_set_pubkey(cert, key) == 1 &&
          // 64 bytes are what a common name holds; the names that count are elsewhere.
          X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
                                     (int)strnlen(name, 64), -1, 0) == 1);
    BN_free(serial);
    return cert;
}

static X509 *make_ca(const char *name, EVP_PKEY *key)
{
    char title[CERTIFICATE_NAME_LEN + 10];
    snprintf(title, sizeof title, "Roomtone %s", name);
    X509 *ca = begin(title, key, CA_DAYS);
    X509_set_issuer_name(ca, X509_get_subject_name(ca));
    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(ca, ca, NID_subject_key_identifier, "hash");
    CHECK(X509_sign(ca, key, EVP_sha256()) > 0);
    return ca;
}

static void alternatives(const struct certificate_order *o, char out[ALTERNATIVES_SIZE])
{
    size_t n = 0;
    for (int i = 0; i < o->count; i++)
        n += (size_t)snprintf(out + n, ALTERNATIVES_SIZE - n, "%s%s:%s", i ? "," : "",
                              is_address(o->names[i]) ? "IP" : "DNS", o->names[i]);
}

static X509 *make_leaf(const struct certificate_order *o, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
    char names[ALTERNATIVES_SIZE];
    alternatives(o, names);
    X509 *leaf = begin(o->names[0], key, o->days);
    // What outlives its authority is refused.
    if (ASN1_TIME_compare(X509_get0_notAfter(leaf), X509_get0_notAfter(ca)) > 0)
        X509_set1_notAfter(leaf, X509_get0_notAfter(ca));
    X509_set_issuer_name(leaf, X509_get_subject_name(ca));
    extend(leaf, ca, NID_basic_constraints, "critical,CA:FALSE");
    extend(leaf, ca, NID_key_usage, "critical,digitalSignature");
    extend(leaf, ca, NID_ext_key_usage, "serverAuth");
    extend(leaf, ca, NID_subject_alt_name, names);
    extend(leaf, ca, NID_subject_key_identifier, "hash");
    extend(leaf, ca, NID_authority_key_identifier, "keyid");
    CHECK(X509_sign(leaf, ca_key, EVP_sha256()) > 0);
    return leaf;
}

// The authority that is there, if it is this key's and holds for a while; or a new one.
static X509 *own_ca(const struct certificate_order *o, EVP_PKEY *key, char *error, size_t size)
{
    char path[PATH_SIZE];
    struct cert_facts facts;
    snprintf(path, sizeof path, "%s/ca.crt", o->dir);
    X509 *ca;
    if (access(path, F_OK) != 0) {
        ca = make_ca(o->names[0], key);
        if (write_certificates(o->dir, "ca.crt", ca, NULL, error, size))
            return ca;
    } else if ((ca = cert_read(path, error, size))) {
        cert_facts_of(ca, &facts);
        if (X509_check_private_key(ca, key) != 1)
            fail(error, size, path, "is not the certificate of ca.key");
        else if (cert_state_at(&facts, time(NULL)) != CERT_OK)
            fail(error, size, path,
                 "ends soon or is over; move the folder away to begin with a new authority");
        else
            return ca;
    }
    X509_free(ca);
    return NULL;
}

bool certificate_make_files(const struct certificate_order *o, char *error, size_t size)
{
    char path[PATH_SIZE];
    if (strlen(o->dir) + sizeof "/server.crt" > sizeof path)
        return fail(error, size, o->dir, "too long");
    if (time(NULL) < clock_floor)
        return fail(error, size, "this machine's clock",
                    "it was never set; a certificate has dates");
    if (mkdir(o->dir, 0755) != 0 && errno != EEXIST)
        return fail(error, size, o->dir, strerror(errno));
    snprintf(path, sizeof path, "%s/server.crt", o->dir);
    if (!o->force && access(path, F_OK) == 0)
        return fail(error, size, path,
                    "is there already; --force makes a new one, with the same keys");
    EVP_PKEY *ca_key = own_key(o->dir, "ca.key", error, size);
    X509 *ca = ca_key ? own_ca(o, ca_key, error, size) : NULL;
    EVP_PKEY *key = ca ? own_key(o->dir, "server.key", error, size) : NULL;
    X509 *leaf = key ? make_leaf(o, key, ca, ca_key) : NULL;
    bool ok = leaf && write_certificates(o->dir, "server.crt", leaf, ca, error, size);
    X509_free(leaf);
    EVP_PKEY_free(key);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return ok;
}
