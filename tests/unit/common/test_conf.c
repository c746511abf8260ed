// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/base/conf.h"
#include "common/base/conf_print.h"
#include "common/base/options.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct values {
    char *name;
    int64_t count;
    int64_t rate;
    bool loud;
};

static bool no_colon(const char *value, char *error, size_t error_size)
{
    snprintf(error, error_size, "'%s' has a colon", value);
    return !strchr(value, ':');
}

static const struct conf_key keys[] = {
    {"a", "name", CONF_STRING, offsetof(struct values, name), "box", .help = "A name.",
     .check = no_colon, .flag = "name", .flag_arg = "NAME", .live = true},
    {"a", "count", CONF_INT, offsetof(struct values, count), "3", .help = "Things.", .min = 1,
     .max = 9, .unit = "things"},
    {"a", "rate", CONF_INT, offsetof(struct values, rate), "0", .help = "A rate.",
     .choices = "0|44|48"},
    {"b", "loud", CONF_BOOL, offsetof(struct values, loud), "no", .help = "Noise.", .live = true},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

static struct values v;
static struct conf c;
static char error[CONF_ERROR_SIZE], folder[64];

static const char *in_folder(const char *name)
{
    static char path[2][200];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int fresh(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/roomtone-conf-XXXXXX");
    assert_non_null(mkdtemp(folder));
    conf_defaults(&c, keys, KEYS, &v);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    char command[100];
    conf_free(&c);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command); // NOLINT(cert-env33-c): a folder that mkdtemp named
}

// Reads `name`; the error without the folder.
static bool read_it(const char *name, const char *shared)
{
    bool ok = conf_read(&c, in_folder(name), shared, error, sizeof error);
    if (!ok && strncmp(error, folder, strlen(folder)) == 0)
        memmove(error, error + strlen(folder) + 1, strlen(error) - strlen(folder));
    return ok;
}

static void file_wins_over_default(void **state)
{
    (void)state;
    put("x.ini", "# comment\n[a]\nname = hall\n[b]\nloud=yes\n");
    assert_string_equal(v.name, "box");
    assert_true(read_it("x.ini", NULL));
    assert_string_equal(v.name, "hall");
    assert_int_equal(v.count, 3);
    assert_true(v.loud);
    assert_string_equal(c.from[0], in_folder("x.ini:3"));
    assert_null(c.from[1]);
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[a]\ncount = 10\n", "x.ini:2: count: 10 is outside of 1 to 9"},
        {"[a]\n\ncount = many\n", "x.ini:3: count: 'many' is not a whole number"},
        {"[a]\nrate = 4\n", "x.ini:2: rate: '4' is none of 0|44|48"},
        {"[a]\nrate = 0|44\n", "x.ini:2: rate: '0|44' is none of 0|44|48"},
        {"[a]\nname = x:y\n", "x.ini:2: name: 'x:y' has a colon"},
        {"[b]\nloud = maybe\n", "x.ini:2: loud: 'maybe' is neither yes nor no"},
        {"[b]\nloude = yes\n", "x.ini:2: loude: there is no such key in [b]"},
        {"[a]\nname = x\nwhat is this\n", "x.ini:3: neither a section, a key nor a comment"},
        {"[a]\nname = x\n[b]\nloude = 1\nlouder = 2\n",
         "x.ini:4: loude: there is no such key in [b]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put("x.ini", cases[i].text);
        assert_false(read_it("x.ini", NULL));
        assert_string_equal(error, cases[i].error);
    }
    assert_false(read_it("none.ini", NULL));
    assert_string_equal(error, "none.ini: No such file or directory");
    assert_false(read_it(".", NULL));
    assert_non_null(strstr(error, "Is a directory"));
}

static void a_line_that_is_too_long_is_not_two(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof text, "[a]\nname = %0*d\ncount = 4\n", 250, 0);
    put("x.ini", text);
    assert_false(read_it("x.ini", NULL));
    assert_non_null(strstr(error, "x.ini:2: the line is longer"));
}

static void drop_ins_come_after_in_order_of_their_names(void **state)
{
    (void)state;
    put("x.ini", "[a]\nname = file\ncount = 1\nrate = 44\n");
    assert_int_equal(mkdir(in_folder("x.ini.d"), 0700), 0);
    put("x.ini.d/20-b.ini", "[a]\nname = second\n");
    put("x.ini.d/10-a.ini", "[a]\nname = first\ncount = 2\n");
    put("x.ini.d/30-c.ini~", "[a]\nname = backup\n");
    put("x.ini.d/.30-c.ini", "[a]\nname = hidden\n");
    assert_true(read_it("x.ini", NULL));
    assert_string_equal(v.name, "second");
    assert_int_equal(v.count, 2);
    assert_int_equal(v.rate, 44);
    assert_string_equal(c.from[0], in_folder("x.ini.d/20-b.ini:2"));
    put("x.ini.d/15.ini", "[a]\n\ncount = 11\n");
    assert_false(read_it("x.ini", NULL));
    assert_string_equal(error, "x.ini.d/15.ini:3: count: 11 is outside of 1 to 9");
}

