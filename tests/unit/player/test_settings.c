// SPDX-License-Identifier: Apache-2.0
#include "player/settings.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

static struct settings s;
static char error[500];

static enum options_result read_args(const char *a, ...)
{
    char *argv[20] = {(char *)"roomtone-player"};
    int argc = 1;
    va_list ap;
    va_start(ap, a);
    for (const char *p = a; p; p = va_arg(ap, const char *))
        argv[argc++] = (char *)p;
    va_end(ap);
    settings_free(&s);
    error[0] = '\0';
    return settings_read(&s, argc, argv, error, sizeof error);
}

#define BOX "--server", "http://192.168.1.2:8080", "--group", "000 000-000"

static void a_plain_call_is_understood(void **state)
{
    assert_int_equal(read_args(BOX, "--name", "hall", "--lang", "PT-br", "--cache", "/c", NULL),
                     OPTIONS_RUN);
    assert_string_equal(s.host, "192.168.1.2");
    assert_int_equal(s.port, 8080);
    assert_string_equal(s.code, "000000000");
    assert_string_equal(s.name, "hall");
    assert_string_equal(s.lang, "pt-br");
    assert_string_equal(s.cache_dir, "/c");
    assert_string_equal(s.device, "default");
    assert_false(s.null_device);
}

static void what_is_left_out_is_filled_in(void **state)
{
    char host[200];
    gethostname(host, sizeof host);
    setenv("XDG_CACHE_HOME", "/x", 1);
    assert_int_equal(read_args(BOX, NULL), OPTIONS_RUN);
    assert_string_equal(s.name, host);
    assert_string_equal(s.cache_dir, "/x/roomtone");
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/home/k", 1);
    assert_int_equal(read_args(BOX, NULL), OPTIONS_RUN);
    assert_string_equal(s.cache_dir, "/home/k/.cache/roomtone");
}

static void addresses_come_in_several_shapes(void **state)
{
    assert_int_equal(read_args("--server", "http://box/", "--group", "000000000", NULL),
                     OPTIONS_RUN);
    assert_string_equal(s.host, "box");
    assert_int_equal(s.port, 80);
    assert_int_equal(read_args("--server", "http://[::1]:81", "--group", "000000000", NULL),
                     OPTIONS_RUN);
    assert_string_equal(s.host, "::1");
    assert_int_equal(s.port, 81);
    assert_false(s.tls);
    assert_int_equal(read_args("--server", "https://box", "--group", "000000000", NULL),
                     OPTIONS_RUN);
    assert_string_equal(s.host, "box");
    assert_int_equal(s.port, 443);
    assert_true(s.tls);
}

#define PIN "0f:0e0d0c0b0a09080706050403020100ff0e0d0c0b0a09080706050403020100"

static void a_box_is_known_by_its_authority_or_its_key(void **state)
{
#define TLS "--server", "https://box:8443", "--group", "000000000"
    assert_int_equal(read_args(TLS, "--pin", PIN, NULL), OPTIONS_RUN);
    assert_string_equal(s.pin, PIN);
    assert_int_equal(read_args(TLS, "--ca", "/etc/ca.crt", NULL), OPTIONS_RUN);
    assert_int_equal(read_args(TLS, "--ca", "/etc/ca.crt", "--pin", PIN, NULL), OPTIONS_BAD);
    assert_int_equal(read_args(TLS, "--pin", PIN "0", NULL), OPTIONS_BAD);
    assert_int_equal(read_args(TLS, "--pin", "xf" PIN, NULL), OPTIONS_BAD);
    assert_int_equal(read_args(TLS, "--pin", "0f0e", NULL), OPTIONS_BAD);
    assert_non_null(strstr(error, "0f0e"));
}

static void a_null_device_may_have_a_crystal(void **state)
{
    assert_int_equal(read_args(BOX, "--device", "null:ppm=-45.5", NULL), OPTIONS_RUN);
    assert_true(s.null_device && s.null_ppm == -45.5);
    assert_int_equal(read_args(BOX, "--device", "null", NULL), OPTIONS_RUN);
    assert_true(s.null_device && s.null_ppm == 0);
}

static void mistakes_name_the_thing(void **state)
{
    static const char *const bad[][3] = {
        {"--pin", "00", "64 hex"},
        {"--ca", "/ca.crt", "https"}, // BOX is plain HTTP
        {"--pin", PIN, "https"},
        {"--server", "http://", "http://"},
        {"--server", "http://b:0", "http://b:0"},
        {"--server", "http://b:80/x", "http://b:80/x"},
        {"--server", "http://b:x", "http://b:x"},
        {"--server", "ftp://b", "ftp://b"},
        {"--server", "https://", "https://"},
        {"--group", "12345", "12345"},
        {"--group", "000000001", "000000001"},
        {"--lang", "e", "'e'"},
        {"--device", "null:ppm=x", "ppm"},
        {"--config", "/no/file", "/no/file"},
        {"--volume", "11", "--volume"},
        {"--name", NULL, "--name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum options_result r = read_args(BOX, bad[i][0], bad[i][1], NULL);
        assert_true(r == OPTIONS_BAD || r == OPTIONS_USAGE);
        assert_non_null(strstr(error, bad[i][2]));
        assert_null(strchr(error, '\n'));
    }
    assert_int_equal(read_args(BOX, "left over", NULL), OPTIONS_USAGE);
}

static void box_and_group_may_be_left_out(void **state)
{
    assert_int_equal(read_args("--group", "000000000", NULL), OPTIONS_RUN);
    assert_false(settings_chosen(&s));
    assert_string_equal(s.host, "");
    assert_int_equal(read_args("--server", "http://box", NULL), OPTIONS_RUN);
    assert_false(settings_chosen(&s));
    assert_string_equal(s.code, "");
    assert_int_equal(read_args(BOX, NULL), OPTIONS_RUN);
    assert_true(settings_chosen(&s));
}

static void player_ini_is_good_as_it_is(void **state)
{
    assert_int_equal(read_args("--config", PLAYER_INI, "--check-config", NULL), OPTIONS_CHECK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_call_is_understood),
        cmocka_unit_test(what_is_left_out_is_filled_in),
        cmocka_unit_test(addresses_come_in_several_shapes),
        cmocka_unit_test(a_box_is_known_by_its_authority_or_its_key),
        cmocka_unit_test(a_null_device_may_have_a_crystal),
        cmocka_unit_test(mistakes_name_the_thing),
        cmocka_unit_test(box_and_group_may_be_left_out),
        cmocka_unit_test(player_ini_is_good_as_it_is),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    settings_free(&s);
    return failed;
}
