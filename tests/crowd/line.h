// SPDX-License-Identifier: Apache-2.0
// A phone's line to the server: a socket that does not block, with TLS over it or without. As
// browsers do, a phone keeps the newest ticket of its last line and shows it on the next.
#ifndef TESTS_CROWD_LINE_H
#define TESTS_CROWD_LINE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct line {
    int fd; // < 0: closed
    SSL *ssl;
    SSL_SESSION *ticket; // NULL: none yet
};

// All lines speak TLS from now on. `tickets`: false for those that never resume.
void line_use_tls(bool tickets);
bool line_is_tls(void);

// The socket is connected: what TLS needs before others may speak. False: the line is lost. Once it
// is done, *done; else it wants `*events` of epoll.
bool line_shake(struct line *l, bool *done, uint32_t *events);
// Whether the handshake that is done went by a ticket.
bool line_resumed(const struct line *l);
// As recv(): 0 or less than 0 with errno, EAGAIN when there is nothing. TLS may hold more than the
// kernel says: read until then.
ssize_t line_read(struct line *l, void *data, size_t size);
// All or nothing: what a phone says is short.
bool line_write(struct line *l, const void *data, size_t len);
// Without a goodbye: the line is cut.
void line_close(struct line *l);

#endif
