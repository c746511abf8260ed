// SPDX-License-Identifier: Apache-2.0
// The durable form of a room: the vocabulary between the room and whatever store keeps it.
#ifndef SERVER_ROOM_ROOM_RECORD_H
#define SERVER_ROOM_ROOM_RECORD_H

#include "common/base/joincode.h"
#include "server/room/room_state.h"

enum { ROOM_PIN_HASH_MAX = 127 };

struct room_record {
    char id[WIRE_ID_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
    char code[JOINCODE_DIGITS + 1];
    char link[WIRE_TOKEN_MAX + 1];       // visitors'; 128 random bits, base64url
    char guide_link[WIRE_TOKEN_MAX + 1]; // guides'; likewise
    char
        guide_pin[ROOM_PIN_HASH_MAX + 1]; // hash of the PIN that makes guides of visitors; "": none
    house_t created;
    struct room_state state;
};

// A command that took effect, kept so that a retry gets the same answer.
struct room_seen {
    char cmd_id[WIRE_CMD_ID_LEN + 1];
    // Of the command's content: the same id with other content is a conflict. 0: not known, from
    // before an upgrade; then the id alone counts.
    uint64_t hash;
    uint32_t epoch;
    int64_t rev;
    house_t at;    // the instant it takes effect
    int64_t fence; // of the lease, for commands about it; else 0
    house_t when;  // it was accepted
};

// Retries are recognised this long, or for this many commands.
#define ROOM_SEEN_US (INT64_C(24) * 3600 * 1000000)
enum { ROOM_SEEN_MAX = 4096 };

// One change, to be made durable as a whole or not at all. It applies only on top of (prior_epoch,
// prior_rev): a store refuses it with ERR_CONFLICT when the room has moved on, so that after a
// failed change none of those built on it can slip in.
struct room_change {
    char room_id[WIRE_ID_MAX + 1];
    uint32_t prior_epoch;
    int64_t prior_rev;
    struct room_state state;
    // When the room must be awake by itself, in this life of the server or the next.
    bool has_due;
    house_t due;
    house_t now;
    int64_t wall_us; // wall clock at `now`; 0 while it cannot be trusted
    bool has_seen;
    struct room_seen seen;
    char name[WIRE_NAME_MAX + 1]; // the group's from now on; "" when it stays
    char actor[WIRE_NAME_MAX +
               1];     // who: a user's name, a member, or "room" for what happens by itself
    char op[16];       // the command's name, or what happened
    const char *event; // the command as JSON; NULL for what happens by itself
    int64_t lead_us;
};

// Everything needed to wake a room.
struct room_loaded {
    struct room_record record;
    bool has_due; // as the newest change said
    house_t due;
    char *tour_doc; // JSON of state.tour_hash, NULL in MODE_VOID
    size_t tour_doc_len;
    struct room_seen *seen; // oldest first
    int seen_count;
};

// A point in a room's history: the newest change up to it.
struct room_past {
    struct room_state state;
    house_t at;     // the instant asked for; of a revision, that of its change
    char *tour_doc; // of state.tour_hash, NULL in MODE_VOID
    size_t tour_doc_len;
};

// A room that has something due, awake or asleep. Ordered by (due, id).
struct room_due {
    house_t due;
    char id[WIRE_ID_MAX + 1];
};
enum { ROOM_DUE_PAGE = 64 };

// History is kept this long, but no more than so many changes of a room.
#define ROOM_HISTORY_US (INT64_C(30) * 24 * 3600 * 1000000)
enum {
    ROOM_HISTORY_MAX = 10000,
    // What happens by itself follows from the change before it, so old ones are let go first: a
    // short loop would else push a curator's edits out.
    ROOM_HISTORY_NATURAL_MAX = 1000,
};

enum room_key { ROOM_BY_ID, ROOM_BY_CODE, ROOM_BY_LINK, ROOM_BY_GUIDE_LINK };
enum { ROOM_KEYS = 4 };

#endif
