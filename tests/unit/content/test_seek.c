// SPDX-License-Identifier: Apache-2.0
// The seek table: exact on pages made by hand, true to what a decoder hears on real ones, and calm
// with everything that is not a whole Ogg Opus file.
#include "content/ingest/encode.h"
#include "content/track/seek.h"
#include "tests/unit/content/pages.h"

#include <math.h>
#include <opus/opusfile.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PRE_SKIP = 312, FILE_CEILING = 1 << 20, SOUND_FRAMES = 48000 * 5 + 12345 };

static const uint8_t head_packet[19] = {'O',  'p',  'u',  's',  'H', 'e', 'a', 'd', 1, 1,
                                        0x38, 0x01, 0x80, 0xbb, 0,   0,   0,   0,   0};
static const uint8_t tags_packet[16] = "OpusTags\0\0\0\0\0\0\0";
// TOC 0xf8: CELT, 20 ms, mono, one frame. 0xfb 0x03: three such frames.
static const uint8_t packet_20ms[4] = {0xf8, 1, 2, 3};
static const uint8_t packet_60ms[5] = {0xfb, 0x03, 1, 2, 3};

static void put_headers(struct bytes *f)
{
    pages_put(f, PAGE_FIRST, 0, 0, 1, (uint8_t[]){19}, head_packet);
    pages_put(f, 0, 0, 1, 1, (uint8_t[]){16}, tags_packet);
}

// Two packets, then one of 60 ms, then one cut to 500 frames. Three audio pages.
static void put_small_file(struct bytes *f)
{
    uint8_t two[8];
    memcpy(two, packet_20ms, 4);
    memcpy(two + 4, packet_20ms, 4);
    put_headers(f);
    pages_put(f, 0, 1920, 2, 2, (uint8_t[]){4, 4}, two);
    pages_put(f, 0, 1920 + 2880, 3, 1, (uint8_t[]){5}, packet_60ms);
    pages_put(f, PAGE_LAST, 1920 + 2880 + 500, 4, 1, (uint8_t[]){4}, packet_20ms);
}

// Pushes in pieces of `step` bytes; the reason it is refused with, or NULL.
static const char *build(const void *data, size_t len, size_t step, struct bytes *table,
                         struct seek_summary *summary)
{
    struct seek_build *b = seek_build_new();
    const char *why = NULL;
    bool ok = true;
    for (size_t at = 0; ok && at < len; at += step)
        ok = seek_build_push(b, (const char *)data + at, len - at < step ? len - at : step, &why);
    bool ended = seek_build_end(b, table, summary, &why);
    assert_true(ok || !ended);
    assert_true(ended == (why == NULL));
    assert_true(ended || table->len == 0);
    seek_build_free(b);
    return why;
}

static void test_known_pages(void **state)
{
    static const size_t steps[] = {1, 7, 4096};
    for (size_t i = 0; i < 3; i++) {
        struct bytes file, table;
        struct seek_summary s;
        bytes_init(&file, FILE_CEILING);
        bytes_init(&table, SEEK_TABLE_MAX);
        put_small_file(&file);
        assert_null(build(file.data, file.len, steps[i], &table, &s));
        // Offsets: 47 + 44 bytes of headers, then pages of 37, 33 and 32.
        static const uint8_t expected[24] = {91,  0, 0, 0, 0xc8, 0xfe, 0xff, 0xff, // -312
                                             128, 0, 0, 0, 0x48, 0x06, 0,    0,    // 1608
                                             161, 0, 0, 0, 0x88, 0x11, 0,    0};   // 4488
        assert_int_equal(table.len, sizeof expected);
        assert_memory_equal(table.data, expected, sizeof expected);
        assert_true(seek_valid(table.data, table.len));
        assert_int_equal(s.channels, 1);
        assert_int_equal(s.pre_skip, PRE_SKIP);
        assert_int_equal(s.frames, 1920 + 2880 + 500 - PRE_SKIP);
        bytes_free(&file);
        bytes_free(&table);
    }
}

