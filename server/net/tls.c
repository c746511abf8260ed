// SPDX-License-Identifier: Apache-2.0
#include "server/net/tls.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    // Renewals write two files: they count when they were the same at two looks.
    LOOK_MS = 2000,
    LOOKS_A_DAY = 24 * 60 * 60 / (LOOK_MS / 1000),
    PATH_SIZE = 1024,
};

// Forward secrecy whatever is chosen; no cipher that wants to be used carefully.
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// Which file it was, and of when.
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct stamps {
    struct stamp certificate, key;
};

struct paths {
    char certificate[PATH_SIZE], key[PATH_SIZE];
};

struct tls {
    const struct settings *settings;
    struct paths paths; // as the settings said at the last try
    const struct house_anchor *anchor;
    SSL_CTX *listening; // of libwebsockets
    SSL_CTX *pair;      // serves nobody: it holds the chain and the key that are in force
    struct cert_facts facts;
    struct stamps tried, seen; // when they were last read; when they were last looked at
    uv_timer_t timer;
    int looks; // until the day is over
};

// A bare name is a credential that systemd hands over, everything else a path.
static bool find(const char *what, const char *name, char out[PATH_SIZE], char *error, size_t size)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    bool bare = strchr(name, '/') == NULL;
    if (bare && !credentials) {
        snprintf(error, size,
                 "%s: '%s' is not a path, and as a credential of systemd it needs LoadCredential=",
                 what, name);
        return false;
    }
    int n = bare ? snprintf(out, PATH_SIZE, "%s/%s", credentials, name)
                 : snprintf(out, PATH_SIZE, "%s", name);
    if (n >= PATH_SIZE)
        snprintf(error, size, "%s: the path is too long", what);
    return n < PATH_SIZE;
}

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct stamp){0};
    return (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static struct stamps look(const struct tls *t)
{
    return (struct stamps){stamp_of(t->paths.certificate), stamp_of(t->paths.key)};
}

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool same(const struct stamps *a, const struct stamps *b)
{
    return same_stamp(&a->certificate, &b->certificate) && same_stamp(&a->key, &b->key);
}

static void warn_of_readers(const char *key)
{
    struct stat st;
    if (stat(key, &st) == 0 && (st.st_mode & S_IRWXO))
        log_warn("tls", "%s: everybody on this machine may read the key; chmod 0600 it", key);
}

// All or nothing: what was in force stays when it fails.
static bool load(struct tls *t, char *error, size_t size)
{
    struct paths p;
    if (!find("certificate", t->settings->tls_certificate, p.certificate, error, size) ||
        !find("key", t->settings->tls_key, p.key, error, size))
        return false;
    t->paths = p;
    t->tried = look(t);
    SSL_CTX *pair = check_alloc(SSL_CTX_new(TLS_server_method()));
    if (!cert_use(pair, p.certificate, p.key, error, size)) {
        SSL_CTX_free(pair);
        return false;
    }
    SSL_CTX_free(t->pair);
    t->pair = pair;
    cert_facts_of(SSL_CTX_get0_certificate(pair), &t->facts);
    warn_of_readers(p.key);
    return true;
}

// Called in each handshake, before a certificate is needed.
static int choose(SSL *ssl, void *user)
{
    const struct tls *t = user;
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(t->pair, &chain);
    // Away with one of another kind of key, which would be offered beside.
    SSL_certs_clear(ssl);
    return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(t->pair),
                                SSL_CTX_get0_privatekey(t->pair), chain, 1);
}

// Sessions are resumed by tickets that clients keep: nothing is stored here. Their keys live for a
// day, so that one of them opens one day's tickets at most.
static void new_ticket_keys(struct tls *t)
{
    unsigned char keys[128];
    long len = SSL_CTX_get_tlsext_ticket_keys(t->listening, NULL, 0);
    CHECK(len > 0 && len <= (long)sizeof keys);
    randombytes_buf(keys, (size_t)len);
    CHECK(SSL_CTX_set_tlsext_ticket_keys(t->listening, keys, len) == 1);
    sodium_memzero(keys, sizeof keys);
}

void tls_setup(struct tls *t, SSL_CTX *ctx)
{
    t->listening = ctx;
    CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(ctx, ciphers) == 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // An idle socket keeps no buffers of 16 KiB each way.
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx,
                            1); // each costs a tenth of a handshake; browsers need one a connection
    SSL_CTX_set_cert_cb(ctx, choose, t);
    new_ticket_keys(t);
}