static void an_instance_stands_on_what_all_share(void **state)
{
    (void)state;
    put("x.ini", "[a]\nname = shared\ncount = 1\nrate = 44\n");
    assert_int_equal(mkdir(in_folder("x.ini.d"), 0700), 0);
    put("x.ini.d/10.ini", "[a]\ncount = 2\nrate = 48\n");
    put("x-hall.ini", "[a]\ncount = 3\n");
    assert_int_equal(mkdir(in_folder("x-hall.ini.d"), 0700), 0);
    put("x-hall.ini.d/10.ini", "[a]\nname = hall\n");
    assert_true(read_it("x-hall.ini", "x.ini"));
    assert_string_equal(v.name, "hall");
    assert_int_equal(v.count, 3);
    assert_int_equal(v.rate, 48);
    // Another program's file is not one of them, nor is the shared file of itself.
    put("xy.ini", "[b]\nloud = yes\n");
    conf_free(&c);
    conf_defaults(&c, keys, KEYS, &v);
    assert_true(read_it("xy.ini", "x.ini"));
    assert_string_equal(v.name, "box");
    // Neither the shared file nor its folder needs to be there.
    assert_int_equal(unlink(in_folder("x.ini.d/10.ini")), 0);
    assert_int_equal(rmdir(in_folder("x.ini.d")), 0);
    assert_int_equal(unlink(in_folder("x.ini")), 0);
    assert_true(read_it("x-hall.ini", "x.ini"));
}

static void a_reload_takes_what_is_live_and_names_the_rest(void **state)
{
    (void)state;
    struct values w;
    struct conf anew;
    struct conf_news news;
    conf_defaults(&anew, keys, KEYS, &w);
    assert_true(conf_set(&anew, "a", "name", "hall", "f:1", error, sizeof error));
    assert_true(conf_set(&anew, "a", "count", "7", "f:2", error, sizeof error));
    assert_true(conf_set(&anew, "b", "loud", "yes", "f:3", error, sizeof error));
    conf_take(&c, &anew, &news);
    conf_free(&anew);
    assert_string_equal(news.taken, "[a] name, [b] loud");
    assert_string_equal(news.later, "[a] count");
    assert_string_equal(v.name, "hall");
    assert_true(v.loud);
    assert_int_equal(v.count, 3);
    assert_string_equal(c.from[0], "f:1");
    assert_null(c.from[1]);
}

static void what_is_printed_can_be_read_again(void **state)
{
    (void)state;
    assert_true(conf_set(&c, "a", "name", "the hall", "--name", error, sizeof error));
    assert_true(conf_set(&c, "a", "count", "9", "x", error, sizeof error));
    FILE *f = fopen(in_folder("out.ini"), "w");
    conf_print_values(f, &c);
    fclose(f);
    conf_free(&c);
    conf_defaults(&c, keys, KEYS, &v);
    assert_true(read_it("out.ini", NULL));
    assert_string_equal(v.name, "the hall");
    assert_int_equal(v.count, 9);
    // So can the file with the reasons.
    f = fopen(in_folder("all.ini"), "w");
    conf_print_ini(f, keys, KEYS, "prog", "all.ini");
    fclose(f);
    assert_true(read_it("all.ini", NULL));
    assert_string_equal(v.name, "box");
    assert_int_equal(v.count, 3);
}

static enum options_result options_of(const char *first, ...)
{
    static const struct options o = {"prog", "1", "Does things.", "x.ini", false};
    char *argv[12] = {(char *)"prog"};
    int argc = 1;
    va_list ap;
    va_start(ap, first);
    for (const char *p = first; p; p = va_arg(ap, const char *))
        argv[argc++] = (char *)p;
    va_end(ap);
    conf_free(&c);
    return options_read(&o, keys, KEYS, &v, &c, argc, argv, error, sizeof error);
}

static void flags_win_wherever_the_file_stands(void **state)
{
    (void)state;
    put("x.ini", "[a]\nname = hall\ncount = 5\n");
    assert_int_equal(options_of("--name", "mine", "--config", in_folder("x.ini"), NULL),
                     OPTIONS_RUN);
    assert_string_equal(v.name, "mine");
    assert_int_equal(v.count, 5);
    assert_string_equal(c.from[0], "--name");
    assert_int_equal(options_of("--check-config", NULL), OPTIONS_CHECK);
    assert_int_equal(options_of("--name", "a:b", NULL), OPTIONS_BAD);
    assert_string_equal(error, "--name: 'a:b' has a colon");
    assert_int_equal(options_of("--name", NULL), OPTIONS_USAGE);
    assert_int_equal(options_of("--count", "4", NULL), OPTIONS_USAGE);
    assert_int_equal(options_of("more", NULL), OPTIONS_USAGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file_wins_over_default),
        TEST(mistakes_are_told_with_their_line),
        TEST(a_line_that_is_too_long_is_not_two),
        TEST(drop_ins_come_after_in_order_of_their_names),
        TEST(an_instance_stands_on_what_all_share),
        TEST(a_reload_takes_what_is_live_and_names_the_rest),
        TEST(what_is_printed_can_be_read_again),
        TEST(flags_win_wherever_the_file_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
