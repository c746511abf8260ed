// SPDX-License-Identifier: Apache-2.0
// The time exchange over UDP: stamps that nobody on the network can forge. docs/PROTOCOL.md,
// "Time over UDP"; why it is so: docs/decisions/0015-time-over-udp.md.
//
//   question and answer, 76 bytes:  stamp, 36 | i64 t1 | i64 t3 | u64 session | MAC, 16
//
// The stamp is that of stamp.h, a question filled up with zeros: an answer is no longer than what
// was asked, so nobody can be flooded through us. An answer cannot carry when itself it left, but
// when an earlier one did (NTP's interleaved mode): the t1 it answered, and its true t3. The MAC is
// keyed BLAKE2b over all before it, with the session's key:
//
//   shared  = both halves of crypto_kx between the kiosk's device key and the house's key
//   key     = BLAKE2b-256(shared || session)
//
// Only who has one of the two secret halves can make it. The session is a number that the house
// draws for each connection, so nothing of an older one fits. Within a session the caller pairs
// answers by sequence number and t1 (common/clock/exchange.h), and the house takes no t1 twice.
// Pure but for sealed_pair_new(). sodium_init() comes first. Thread: any.
#ifndef COMMON_WIRE_SEALED_H
#define COMMON_WIRE_SEALED_H

#include "common/wire/stamp.h"

enum {
    SEALED_KEY_BYTES = 32, // X25519 keys, and that of a session
    SEALED_BYTES = STAMP_ANSWER_BYTES + 16 + 8 + 16,
    SEALED_KEY_TEXT = 44, // base64url without padding, and its NUL
};

// An X25519 key and its public half.
struct sealed_pair {
    uint8_t public_key[SEALED_KEY_BYTES];
    uint8_t secret_key[SEALED_KEY_BYTES];
};

struct sealed_session {
    uint64_t id; // never 0
    uint8_t key[SEALED_KEY_BYTES];
};

// When an earlier answer left.
struct sealed_left {
    int64_t t1_ns;       // of the question it answered
    int64_t t3_house_ns; // 0: nothing is said
};

void sealed_pair_new(struct sealed_pair *out);
// From its secret half. False for one that is no key (all zeros).
bool sealed_pair_from_secret(const uint8_t secret[SEALED_KEY_BYTES], struct sealed_pair *out);

void sealed_key_text(const uint8_t key[SEALED_KEY_BYTES], char out[SEALED_KEY_TEXT]);
bool sealed_key_from_text(const char *text, uint8_t out[SEALED_KEY_BYTES]);

// The session as either side makes it. False for a public key that is none.
bool sealed_session_kiosk(struct sealed_session *out, const struct sealed_pair *device,
                          const uint8_t house_public[SEALED_KEY_BYTES], uint64_t id);
bool sealed_session_house(struct sealed_session *out, const struct sealed_pair *house,
                          const uint8_t device_public[SEALED_KEY_BYTES], uint64_t id);

// Which session a datagram says it is of, before anything of it is believed; 0 when it has not the
// right length.
uint64_t sealed_id(const uint8_t *data, size_t len);

// The `get` functions are false for what was not sealed with this session's key, or is not of the
// kind that is asked for.
void sealed_put_question(const struct sealed_session *s, const struct stamp_question *q,
                         uint8_t out[SEALED_BYTES]);
bool sealed_get_question(const struct sealed_session *s, const uint8_t *data, size_t len,
                         struct stamp_question *out);
void sealed_put_answer(const struct sealed_session *s, const struct stamp_answer *a,
                       const struct sealed_left *left, uint8_t out[SEALED_BYTES]);
bool sealed_get_answer(const struct sealed_session *s, const uint8_t *data, size_t len,
                       struct stamp_answer *out, struct sealed_left *left);

#endif
