// SPDX-License-Identifier: Apache-2.0
// Captions: what is taken, what SRT becomes, and the line of each mistake.
#include "tests/unit/unit.h"

#include "server/catalogue/captions.h"

#include <stdlib.h>
#include <string.h>

enum { TEN_S = 10000000 };

static void expect_good(const char *text, const char *vtt, int cues)
{
    struct captions c;
    assert_true(captions_read(&c, text, strlen(text), TEN_S));
    if (c.problem_count)
        fail_msg("line %d: %s", c.problems[0].line, c.problems[0].text);
    assert_string_equal(c.vtt.data, vtt ? vtt : text);
    assert_int_equal(c.cues, cues);
    captions_free(&c);
}

static void expect_problem(const char *text, int line, const char *why)
{
    struct captions c;
    assert_true(captions_read(&c, text, strlen(text), TEN_S));
    assert_true(c.problem_count > 0);
    assert_string_equal(c.problems[0].text, why);
    assert_int_equal(c.problems[0].line, line);
    captions_free(&c);
}

static void webvtt_is_kept_as_it_came(void **state)
{
    (void)state;
    expect_good("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", NULL, 1);
    expect_good("\xef\xbb\xbfWEBVTT the loom\r\n\r\nNOTE nothing\r\n\r\nfirst\r\n"
                "00:00.000 --> 00:01.000 align:start\r\n<v Ines>Hello\r\nyou\r\n\r\n"
                "0:00:02.000 --> 0:00:11.000\r\nOver by a second",
                NULL, 2);
    expect_good("WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nx", NULL, 1);
}

static void srt_becomes_webvtt(void **state)
{
    (void)state;
    expect_good("1\n00:00:00,500 --> 00:00:02,000\nThe <i>loom</i> & I\n<font color=\"red\">5 < "
                "6</font>\n\n2\n00:00:03,000 --> 00:00:04,250\n{\\an8}Above\n",
                "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nThe <i>loom</i> &amp; I\n5 &lt; 6\n\n"
                "00:00:03.000 --> 00:00:04.250\nAbove\n",
                2);
    expect_good("\r\n1\r\n00:00:00,500 --> 00:00:02,000\r\n<script>alert(1)</script>\r\n",
                "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n&lt;script&gt;alert(1)&lt;/script&gt;\n",
                1);
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    expect_problem("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", 3, "ends before it begins");
    expect_problem("WEBVTT\n\n00:02.000 --> 00:03.000\nx\n\n00:01.000 --> 00:04.000\ny\n", 6,
                   "begins before the caption above it");
    expect_problem("WEBVTT\n\n00:02.000 --> 00:11.001\nx\n", 3,
                   "ends at 00:00:11.001, the sound at 00:00:10.000");
    expect_problem("WEBVTT\n\n00:02 --> 00:03\nx\n", 3,
                   "is not a time like 00:01.000 --> 00:02.500");
    expect_problem("WEBVTT\n\n00:62.000 --> 01:03.000\nx\n", 3,
                   "is not a time like 00:01.000 --> 00:02.500");
    expect_problem("WEBVTT\n\nname\nand no time\n", 3, "no time follows");
    expect_problem("WEBVTT\n\n00:02.000 --> 00:03.000\n\n", 3, "says nothing");
    expect_problem("WEBVTT\n\n00:02.000 --> 00:03.000\nx\n00:04.000 --> 00:05.000\ny\n", 5,
                   "an empty line is missing before this time");
    expect_problem("1\n00:00:01.000 -> 00:00:02.000\nx\n", 1, "no time follows");
    expect_problem("1\n00:00:01,000 --> 00:00:02,000\nx\n\ntwo\n00:00:03,000 --> 00:00:04,000\ny\n",
                   5, "is neither a number nor a time");
    expect_problem("1\n00:00:01,000 --> 00:00:02,000 X1:3\nx\n", 2,
                   "is not a time like 00:00:01,000 --> 00:00:02,500");
    expect_problem("WEBVTT\n\n99999:00:02.000 --> 00:03.000\nx\n", 3,
                   "is not a time like 00:01.000 --> 00:02.500");
    expect_problem("WEBVTT\n", 1, "there is no caption in it");
}

static void what_is_neither_is_no_captions(void **state)
{
    (void)state;
    static const char *const texts[] = {"hello", "", "\n\n", "WEBVTTX\n", "{\"a\":1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct captions c;
        assert_false(captions_read(&c, texts[i], strlen(texts[i]), TEN_S));
        captions_free(&c);
    }
}

// Cut anywhere, with any byte changed: never more than its bounds, and an end.
static void nothing_breaks_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "WEBVTT\n\nNOTE a\n\nid\n00:00.000 --> 00:01.000 x:y\n<b>Hi</b> &amp; you\n\n",
        "1\n00:00:00,500 --> 00:00:02,000\nThe <i>loom</i> <font x>\n{\\an8}\n\n2\n"};
    static const char bytes[] = "\0\n\r:>-<9&{";
    for (size_t t = 0; t < 2; t++) {
        size_t len = strlen(texts[t]);
        for (size_t n = 0; n <= len; n++) {
            for (size_t b = 0; b < sizeof bytes; b++) {
                char *copy = malloc(n + 1); // exactly so long: the sanitizer sees a step beyond
                memcpy(copy, texts[t], n);
                if (n > 0)
                    copy[n - 1] = bytes[b];
                struct captions c;
                struct bytes words;
                captions_read(&c, copy, n, TEN_S);
                assert_in_range(c.problem_count, 0, CAPTIONS_PROBLEMS_MAX);
                captions_free(&c);
                bytes_init(&words, 1000);
                captions_words(copy, n, &words);
                bytes_free(&words);
                free(copy);
            }
        }
    }
}

static void words_are_what_is_said(void **state)
{
    (void)state;
    static const char vtt[] = "WEBVTT\n\nNOTE no\n\n1\n00:00.000 --> 00:01.000\n<v Ines>Hello\n"
                              "you &amp; me\n\n00:02.000 --> 00:03.000\nBye\n";
    struct bytes words;
    bytes_init(&words, 1000);
    captions_words(vtt, strlen(vtt), &words);
    assert_string_equal(words.data, "Hello you & me\nBye\n");
    bytes_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(webvtt_is_kept_as_it_came),
        cmocka_unit_test(srt_becomes_webvtt),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(what_is_neither_is_no_captions),
        cmocka_unit_test(nothing_breaks_it),
        cmocka_unit_test(words_are_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