// A page that begins inside a packet is no entry, but its samples count.
static void test_packet_over_two_pages(void **state)
{
    uint8_t big[300] = {0xf8};
    struct bytes file, table;
    struct seek_summary s;
    bytes_init(&file, FILE_CEILING);
    bytes_init(&table, SEEK_TABLE_MAX);
    put_headers(&file);
    pages_put(&file, 0, -1, 2, 1, (uint8_t[]){255}, big);
    pages_put(&file, PAGE_CONTINUED, 960, 3, 1, (uint8_t[]){45}, big + 255);
    pages_put(&file, PAGE_LAST, 1920, 4, 1, (uint8_t[]){4}, packet_20ms);
    assert_null(build(file.data, file.len, 64, &table, &s));
    assert_int_equal(seek_count(table.len), 1);
    assert_int_equal(seek_at(table.data, 0).frame, 960 - PRE_SKIP);
    assert_int_equal(s.frames, 1920 - PRE_SKIP);
    bytes_free(&file);
    bytes_free(&table);
}

static void expect_refused(void (*put)(struct bytes *), const char *reason)
{
    struct bytes file, table;
    struct seek_summary s;
    bytes_init(&file, FILE_CEILING);
    bytes_init(&table, SEEK_TABLE_MAX);
    put(&file);
    const char *why = build(file.data, file.len, 4096, &table, &s);
    assert_non_null(why);
    assert_string_equal(why, reason);
    bytes_free(&file);
    bytes_free(&table);
}

static void put_wrong_granule(struct bytes *f)
{
    put_headers(f);
    pages_put(f, 0, 961, 2, 1, (uint8_t[]){4}, packet_20ms);
    pages_put(f, PAGE_LAST, 1921, 3, 1, (uint8_t[]){4}, packet_20ms);
}

static void put_missing_page(struct bytes *f)
{
    put_headers(f);
    pages_put(f, PAGE_LAST, 960, 3, 1, (uint8_t[]){4}, packet_20ms);
}

static void put_two_streams(struct bytes *f)
{
    put_small_file(f);
    put_small_file(f);
}

static void put_only_pre_skip(struct bytes *f)
{
    put_headers(f);
    pages_put(f, PAGE_LAST, PRE_SKIP, 2, 1, (uint8_t[]){4}, packet_20ms);
}

static void put_empty_packet(struct bytes *f)
{
    put_headers(f);
    pages_put(f, PAGE_LAST, 960, 2, 1, (uint8_t[]){0}, "");
}

static void put_text(struct bytes *f)
{
    bytes_printf(f, "This is no sound, but a text that is longer than a page's head.");
}

static void put_nothing(struct bytes *f)
{
    (void)f;
}

static void test_refusals(void **state)
{
    expect_refused(put_wrong_granule, "has a gap: its packets and its times disagree");
    expect_refused(put_missing_page, "lacks a page");
    expect_refused(put_two_streams, "goes on after its end");
    expect_refused(put_only_pre_skip, "holds no sound");
    expect_refused(put_empty_packet, "holds a packet that is not Opus");
    expect_refused(put_text, "is not Ogg");
    expect_refused(put_nothing, "is cut short");
}

// ---- real files

// Tones that drift and swell, so that no stretch sounds like another.
static float sound(int64_t i)
{
    double t = (double)i / 48000;
    return (float)(0.2 * (1 + sin(2.1 * t)) * sin(2 * M_PI * (300 * t + 60 * t * t)) +
                   0.1 * sin(2 * M_PI * 1234 * t));
}

static bool gather(void *user, const void *data, size_t len)
{
    return bytes_append(user, data, len);
}

