// SPDX-License-Identifier: Apache-2.0
// The commands a room has seen: the newest ROOM_SEEN_MAX, found by id in constant time.
// Nothing is allocated before the first one, so that a room nobody commands stays small.
#ifndef SERVER_ROOM_SEEN_H
#define SERVER_ROOM_SEEN_H

#include "server/room/room_record.h"

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *s);
// Forgets the oldest when full. An id that is in it already is replaced.
void seen_add(struct seen *s, const struct room_seen *one);
// NULL when unknown or older than ROOM_SEEN_US; valid until the next seen_add().
const struct room_seen *seen_find(const struct seen *s, const char *cmd_id, house_t now);

// Hash of what a command asks for (FNV-1a over its text without cmd_id).
uint64_t seen_hash(const char *text, size_t len);

#endif
