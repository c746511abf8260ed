// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/wire/sealed.h"

#include <sodium.h>
#include <string.h>

static struct sealed_pair device, house;
static struct sealed_session kiosk_side, house_side;
static const struct stamp_question question = {7, 123456789};
static const struct stamp_answer answer = {7, 123456789, 86400000000000, 86400000001000, 3};
static const struct sealed_left left_in = {123400000, 86399999990000};
static struct sealed_left left;

static int make_session(void **state)
{
    (void)state;
    sealed_pair_new(&device);
    sealed_pair_new(&house);
    return sealed_session_kiosk(&kiosk_side, &device, house.public_key, 42) &&
                   sealed_session_house(&house_side, &house, device.public_key, 42)
               ? 0
               : -1;
}

static void both_sides_have_the_same_key(void **state)
{
    (void)state;
    uint8_t data[SEALED_BYTES];
    struct stamp_question q;
    struct stamp_answer a;
    sealed_put_question(&kiosk_side, &question, data);
    assert_int_equal(sealed_id(data, sizeof data), 42);
    assert_true(sealed_get_question(&house_side, data, sizeof data, &q));
    assert_int_equal(q.seq, question.seq);
    assert_int_equal(q.t1_ns, question.t1_ns);
    sealed_put_answer(&house_side, &answer, &left_in, data);
    assert_true(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
    assert_int_equal(a.seq, answer.seq);
    assert_int_equal(a.t3_house_ns, answer.t3_house_ns);
    assert_int_equal(a.clock_epoch, answer.clock_epoch);
    assert_int_equal(left.t1_ns, left_in.t1_ns);
    assert_int_equal(left.t3_house_ns, left_in.t3_house_ns);
}

// The key as docs/PROTOCOL.md tells others to make it.
static void the_key_is_made_as_it_is_written(void **state)
{
    (void)state;
    uint8_t q[32], shared[64], key[32];
    static const uint8_t id[8] = {42};
    crypto_generichash_state h;
    assert_int_equal(crypto_scalarmult(q, device.secret_key, house.public_key), 0);
    crypto_generichash_init(&h, NULL, 0, sizeof shared);
    crypto_generichash_update(&h, q, sizeof q);
    crypto_generichash_update(&h, device.public_key, 32);
    crypto_generichash_update(&h, house.public_key, 32);
    crypto_generichash_final(&h, shared, sizeof shared);
    crypto_generichash_init(&h, NULL, 0, sizeof key);
    crypto_generichash_update(&h, shared, sizeof shared);
    crypto_generichash_update(&h, id, sizeof id);
    crypto_generichash_final(&h, key, sizeof key);
    assert_memory_equal(key, kiosk_side.key, sizeof key);
}

static void a_bit_that_flips_is_noticed(void **state)
{
    (void)state;
    uint8_t data[SEALED_BYTES];
    struct stamp_answer a;
    sealed_put_answer(&house_side, &answer, &left_in, data);
    for (int bit = 0; bit < SEALED_BYTES * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
    assert_false(sealed_get_answer(&kiosk_side, data, sizeof data - 1, &a, &left));
    assert_int_equal(sealed_id(data, sizeof data - 1), 0);
}

static void nothing_of_another_session_fits(void **state)
{
    (void)state;
    uint8_t data[SEALED_BYTES];
    struct stamp_answer a;
    struct sealed_session other;
    struct sealed_pair stranger;
    sealed_pair_new(&stranger);
    // The same machines at another time, with the session's number forged.
    assert_true(sealed_session_house(&other, &house, device.public_key, 43));
    other.id = 42;
    sealed_put_answer(&other, &answer, &left_in, data);
    assert_false(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
    // Somebody who knows all that is public.
    assert_true(sealed_session_house(&other, &stranger, device.public_key, 42));
    sealed_put_answer(&other, &answer, &left_in, data);
    assert_false(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
}

static void a_question_sent_back_is_no_answer(void **state)
{
    (void)state;
    uint8_t data[SEALED_BYTES];
    struct stamp_answer a;
    struct stamp_question q;
    sealed_put_question(&kiosk_side, &question, data);
    assert_false(sealed_get_answer(&kiosk_side, data, sizeof data, &a, &left));
    sealed_put_answer(&house_side, &answer, &left_in, data);
    assert_false(sealed_get_question(&house_side, data, sizeof data, &q));
}

static void what_a_stranger_makes_up_is_refused(void **state)
{
    (void)state;
    unit_seed();
    uint8_t whole[SEALED_BYTES];
    sealed_put_answer(&house_side, &answer, &left_in, whole);
    for (int i = 0; i < 200000; i++) {
        uint8_t data[SEALED_BYTES + 8] = {0};
        struct stamp_answer a;
        memcpy(data, whole, sizeof whole);
        for (int64_t k = unit_below(20); k >= 0; k--)
            data[unit_below(SEALED_BYTES)] = (uint8_t)unit_random();
        size_t len = unit_below(2) ? SEALED_BYTES : (size_t)unit_below(SEALED_BYTES + 8);
        bool same = len == SEALED_BYTES && memcmp(data, whole, len) == 0;
        assert_int_equal(sealed_get_answer(&kiosk_side, data, len, &a, &left), same);
    }
}

static void keys_are_text_and_back(void **state)
{
    (void)state;
    char text[SEALED_KEY_TEXT];
    uint8_t key[SEALED_KEY_BYTES];
    struct sealed_pair again;
    sealed_key_text(device.public_key, text);
    assert_int_equal(strlen(text), SEALED_KEY_TEXT - 1);
    assert_true(sealed_key_from_text(text, key));
    assert_memory_equal(key, device.public_key, sizeof key);
    assert_true(sealed_pair_from_secret(device.secret_key, &again));
    assert_memory_equal(again.public_key, device.public_key, sizeof key);
    text[10] = '+';
    assert_false(sealed_key_from_text(text, key));
    assert_false(sealed_key_from_text("", key));
    assert_false(sealed_key_from_text("c2hvcnQ", key));
}

static void no_key_makes_no_session(void **state)
{
    (void)state;
    static const uint8_t zero[SEALED_KEY_BYTES];
    struct sealed_session s;
    struct sealed_pair p;
    assert_false(sealed_session_kiosk(&s, &device, zero, 42));
    assert_false(sealed_session_house(&s, &house, zero, 42));
    assert_false(sealed_session_house(&s, &house, device.public_key, 0));
    assert_false(sealed_pair_from_secret(zero, &p));
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_have_the_same_key),
        cmocka_unit_test(the_key_is_made_as_it_is_written),
        cmocka_unit_test(a_bit_that_flips_is_noticed),
        cmocka_unit_test(nothing_of_another_session_fits),
        cmocka_unit_test(a_question_sent_back_is_no_answer),
        cmocka_unit_test(what_a_stranger_makes_up_is_refused),
        cmocka_unit_test(keys_are_text_and_back),
        cmocka_unit_test(no_key_makes_no_session),
    };
    return cmocka_run_group_tests(tests, make_session, NULL);
}