static void encode(struct bytes *file, int frames, enum encode_kind kind)
{
    struct encoder *e = encoder_new(1, kind, gather, file);
    float block[480];
    for (int at = 0; at < frames; at += 480) {
        int n = frames - at < 480 ? frames - at : 480;
        for (int i = 0; i < n; i++)
            block[i] = sound(at + i);
        assert_true(encoder_write(e, block, (size_t)n));
    }
    assert_true(encoder_end(e));
    encoder_free(e);
}

// All that opusfile hears in it.
static int decode(const struct bytes *file, float *out, int max)
{
    int error = 0, total = 0, n;
    OggOpusFile *of = op_open_memory((const unsigned char *)file->data, file->len, &error);
    assert_non_null(of);
    while ((n = op_read_float(of, out + total, max - total, NULL)) > 0)
        total += n;
    assert_int_equal(n, 0);
    op_free(of);
    return total;
}

// The headers and what follows from `offset`, as a player would put it together.
static void splice(const struct bytes *file, size_t headers, size_t offset, struct bytes *out)
{
    uint32_t sequence = 0;
    bytes_append(out, file->data, headers);
    bytes_append(out, file->data + offset, file->len - offset);
    for (size_t at = 0, n; at < out->len; at += n) {
        uint8_t *page = (uint8_t *)out->data + at;
        n = pages_len(page, out->len - at);
        assert_true(n > 0);
        for (int i = 0; i < 4; i++)
            page[18 + i] = (uint8_t)(sequence >> (8 * i));
        sequence++;
        pages_seal(page, n);
    }
}

static void compare_from(const struct bytes *file, size_t headers, struct seek_entry e,
                         const float *whole, int frames, float *part)
{
    struct bytes spliced;
    bytes_init(&spliced, FILE_CEILING);
    splice(file, headers, e.offset, &spliced);
    // opusfile drops the pre-skip of whatever it opens.
    int first = e.frame + PRE_SKIP, n = decode(&spliced, part, frames + 1);
    // It cannot know how much to cut from a last page that stands alone: up to a packet more.
    assert_in_range(n, frames - first, frames - first + 960);
    n = frames - first;
    double error = 0, power = 0;
    for (int i = SEEK_PREROLL; i < n; i++) {
        error += pow(part[i] - whole[first + i], 2);
        power += pow(whole[first + i], 2);
    }
    if (n > SEEK_PREROLL + 480) {
        double db = 10 * log10(error / power);
        print_message("from frame %d: difference %.1f dB\n", first, db);
        assert_true(db < -30);
    }
    bytes_free(&spliced);
}

static void check_decoder_agrees(enum encode_kind kind)
{
    struct bytes file, table;
    struct seek_summary s;
    bytes_init(&file, FILE_CEILING);
    bytes_init(&table, SEEK_TABLE_MAX);
    encode(&file, SOUND_FRAMES, kind);
    assert_null(build(file.data, file.len, 1000, &table, &s));
    assert_true(seek_valid(table.data, table.len));
    assert_int_equal(s.frames, SOUND_FRAMES);
    assert_int_equal(seek_at(table.data, 0).frame, -s.pre_skip);
    assert_int_equal(s.pre_skip, PRE_SKIP);
    float *whole = calloc(SOUND_FRAMES + 1, sizeof *whole);
    float *part = calloc(SOUND_FRAMES + 1, sizeof *part);
    assert_int_equal(decode(&file, whole, SOUND_FRAMES + 1), SOUND_FRAMES);
    size_t n = seek_count(table.len);
    assert_in_range(n, 5, 7); // pages of a second
    for (size_t i = 0; i < n; i++) {
        compare_from(&file, seek_at(table.data, 0).offset, seek_at(table.data, i), whole,
                     SOUND_FRAMES, part);
    }
    free(whole);
    free(part);
    bytes_free(&file);
    bytes_free(&table);
}

// One sample off would be a difference of -20 dB.
static void test_a_decoder_agrees(void **state)
{
    check_decoder_agrees(ENCODE_SPEECH);
    check_decoder_agrees(ENCODE_MUSIC);
}

