// SPDX-License-Identifier: Apache-2.0
// The file is made here, of noise: every place in it is like no other.
#include "player/track/decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <opusenc.h>
#include <unistd.h>

enum { FRAMES = 5 * 48000, LEAD = 777 };
static char path[] = "/tmp/rt-decode-XXXXXX";
static float *track;

// Low-passed twice, so that Opus keeps it.
static int set_up(void **state)
{
    track = calloc(2 * FRAMES, sizeof *track);
    unsigned seed = 5;
    float low = 0, lower = 0;
    for (int i = 0; i < FRAMES; i++) {
        float white = (float)rand_r(&seed) / (float)RAND_MAX - 0.5f;
        low += 0.05f * (white - low);
        lower += 0.05f * (low - lower);
        track[2 * i] = track[2 * i + 1] = 8 * lower;
    }
    close(mkstemp(path));
    OggOpusComments *comments = ope_comments_create();
    int error;
    OggOpusEnc *enc = ope_encoder_create_file(path, comments, 48000, 2, 0, &error);
    if (!enc)
        return 1;
    ope_encoder_ctl(enc, OPUS_SET_BITRATE(192000));
    ope_encoder_write_float(enc, track, FRAMES);
    ope_encoder_drain(enc);
    ope_encoder_destroy(enc);
    ope_comments_destroy(comments);
    return 0;
}

static int tear_down(void **state)
{
    free(track);
    return unlink(path);
}

static struct decoder *open_track(void)
{
    enum err why;
    struct decoder *d = decoder_open(path, &why);
    assert_non_null(d);
    return d;
}

static void its_length_is_exact(void **state)
{
    struct decoder *d = open_track();
    assert_int_equal(decoder_frames(d), FRAMES);
    decoder_close(d);
}

// The lag, in frames, at which the decoded sound fits the original best.
static int lag(const float *got, int64_t at, int n)
{
    int best = 0;
    double least = INFINITY;
    for (int l = -20; l <= 20; l++) {
        double sum = 0;
        for (int i = 20; i < n - 20; i++) {
            double d = got[2 * i] - track[2 * (at + i + l)];
            sum += d * d;
        }
        if (sum < least) {
            least = sum;
            best = l;
        }
    }
    return best;
}

static void any_place_is_found_to_the_frame(void **state)
{
    static float got[2 * 4800];
    struct decoder *d = open_track();
    for (int64_t at = LEAD; at + 4800 < FRAMES; at += 34567) {
        decoder_read(d, at, 4800, got);
        assert_int_equal(lag(got, at, 4800), 0);
    }
    decoder_read(d, 48000, 4800, got); // and backwards
    assert_int_equal(lag(got, 48000, 4800), 0);
    decoder_close(d);
}

static void blocks_read_on_are_the_same_as_one_read(void **state)
{
    static float one[2 * 48000], many[2 * 48000];
    struct decoder *a = open_track(), *b = open_track();
    decoder_read(a, 0, 48000, one);
    for (int i = 0; i < 100; i++)
        decoder_read(b, i * 480, 480, many + (ptrdiff_t)2 * 480 * i);
    assert_memory_equal(one, many, sizeof one);
    decoder_close(a);
    decoder_close(b);
}

static void outside_of_the_track_is_silence(void **state)
{
    float got[2 * 480];
    struct decoder *d = open_track();
    decoder_read(d, FRAMES - 100, 480, got);
    double inside = 0;
    for (int i = 0; i < 200; i++)
        inside += fabsf(got[i]);
    assert_true(inside > 0);
    for (int i = 200; i < 960; i++)
        assert_true(got[i] == 0);
    decoder_read(d, -100000, 480, got);
    decoder_read(d, FRAMES + 100000, 480, got);
    for (int i = 0; i < 960; i++)
        assert_true(got[i] == 0);
    decoder_close(d);
}

static void what_is_no_opus_is_refused(void **state)
{
    enum err why;
    assert_null(decoder_open("/nowhere/at/all", &why));
    assert_int_equal(why, ERR_NOT_FOUND);
    assert_null(decoder_open("/proc/self/exe", &why));
    assert_int_equal(why, ERR_BAD_AUDIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_length_is_exact),
        cmocka_unit_test(any_place_is_found_to_the_frame),
        cmocka_unit_test(blocks_read_on_are_the_same_as_one_read),
        cmocka_unit_test(outside_of_the_track_is_silence),
        cmocka_unit_test(what_is_no_opus_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
