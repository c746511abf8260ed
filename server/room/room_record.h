// SPDX-License-Identifier: Apache-2.0
// The durable form of a room: the vocabulary between the room and whatever store keeps it.
#ifndef SERVER_ROOM_ROOM_RECORD_H
#define SERVER_ROOM_ROOM_RECORD_H

#include "common/base/joincode.h"
#include "server/room/room_state.h"

struct room_record {
    char id[WIRE_ID_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
    char code[JOINCODE_DIGITS + 1];
    char link[WIRE_TOKEN_MAX + 1]; // 128 random bits, base64url
    house_t created;
    struct room_state state;
};

// A command that took effect, kept so that a retry gets the same answer.
struct room_seen {
    char cmd_id[WIRE_CMD_ID_LEN + 1];
    uint64_t hash; // of the command's content: the same id with other content is a conflict
    uint32_t epoch;
    int64_t rev;
    house_t at; // the instant it took effect
};

// Retries are recognised this long, or for this many commands.
#define ROOM_SEEN_US (INT64_C(24) * 3600 * 1000000)
enum { ROOM_SEEN_MAX = 4096 };

// One change, to be made durable as a whole or not at all. It applies only on top of
// (state.epoch, prior_rev): a store refuses it with ERR_CONFLICT when the room has moved on, so
// that after a failed change none of those built on it can slip in.
struct room_change {
    char room_id[WIRE_ID_MAX + 1];
    int64_t prior_rev;
    struct room_state state;
    bool has_due;
    house_t due; // when the room must be awake by itself
    house_t now;
    bool has_seen;
    struct room_seen seen;
    char actor[WIRE_ID_MAX + 1]; // who: a user's name, or "room" for what happens by itself
    char op[16];
};

// Everything needed to wake a room.
struct room_loaded {
    struct room_record record;
    char *tour_doc; // JSON of state.tour_hash, NULL in MODE_VOID
    size_t tour_doc_len;
    struct room_seen *seen; // oldest first
    int seen_count;
};

enum room_key { ROOM_BY_ID, ROOM_BY_CODE, ROOM_BY_LINK };

#endif
