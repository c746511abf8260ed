// SPDX-License-Identifier: Apache-2.0
// Two languages, each with a track of its own noise on either side: every voice is like no other.
#include "player/track/library.h"

#include "player/track/decode.h"
#include "tests/unit/unit.h"

#include <opusenc.h>
#include <string.h>
#include <unistd.h>

#define EN "1111111111111111111111111111111111111111111111111111111111111111"
#define DE "2222222222222222222222222222222222222222222222222222222222222222"
#define TOUR "3333333333333333333333333333333333333333333333333333333333333333"
// Of "hello".
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

enum { FRAMES = 48000, READ = 1200 };
static char dir[40];
static struct cache *cache;
static struct library *library;

static const char *path_of(const char *hash, const char *ext)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s.%s", dir, hash, ext);
    return path;
}

static void write_track(const char *hash, unsigned seed)
{
    static float noise[2 * FRAMES];
    float low[2] = {0};
    for (int i = 0; i < 2 * FRAMES; i++) {
        float white = (float)rand_r(&seed) / (float)RAND_MAX - 0.5f;
        noise[i] = low[i % 2] += 0.1f * (white - low[i % 2]);
    }
    int error;
    OggOpusComments *comments = ope_comments_create();
    OggOpusEnc *enc = ope_encoder_create_file(path_of(hash, "opus"), comments, 48000, 2, 0, &error);
    assert_non_null(enc);
    ope_encoder_write_float(enc, noise, FRAMES);
    ope_encoder_drain(enc);
    ope_encoder_destroy(enc);
    ope_comments_destroy(comments);
}

static void write_tour(void)
{
    FILE *f = fopen(path_of(TOUR, "json"), "w");
    assert_non_null(f);
    fprintf(f, "{\"format\":\"roomtone.tour.v1\",\"id\":\"t\",\"title\":{\"en\":\"T\"},\"cues\":[{"
               "\"id\":\"c\",\"on_end\":\"stop\",\"track\":{\"id\":\"c\",\"title\":{\"en\":\"C\"},"
               "\"dur_us\":1000000,\"variants\":["
               "{\"lang\":\"en\",\"dur_us\":1000000,\"opus\":\"" EN
               "\",\"bytes\":1000,\"seek\":\"" EN "\"},"
               "{\"lang\":\"de\",\"dur_us\":1000000,\"opus\":\"" DE
               "\",\"bytes\":1000,\"seek\":\"" DE "\"}]}}]}");
    fclose(f);
}

static int set_up(void **state)
{
    char error[200];
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_track(EN, 1);
    write_track(DE, 2);
    write_tour();
    cache = cache_open(dir, 1 << 30, error, sizeof error);
    library = library_create(cache, "en");
    assert_true(library_tour(library, TOUR));
    return 0;
}

