// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/wire/adopt.h"

#include <string.h>

#define NONCE "00112233445566778899aabbccddeeff"

static struct sealed_pair device, house;
static struct sealed_session kiosk_side, house_side, later;
static char mac[WIRE_MAC_LEN + 1];

static int make(void **state)
{
    sealed_pair_new(&device);
    sealed_pair_new(&house);
    return sealed_session_kiosk(&kiosk_side, &device, house.public_key, 42) &&
                   sealed_session_house(&house_side, &house, device.public_key, 42) &&
                   sealed_session_house(&later, &house, device.public_key, 43)
               ? 0
               : -1;
}

static void each_side_believes_the_other(void **state)
{
    proof_make(&house_side, PROOF_OF_HOUSE, NONCE, mac);
    assert_true(proof_good(&kiosk_side, PROOF_OF_HOUSE, NONCE, mac));
    proof_make(&kiosk_side, PROOF_OF_KIOSK, NONCE, mac);
    assert_true(proof_good(&house_side, PROOF_OF_KIOSK, NONCE, mac));
}

static void what_was_said_once_proves_nothing_else(void **state)
{
    proof_make(&house_side, PROOF_OF_HOUSE, NONCE, mac);
    assert_false(proof_good(&house_side, PROOF_OF_KIOSK, NONCE, mac)); // sent back
    assert_false(proof_good(&kiosk_side, PROOF_OF_HOUSE, "f0112233445566778899aabbccddeeff", mac));
    assert_false(proof_good(&later, PROOF_OF_HOUSE, NONCE, mac)); // in another exchange
    mac[0] = mac[0] == 'a' ? 'b' : 'a';
    assert_false(proof_good(&kiosk_side, PROOF_OF_HOUSE, NONCE, mac));
    assert_false(proof_good(&kiosk_side, PROOF_OF_HOUSE, NONCE, ""));
}

static void nobody_else_can_say_it(void **state)
{
    struct sealed_pair rogue;
    struct sealed_session s;
    sealed_pair_new(&rogue);
    assert_true(sealed_session_house(&s, &rogue, device.public_key, 42));
    proof_make(&s, PROOF_OF_HOUSE, NONCE, mac);
    assert_false(proof_good(&kiosk_side, PROOF_OF_HOUSE, NONCE, mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_believes_the_other),
        cmocka_unit_test(what_was_said_once_proves_nothing_else),
        cmocka_unit_test(nobody_else_can_say_it),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
