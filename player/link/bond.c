// SPDX-License-Identifier: Apache-2.0
#include "player/link/bond.h"

#include <sodium.h>
#include <string.h>

void bond_open(struct bond *b)
{
    b->shown = false;
    b->nonce[0] = '\0';
}

void bond_hello(struct bond *b)
{
    unsigned char nonce[WIRE_NONCE_LEN / 2];
    randombytes_buf(nonce, sizeof nonce);
    sodium_bin2hex(b->nonce, sizeof b->nonce, nonce, sizeof nonce);
}

enum bond_answer bond_prove(struct bond *b, const struct sealed_pair *device,
                            const struct wire_prove *m, struct wire_proof *answer)
{
    uint8_t key[SEALED_KEY_BYTES];
    struct sealed_session s;
    if (b->wanted && b->house[0] && strcmp(b->house, m->key) != 0)
        return BOND_STRANGER;
    if (!b->nonce[0] || !sealed_key_from_text(m->key, key) ||
        !sealed_session_kiosk(&s, device, key, m->id))
        return BOND_FORGED;
    bool good = proof_good(&s, PROOF_OF_HOUSE, b->nonce, m->mac);
    if (good) {
        proof_make(&s, PROOF_OF_KIOSK, b->nonce, answer->mac);
        memcpy(b->key, m->key, sizeof b->key);
        b->shown = true;
    }
    b->nonce[0] = '\0'; // looked at once
    sodium_memzero(&s, sizeof s);
    return good ? BOND_GOOD : BOND_FORGED;
}

bool bond_obeys(const struct bond *b, enum wire_type type)
{
    return !b->wanted || b->shown || type == WIRE_PROVE || type == WIRE_ERROR || type == WIRE_BYE;
}