static int tear_down(void **state)
{
    char command[80];
    library_destroy(library);
    cache_close(cache);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static void map(const char *left, enum wire_channel l, const char *right, enum wire_channel r)
{
    struct wire_output m[WIRE_OUTPUTS] = {{.channel = l}, {.channel = r}};
    snprintf(m[0].lang, sizeof m[0].lang, "%s", left);
    snprintf(m[1].lang, sizeof m[1].lang, "%s", right);
    library_map(library, m);
}

// What an output holds: a channel of a language ("": silence).
static void assert_plays(int track, int output, const char *hash, enum wire_channel channel)
{
    static float want[2 * READ], got[2 * READ];
    enum err why;
    memset(want, 0, sizeof want);
    if (hash[0]) {
        struct decoder *d = decoder_open(path_of(hash, "opus"), &why);
        assert_non_null(d);
        decoder_read(d, 10000, READ, want);
        decoder_close(d);
    }
    library_read(library, track, 10000, READ, got);
    float loudest = 0;
    for (int i = 0; i < READ; i++) {
        float l = want[2 * i], r = want[2 * i + 1];
        float w = channel == CHANNEL_LEFT ? l : channel == CHANNEL_RIGHT ? r : (l + r) / 2;
        assert_true(got[2 * i + output] == w);
        loudest = w > loudest ? w : loudest;
    }
    assert_true(hash[0] ? loudest > 0.01f : loudest == 0);
}

static void without_a_map_it_is_the_kiosks_language_in_stereo(void **state)
{
    int track = library_track(library, 0);
    assert_plays(track, 0, EN, CHANNEL_LEFT);
    assert_plays(track, 1, EN, CHANNEL_RIGHT);
    assert_int_equal(library_track(library, 0), track);
}

static void each_output_has_its_language(void **state)
{
    map("de", CHANNEL_LEFT, "", CHANNEL_MONO);
    int track = library_track(library, 0);
    assert_plays(track, 0, DE, CHANNEL_LEFT);
    assert_plays(track, 1, EN, CHANNEL_MONO);
}

static void channels_of_one_language_cross_mix_and_are_left_out(void **state)
{
    map("de", CHANNEL_RIGHT, "de", CHANNEL_LEFT);
    int track = library_track(library, 0);
    assert_plays(track, 0, DE, CHANNEL_RIGHT);
    assert_plays(track, 1, DE, CHANNEL_LEFT);
    map("de", CHANNEL_MONO, "de", CHANNEL_NONE);
    track = library_track(library, 0);
    assert_plays(track, 0, DE, CHANNEL_MONO);
    assert_plays(track, 1, "", CHANNEL_NONE);
    map("", CHANNEL_NONE, "", CHANNEL_NONE);
    track = library_track(library, 0);
    assert_true(track > 0);
    assert_plays(track, 0, "", CHANNEL_NONE);
}

// So that the plan splices them with fades.
static void another_map_is_another_track_and_the_old_one_goes_on(void **state)
{
    int before = library_track(library, 0);
    map("de", CHANNEL_LEFT, "de", CHANNEL_RIGHT);
    int after = library_track(library, 0);
    assert_true(before > 0 && after > 0 && before != after);
    assert_plays(before, 0, EN, CHANNEL_LEFT);
    assert_plays(after, 0, DE, CHANNEL_LEFT);
    map("", CHANNEL_LEFT, "", CHANNEL_RIGHT);
    assert_int_equal(library_track(library, 0), before);
}

static void a_language_on_its_way_is_silent_on_its_output_alone(void **state)
{
    char away[200];
    snprintf(away, sizeof away, "%s/away", dir);
    assert_int_equal(rename(path_of(DE, "opus"), away), 0);
    map("de", CHANNEL_LEFT, "en", CHANNEL_RIGHT);
    int track = library_track(library, 0);
    assert_plays(track, 0, "", CHANNEL_NONE);
    assert_plays(track, 1, EN, CHANNEL_RIGHT);
    assert_int_equal(rename(away, path_of(DE, "opus")), 0);
    int whole = library_track(library, 0);
    assert_int_not_equal(track, whole);
    assert_plays(whole, 0, DE, CHANNEL_LEFT);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void what_is_not_here_is_no_track(void **state)
{
    assert_int_equal(library_track(library, 1), -1);
    assert_int_equal(library_track(library, -1), -1);
    assert_int_equal(unlink(path_of(EN, "opus")), 0);
    map("", CHANNEL_LEFT, "", CHANNEL_NONE);
    assert_int_equal(library_track(library, 0), -1);
    assert_false(library_lost(library));
}

// The bytes are not those of its hash any more: it is thrown away and wished for again.
static void a_rotted_track_makes_way_for_a_good_one(void **state)
{
    write_text(path_of(EN, "opus"), "no opus");
    map("", CHANNEL_LEFT, "de", CHANNEL_LEFT);
    int track = library_track(library, 0);
    assert_plays(track, 0, "", CHANNEL_NONE);
    assert_plays(track, 1, DE, CHANNEL_LEFT);
    assert_int_equal(access(path_of(EN, "opus"), F_OK), -1);
    assert_true(library_lost(library));
    assert_false(library_lost(library));
    map("", CHANNEL_LEFT, "", CHANNEL_NONE);
    assert_int_equal(library_track(library, 0), -1);
    write_track(EN, 1); // it has come again
    assert_plays(library_track(library, 0), 0, EN, CHANNEL_LEFT);
}

static void a_rotted_tour_is_thrown_away(void **state)
{
    write_text(path_of(TOUR, "json"), "{\"format\":");
    assert_false(library_tour(library, ""));
    assert_false(library_tour(library, TOUR));
    assert_true(library_lost(library));
    assert_false(library_has(library, TOUR));
    write_tour();
    assert_true(library_tour(library, TOUR));
    assert_false(library_lost(library));
}

// To fetch it again would bring the same.
static void what_was_bad_from_the_start_stays(void **state)
{
    write_text(path_of(HELLO, "json"), "hello");
    assert_false(library_tour(library, HELLO));
    assert_false(library_lost(library));
    assert_true(library_has(library, HELLO));
}

static void both_languages_are_wished(void **state)
{
    static struct fetch_wish wishes[FETCH_WISHES_MAX];
    assert_int_equal(library_wishes(library, 0, -1, wishes), 2);
    assert_string_equal(wishes[1].name.hash, EN);
    map("de", CHANNEL_LEFT, "en", CHANNEL_MONO);
    assert_int_equal(library_wishes(library, 0, -1, wishes), 3);
    assert_string_equal(wishes[1].name.hash, DE);
    map("de", CHANNEL_LEFT, "en", CHANNEL_NONE);
    assert_int_equal(library_wishes(library, 0, -1, wishes), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_map_it_is_the_kiosks_language_in_stereo),
        TEST(each_output_has_its_language),
        TEST(channels_of_one_language_cross_mix_and_are_left_out),
        TEST(another_map_is_another_track_and_the_old_one_goes_on),
        TEST(a_language_on_its_way_is_silent_on_its_output_alone),
        TEST(what_is_not_here_is_no_track),
        TEST(a_rotted_track_makes_way_for_a_good_one),
        TEST(a_rotted_tour_is_thrown_away),
        TEST(what_was_bad_from_the_start_stays),
        TEST(both_languages_are_wished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