static void test_find(void **state)
{
    uint8_t table[4 * SEEK_ENTRY_SIZE];
    static const int32_t frames[4] = {-312, 47688, 95688, 143688};
    for (uint32_t i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) {
            table[i * 8 + (uint32_t)k] = (uint8_t)((100 + 1000 * i) >> (8 * k));
            table[i * 8 + 4 + (uint32_t)k] = (uint8_t)((uint32_t)frames[i] >> (8 * k));
        }
    }
    assert_true(seek_valid(table, sizeof table));
    for (int64_t frame = -5000; frame < 200000; frame++) {
        size_t expected = 0;
        for (size_t i = 0; i < 4; i++)
            expected = frames[i] <= frame - SEEK_PREROLL ? i : expected;
        assert_int_equal(seek_find(table, sizeof table, frame), expected);
    }
    assert_int_equal(seek_find(table, sizeof table, INT64_MAX), 3);
    assert_false(seek_valid(table, 0));
    assert_false(seek_valid(table, sizeof table - 1));
    assert_false(seek_valid(table + SEEK_ENTRY_SIZE, 8)); // does not begin at the beginning
    memcpy(table + 24, table + 16, 8);
    assert_false(seek_valid(table, sizeof table));
}

// ---- hostile files

static void test_cut_anywhere(void **state)
{
    struct bytes small, real, table;
    struct seek_summary s;
    bytes_init(&small, FILE_CEILING);
    bytes_init(&real, FILE_CEILING);
    bytes_init(&table, SEEK_TABLE_MAX);
    put_small_file(&small);
    encode(&real, 48000 * 3 / 2, ENCODE_SPEECH);
    for (size_t len = 0; len < small.len; len++)
        assert_non_null(build(small.data, len, 4096, &table, &s));
    for (size_t len = 0; len < real.len; len++)
        assert_non_null(build(real.data, len, 4096, &table, &s));
    assert_null(build(real.data, real.len, 4096, &table, &s));
    bytes_free(&small);
    bytes_free(&real);
    bytes_free(&table);
}

static uint64_t rng;

static uint32_t draw(uint32_t below)
{
    rng = rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(rng >> 33) % below;
}

static void reseal(struct bytes *f)
{
    for (size_t at = 0, n; (n = pages_len((uint8_t *)f->data + at, f->len - at)) > 0; at += n)
        pages_seal((uint8_t *)f->data + at, n);
}

// Changed bytes under a right CRC: whatever is still taken must make sense.
static void test_mutations(void **state)
{
    const char *given = getenv("ROOMTONE_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("ROOMTONE_SEED=%llu\n", (unsigned long long)seed);
    rng = seed;
    struct bytes original, f, table;
    bytes_init(&original, FILE_CEILING);
    bytes_init(&f, FILE_CEILING);
    bytes_init(&table, SEEK_TABLE_MAX);
    put_small_file(&original);
    int taken = 0, refused = 0;
    for (int round = 0; round < 20000; round++) {
        struct seek_summary s;
        bytes_clear(&f);
        bytes_clear(&table);
        bytes_append(&f, original.data, original.len);
        for (uint32_t n = 1 + draw(3); n > 0; n--)
            f.data[draw((uint32_t)f.len)] = (char)draw(256);
        reseal(&f);
        if (build(f.data, f.len, 1 + draw(300), &table, &s)) {
            refused++;
            continue;
        }
        taken++;
        assert_true(seek_valid(table.data, table.len));
        assert_true(s.frames > 0 && s.channels > 0);
    }
    assert_true(taken > 100 && refused > 100);
    bytes_free(&original);
    bytes_free(&f);
    bytes_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_pages), cmocka_unit_test(test_packet_over_two_pages),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_a_decoder_agrees),
        cmocka_unit_test(test_find),        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
