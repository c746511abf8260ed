// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/base/conf.h"

#include <string.h>
#include <unistd.h>

struct values {
    char *name;
    int64_t count;
    bool loud;
};

static const struct conf_key keys[] = {
    {"a", "name", CONF_STRING, offsetof(struct values, name), "box", 0, 0, ""},
    {"a", "count", CONF_INT, offsetof(struct values, count), "3", 1, 9, ""},
    {"b", "loud", CONF_BOOL, offsetof(struct values, loud), "no", 0, 0, ""},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

// Reads `text` as a file; the error without the file's name.
static bool read_text(struct values *v, const char *text, char error[300])
{
    char path[] = "/tmp/roomtone-conf-XXXXXX", full[300] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    bool ok = conf_read(keys, KEYS, v, path, full, sizeof full);
    unlink(path);
    snprintf(error, 300, "%s", ok ? "" : full + strlen(path));
    return ok;
}

static void file_wins_over_default(void **state)
{
    (void)state;
    struct values v;
    char error[300];
    conf_defaults(keys, KEYS, &v);
    assert_string_equal(v.name, "box");
    assert_true(read_text(&v, "# comment\n[a]\nname = hall\n[b]\nloud=yes\n", error));
    assert_string_equal(v.name, "hall");
    assert_int_equal(v.count, 3);
    assert_true(v.loud);
    conf_free(keys, KEYS, &v);
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[a]\ncount = 10\n", ":2: count: 10 is outside of 1 to 9"},
        {"[a]\n\ncount = many\n", ":3: count: 'many' is not a whole number"},
        {"[b]\nloud = maybe\n", ":2: loud: 'maybe' is neither yes nor no"},
        {"[b]\nloude = yes\n", ":2: there is no key 'loude' in [b]"},
        {"[a]\nname = x\nwhat is this\n", ":3: neither a section, a key nor a comment"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct values v;
        char error[300];
        conf_defaults(keys, KEYS, &v);
        assert_false(read_text(&v, cases[i].text, error));
        assert_string_equal(error, cases[i].error);
        conf_free(keys, KEYS, &v);
    }
}

static void missing_file_is_named(void **state)
{
    (void)state;
    struct values v;
    char error[300];
    conf_defaults(keys, KEYS, &v);
    assert_false(conf_read(keys, KEYS, &v, "/nonexistent/x.ini", error, sizeof error));
    assert_non_null(strstr(error, "/nonexistent/x.ini"));
    conf_free(keys, KEYS, &v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_wins_over_default),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
