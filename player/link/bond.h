// SPDX-License-Identifier: Apache-2.0
// Whom a kiosk obeys: the house it is pinned to, or while it is pinned to none, any that shows that
// it holds the key it names (common/wire/adopt.h). A kiosk that was told both an address and a
// group by its own settings obeys whoever is there, as a person has chosen it.
// Pure but for random numbers. One connection at a time.
#ifndef PLAYER_LINK_BOND_H
#define PLAYER_LINK_BOND_H

#include "common/wire/adopt.h"

enum bond_answer {
    BOND_GOOD,
    BOND_STRANGER, // another house than the one this kiosk belongs to
    BOND_FORGED,   // it does not hold the key it names
};

struct bond {
    bool wanted;                  // nobody is obeyed who has not shown their key
    char house[WIRE_KEY_LEN + 1]; // of the house; "": none yet
    bool shown;                   // on this connection
    char key[WIRE_KEY_LEN + 1];   // that was shown
    char nonce[WIRE_NONCE_LEN + 1];
};

// A new connection.
void bond_open(struct bond *b);
// Draws the nonce of the next hello.
void bond_hello(struct bond *b);
// Looks at what the house shows; BOND_GOOD fills the answer to it.
enum bond_answer bond_prove(struct bond *b, const struct sealed_pair *device,
                            const struct wire_prove *m, struct wire_proof *answer);
// May a message of this kind count now?
bool bond_obeys(const struct bond *b, enum wire_type type);

#endif
