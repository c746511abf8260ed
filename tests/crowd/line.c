// SPDX-License-Identifier: Apache-2.0
#include "tests/crowd/line.h"

#include "common/base/check.h"

#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_CTX *tls;

// Copies are kept and shown: of a line that breaks off, the library makes the session one that
// cannot be resumed, which a browser does not.
static int keep(SSL *ssl, SSL_SESSION *ticket)
{
    struct line *l = SSL_get_app_data(ssl);
    SSL_SESSION_free(l->ticket);
    l->ticket = SSL_SESSION_dup(ticket);
    return 0;
}

void line_use_tls(bool tickets)
{
    tls = check_alloc(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL); // the server's work is looked at, not ours
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    signal(SIGPIPE, SIG_IGN); // it writes without MSG_NOSIGNAL
    if (!tickets)
        return;
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, keep);
}

bool line_is_tls(void)
{
    return tls != NULL;
}

static bool begin(struct line *l)
{
    l->ssl = check_alloc(SSL_new(tls));
    SSL_set_app_data(l->ssl, l);
    SSL_SESSION *copy = l->ticket ? SSL_SESSION_dup(l->ticket) : NULL;
    if (copy)
        SSL_set_session(l->ssl, copy);
    SSL_SESSION_free(copy);
    SSL_set_connect_state(l->ssl);
    return SSL_set_fd(l->ssl, l->fd) == 1;
}

bool line_shake(struct line *l, bool *done, uint32_t *events)
{
    *done = !tls;
    if (!tls)
        return true;
    if (!l->ssl && !begin(l))
        return false;
    ERR_clear_error();
    int n = SSL_do_handshake(l->ssl), why = SSL_get_error(l->ssl, n);
    *done = n == 1;
    *events = why == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN;
    return n == 1 || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

bool line_resumed(const struct line *l)
{
    return l->ssl && SSL_session_reused(l->ssl);
}

ssize_t line_read(struct line *l, void *data, size_t size)
{
    if (!l->ssl)
        return recv(l->fd, data, size, 0);
    ERR_clear_error();
    int n = SSL_read(l->ssl, data, (int)size);
    if (n > 0)
        return n;
    errno = SSL_get_error(l->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : ECONNRESET;
    return -1;
}

bool line_write(struct line *l, const void *data, size_t len)
{
    if (!l->ssl)
        return send(l->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
    ERR_clear_error();
    return SSL_write(l->ssl, data, (int)len) == (int)len;
}

void line_close(struct line *l)
{
    SSL_free(l->ssl);
    l->ssl = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
