// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/base/joincode.h"

#include <string.h>

static void spaces_are_forgiven(void **state)
{
    (void)state;
    char code[10], read[10], typed[20];
    joincode_format(47126308, code);
    snprintf(typed, sizeof typed, " %.3s %.3s-%.3s ", code, code + 3, code + 6);
    assert_true(joincode_parse(typed, read));
    assert_string_equal(read, code);
}

// What the check digit is for: each slip of one digit and each swap of neighbours is caught.
static void every_single_slip_and_swap_is_caught(void **state)
{
    (void)state;
    unit_seed();
    for (int round = 0; round < 2000; round++) {
        char code[10], slip[10], read[10];
        joincode_format((uint32_t)unit_below(100000000), code);
        assert_true(joincode_parse(code, read));
        for (int i = 0; i < 9; i++) {
            for (char d = '0'; d <= '9'; d++) {
                memcpy(slip, code, 10);
                slip[i] = d;
                assert_int_equal(joincode_parse(slip, read), d == code[i]);
            }
            memcpy(slip, code, 10);
            if (i < 8) {
                slip[i] = code[i + 1];
                slip[i + 1] = code[i];
                assert_int_equal(joincode_parse(slip, read), code[i] == code[i + 1]);
            }
        }
    }
}

static void garbage_is_no_code(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "1",         "12345678", "1234567890",
        "12345678x", "١٢٣٤٥٦٧٨٩", "-",        "000000000000000000000000000000000000"};
    char read[10];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(joincode_parse(bad[i], read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spaces_are_forgiven),
        cmocka_unit_test(every_single_slip_and_swap_is_caught),
        cmocka_unit_test(garbage_is_no_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
