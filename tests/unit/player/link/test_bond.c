// SPDX-License-Identifier: Apache-2.0
// Whom a kiosk obeys, and what it keeps of its house.
#include "tests/unit/unit.h"

#include "player/link/bond.h"
#include "player/link/house_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char dir[40], path[60], aside[80];
static struct sealed_pair device, house;
static struct bond bond;
static struct wire_proof answer;

static struct wire_prove shown_by(const struct sealed_pair *pair)
{
    struct sealed_session s;
    struct wire_prove m = {.id = 42};
    assert_true(sealed_session_house(&s, pair, device.public_key, m.id));
    sealed_key_text(pair->public_key, m.key);
    proof_make(&s, PROOF_OF_HOUSE, bond.nonce, m.mac);
    return m;
}

static int begin(void **state)
{
    sealed_pair_new(&device);
    sealed_pair_new(&house);
    bond = (struct bond){.wanted = true};
    bond_open(&bond);
    bond_hello(&bond);
    return 0;
}

static void nobody_is_obeyed_before_the_key_is_shown(void **state)
{
    static const enum wire_type orders[] = {WIRE_WELCOME, WIRE_STATE,    WIRE_ZONE,
                                            WIRE_NEW,     WIRE_IDENTIFY, WIRE_TONE};
    for (int i = 0; i < 6; i++)
        assert_false(bond_obeys(&bond, orders[i]));
    assert_true(bond_obeys(&bond, WIRE_PROVE) && bond_obeys(&bond, WIRE_ERROR));
    struct wire_prove m = shown_by(&house);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_GOOD);
    for (int i = 0; i < 6; i++)
        assert_true(bond_obeys(&bond, orders[i]));
    bond_open(&bond); // a new connection may be to anybody
    assert_false(bond_obeys(&bond, WIRE_STATE));
}

static void the_answer_shows_the_kiosks_key(void **state)
{
    struct sealed_session s;
    struct wire_prove m = shown_by(&house);
    char nonce[WIRE_NONCE_LEN + 1];
    memcpy(nonce, bond.nonce, sizeof nonce);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_GOOD);
    assert_true(sealed_session_house(&s, &house, device.public_key, m.id));
    assert_true(proof_good(&s, PROOF_OF_KIOSK, nonce, answer.mac));
}

static void another_house_is_a_stranger(void **state)
{
    struct wire_prove m = shown_by(&house);
    sealed_key_text(device.public_key, bond.house); // some other key
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_STRANGER);
    assert_false(bond.shown);
    memcpy(bond.house, m.key, sizeof bond.house);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_GOOD);
}

static void a_name_alone_is_not_believed(void **state)
{
    struct sealed_pair rogue;
    sealed_pair_new(&rogue);
    struct wire_prove m = shown_by(&rogue);
    sealed_key_text(house.public_key, m.key);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_FORGED);
    // Nor what was shown before, for another hello.
    bond_hello(&bond);
    m = shown_by(&house);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_GOOD);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_FORGED);
    bond_hello(&bond);
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_FORGED);
    memset(m.key, 'A', WIRE_KEY_LEN); // zeros: no key
    assert_int_equal(bond_prove(&bond, &device, &m, &answer), BOND_FORGED);
}

static void the_house_is_kept_and_forgotten(void **state)
{
    struct house_pin pin = {.host = "192.168.4.1", .port = 8080}, none = {.key = ""};
    sealed_key_text(house.public_key, pin.key);
    assert_string_equal(house_file_read(path).key, "");
    house_file_write(path, &pin);
    struct house_pin got = house_file_read(path);
    assert_string_equal(got.key, pin.key);
    assert_string_equal(got.host, pin.host);
    assert_int_equal(got.port, 8080);
    house_file_write(path, &none);
    house_file_write(path, &none);
    assert_string_equal(house_file_read(path).key, "");
    assert_true(access(path, F_OK) != 0);
}

static void a_damaged_file_is_kept_aside(void **state)
{
    static const char *const bad[] = {"", "{", "{\"key\":\"x\",\"host\":\"h\",\"port\":1}",
                                      "{\"host\":\"h\",\"port\":1}"};
    for (int i = 0; i < 4; i++) {
        FILE *f = fopen(path, "w");
        fputs(bad[i], f);
        fclose(f);
        assert_string_equal(house_file_read(path).key, "");
        assert_true(access(aside, F_OK) == 0);
        assert_true(access(path, F_OK) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_obeyed_before_the_key_is_shown, begin),
        cmocka_unit_test_setup(the_answer_shows_the_kiosks_key, begin),
        cmocka_unit_test_setup(another_house_is_a_stranger, begin),
        cmocka_unit_test_setup(a_name_alone_is_not_believed, begin),
        cmocka_unit_test_setup(the_house_is_kept_and_forgotten, begin),
        cmocka_unit_test_setup(a_damaged_file_is_kept_aside, begin),
    };
    char command[80];
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/house.json", dir);
    snprintf(aside, sizeof aside, "%s.damaged", path);
    snprintf(command, sizeof command, "rm -r %s", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return system(command) || failed;
}
