// SPDX-License-Identifier: Apache-2.0
// What a program and the systemd that started it say to each other. All of it is in the environment
// at the start, and all of it is optional: run by hand, nothing is said and nothing is there.
//
//   READY=1, STATUS=..., WATCHDOG=1, STOPPING=1   ──►  $NOTIFY_SOCKET      sd_notify(3)
//   how often signs of life are wanted            ◄──  $WATCHDOG_USEC      sd_watchdog_enabled(3)
//   sockets that are already open                 ◄──  $LISTEN_FDS, from 3 sd_listen_fds(3)
//   secrets as files                              ◄──  $CREDENTIALS_DIRECTORY
//
// The first three are taken out of the environment, so that children are not taken for the program.
// Thread: opened before there are others; then that of its owner.
#ifndef COMMON_BASE_SERVICE_H
#define COMMON_BASE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVICE_SOCKETS_MAX = 16 };

struct service;

// Never NULL.
struct service *service_open(void);
void service_close(struct service *s);

// printf-like, lines of KEY=VALUE, at most 500 bytes. What cannot be sent is lost.
void service_notify(struct service *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// STATUS=, when it is not what was said last.
void service_status(struct service *s, const char *text);
// RELOADING=1 with the instant; to be followed by READY=1.
void service_reloading(struct service *s);
// Within how many us a sign of life is wanted; 0: never.
int64_t service_watchdog_us(const struct service *s);

// A socket that systemd opened, of this type (SOCK_STREAM: it listens) and port: another descriptor
// for it, closed on exec and not blocking, the caller's. The one handed over stays open for the
// next time. -1: there is none.
int service_socket(struct service *s, int type, int port);
// The port of a handed over socket that nobody has asked for, each once; -1: no more.
int service_unused_port(struct service *s);

// The path of a credential that systemd handed over (LoadCredential=). False when there is none.
bool service_credential(const char *name, char *path, size_t size);

#endif
