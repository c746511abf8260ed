// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/base/bytes.h"
#include "common/base/err.h"

#include <string.h>

static void buffer_grows_to_its_ceiling_and_no_further(void **state)
{
    (void)state;
    struct bytes b;
    bytes_init(&b, 10);
    assert_true(bytes_append(&b, "01234", 5));
    assert_true(bytes_printf(&b, "%d", 56789));
    assert_string_equal(b.data, "0123456789");
    assert_false(bytes_append(&b, "x", 1));
    assert_false(bytes_printf(&b, "%s", "longer than ten bytes"));
    assert_int_equal(b.len, 10);
    assert_string_equal(b.data, "0123456789");
    bytes_clear(&b);
    assert_int_equal(b.len, 0);
    assert_true(bytes_append(&b, "", 0));
    bytes_free(&b);
}

static void every_error_has_a_code_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_non_null(err_code((enum err)i));
        assert_true(strlen(err_text((enum err)i)) > 3);
        assert_int_equal(err_from_code(err_code((enum err)i)), i);
        int status = err_http_status((enum err)i);
        assert_true(i == ERR_OK ? status == 200 : status >= 400 && status < 600);
    }
    assert_int_equal(err_from_code("no such code"), ERR_INTERNAL);
    assert_int_equal(err_from_code(NULL), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_grows_to_its_ceiling_and_no_further),
        cmocka_unit_test(every_error_has_a_code_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