bool tls_check(const struct settings *s, char *error, size_t size)
{
    struct house_anchor none = {0};
    if (!s->tls_listen[0]) {
        bool alone = s->tls_certificate[0] || s->tls_key[0] || s->tls_redirect;
        if (alone)
            snprintf(error, size, "[tls] listen: missing, so nothing is served over TLS");
        return !alone;
    }
    if (s->tls_redirect && strncmp(s->join_url, "http://", 7) == 0) {
        snprintf(error, size, "join_url: begins with http:// although redirect leads to https");
        return false;
    }
    // By hand there are no credentials to be looked at.
    bool handed = strchr(s->tls_certificate, '/') == NULL || strchr(s->tls_key, '/') == NULL;
    if (s->tls_certificate[0] && s->tls_key[0] && handed && !getenv("CREDENTIALS_DIRECTORY"))
        return true;
    struct tls *t = tls_open(s, &none, error, size);
    tls_free(t);
    return t != NULL;
}

struct tls *tls_open(const struct settings *s, const struct house_anchor *anchor, char *error,
                     size_t size)
{
    struct tls *t = check_alloc(calloc(1, sizeof *t));
    t->settings = s;
    t->anchor = anchor;
    if (!s->tls_certificate[0] || !s->tls_key[0]) {
        snprintf(error, size, "[tls] %s: missing; 'roomtonectl certificate make' makes one",
                 s->tls_key[0] ? "certificate" : "key");
    } else if (load(t, error, size)) {
        return t;
    }
    tls_free(t);
    return NULL;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->pair);
    free(t);
}

bool tls_reload(struct tls *t)
{
    char error[400], until[CERT_DATE_SIZE], before[sizeof t->facts.serial];
    memcpy(before, t->facts.serial, sizeof before);
    if (!load(t, error, sizeof error)) {
        log_warn("tls", "the old certificate stays: %s", error);
        return false;
    }
    if (strcmp(before, t->facts.serial) != 0) {
        cert_date(t->facts.until_s, until);
        log_info("tls", "a new certificate for %s, until %s", t->facts.names, until);
    }
    return true;
}

// 0: nobody knows.
static int64_t wall_s(const struct tls *t)
{
    return house_wall_us(t->anchor, house_at(t->anchor, house_raw_now())) / 1000000;
}

bool tls_worries(const struct tls *t)
{
    int64_t now = wall_s(t);
    return now && cert_state_at(&t->facts, now) != CERT_OK;
}

static void warn_of_the_end(const struct tls *t)
{
    char from[CERT_DATE_SIZE], until[CERT_DATE_SIZE];
    int64_t now = wall_s(t), days = cert_days_left(&t->facts, now);
    if (!now)
        return;
    cert_date(t->facts.from_s, from);
    cert_date(t->facts.until_s, until);
    switch (cert_state_at(&t->facts, now)) {
    case CERT_OK:
        break;
    case CERT_SOON:
        log_warn("tls", "the certificate for %s ends in %lld days, on %s", t->facts.names,
                 (long long)days, until);
        break;
    case CERT_EXPIRED:
        log_error("tls", "the certificate for %s ended on %s: browsers refuse it", t->facts.names,
                  until);
        break;
    case CERT_EARLY:
        log_error("tls", "the certificate for %s begins on %s: is the clock right?", t->facts.names,
                  from);
        break;
    }
}

static void on_look(uv_timer_t *h)
{
    struct tls *t = h->data;
    struct stamps now = look(t);
    bool settled = same(&now, &t->seen);
    t->seen = now;
    if (settled && !same(&now, &t->tried))
        tls_reload(t);
    if (--t->looks > 0)
        return;
    t->looks = LOOKS_A_DAY;
    warn_of_the_end(t);
    new_ticket_keys(t);
}

void tls_watch(struct tls *t, uv_loop_t *loop)
{
    t->seen = t->tried;
    t->looks = LOOKS_A_DAY;
    warn_of_the_end(t);
    uv_timer_init(loop, &t->timer);
    t->timer.data = t;
    uv_timer_start(&t->timer, on_look, LOOK_MS, LOOK_MS);
}

void tls_unwatch(struct tls *t)
{
    uv_close((uv_handle_t *)&t->timer, NULL);
}

const struct cert_facts *tls_facts(const struct tls *t)
{
    return &t->facts;
}

json_t *tls_json(const struct tls *t)
{
    int64_t now = wall_s(t);
    json_t *j = json_pack("{s:I,s:s}", "until", (json_int_t)t->facts.until_s * 1000000, "state",
                          now ? cert_state_name(cert_state_at(&t->facts, now)) : "unknown");
    if (now)
        json_object_set_new(j, "days_left", json_integer(cert_days_left(&t->facts, now)));
    return j;
}
