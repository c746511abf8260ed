// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/picture/picture.h"

#include <stdlib.h>
#include <string.h>

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define PNG(w, h) PNG_HEAD w h "\x08\x06\0\0\0\0\0\0\0"
#define SVG(inside) "<svg xmlns='http://www.w3.org/2000/svg'>" inside "</svg>"

struct sample {
    const char *data;
    size_t len;
    const char *kind; // NULL: refused
};
#define SAMPLE(text, kind)           \
    {                                \
        text, sizeof(text) - 1, kind \
    }

static void pictures_are_known_by_their_bytes(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        SAMPLE(PNG("\0\0\0\x10", "\0\0\0\x10"), "png"),
        SAMPLE(PNG("\0\0\x10\x01", "\0\0\0\x10"), NULL), // 4097 wide
        SAMPLE(PNG("\0\0\0\0", "\0\0\0\x10"), NULL),
        SAMPLE(PNG_HEAD, NULL), // cut
        SAMPLE("\xff\xd8\xff\xe0rest", "jpg"),
        SAMPLE("RIFF\x10\0\0\0WEBPVP8 ....", "webp"),
        SAMPLE("RIFF\x10\0\0\0WAVEfmt ....", NULL),
        SAMPLE("RIFF", NULL),
        SAMPLE(SVG("<path d='M0 0'/>"), "svg"),
        SAMPLE("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- by hand -->\n" SVG(""), "svg"),
        SAMPLE(SVG("<script>alert(1)</script>"), NULL),
        SAMPLE("<!DOCTYPE svg [<!ENTITY a 'aaaa'>]>" SVG("&a;"), NULL),
        SAMPLE("<svg", NULL),
        SAMPLE(SVG("\xff"), NULL), // no UTF-8
        SAMPLE(SVG("\0"), NULL),
        SAMPLE("<html><body>hello</body></html>", NULL),
        SAMPLE("", NULL),
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        // In memory of exactly its size: a sanitizer sees a step too far.
        void *exact = malloc(samples[i].len + !samples[i].len);
        memcpy(exact, samples[i].data, samples[i].len);
        const char *why = NULL;
        const char *kind = picture_kind(exact, samples[i].len, &why);
        free(exact);
        assert_non_null(why);
        if (samples[i].kind)
            assert_string_equal(kind, samples[i].kind);
        else
            assert_null(kind);
    }
}

static void a_large_one_is_refused(void **state)
{
    (void)state;
    char *data = calloc(1, PICTURE_BYTES_MAX + 1);
    memcpy(data, "\xff\xd8\xff", 3);
    const char *why;
    assert_string_equal(picture_kind(data, PICTURE_BYTES_MAX, &why), "jpg");
    assert_null(picture_kind(data, PICTURE_BYTES_MAX + 1, &why));
    assert_string_equal(why, "more than 512 KiB");
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_known_by_their_bytes),
        cmocka_unit_test(a_large_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
