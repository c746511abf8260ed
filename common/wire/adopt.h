// SPDX-License-Identifier: Apache-2.0
// How a kiosk and a house show each other that they hold the keys they name, before either obeys or
// lists the other (docs/PROTOCOL.md, "Showing the key"); and the messages of it, for wire.c.
//
//   kiosk ── hello: device key, nonce ──► house
//         ◄── prove: house key, session, MAC over the nonce ──
//         ── proof: MAC over the nonce ──►
//
// Both MACs are keyed with the session's key (common/wire/sealed.h), which takes a secret half of
// one of the two keys to know. The nonce is the kiosk's and the session's number the house's, so
// neither can be played what was said another time. Thread: any.
#ifndef COMMON_WIRE_ADOPT_H
#define COMMON_WIRE_ADOPT_H

#include "common/wire/json.h"
#include "common/wire/sealed.h"
#include "common/wire/wire.h"

enum proof_side { PROOF_OF_HOUSE, PROOF_OF_KIOSK };

// `nonce`: as in the kiosk's hello.
void proof_make(const struct sealed_session *s, enum proof_side side, const char *nonce,
                char out[WIRE_MAC_LEN + 1]);
bool proof_good(const struct sealed_session *s, enum proof_side side, const char *nonce,
                const char *mac);

// The id of a house's or a kiosk's key: the first 64 bits of its BLAKE2b-256 in hex. Short enough
// to be compared by a person, long enough that no two meet by chance. False for what is no key.
bool key_id(const char *key, char id[WIRE_KIOSK_LEN + 1]);

void prove_decode(struct json_reader *r, struct wire_prove *m);
void prove_encode(json_t *j, const struct wire_prove *m);
void proof_decode(struct json_reader *r, struct wire_proof *m);
void proof_encode(json_t *j, const struct wire_proof *m);

#endif
