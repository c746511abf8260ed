// SPDX-License-Identifier: Apache-2.0
// The playing thread on a card in virtual time: it is let go on for so many periods, and what it
// wrote is looked at. So nothing here depends on how busy the machine is.
#include "player/playout/playout.h"

#include "tests/unit/unit.h"

#include <math.h>
#include <semaphore.h>
#include <string.h>

enum { RATE = 48000, PERIOD = 480, HELD = 6 * PERIOD, PERIODS_MAX = 400 };

struct card {
    struct sink sink;
    sem_t allowed, written;
    _Atomic bool ends; // it waits for nobody any more
    float left[PERIODS_MAX * PERIOD];
    int64_t frames;
};

static struct card card;
static struct clockmap clockmap;
static struct program *program;
static struct playout *playout;
static int64_t seen; // frames that the test has asked for

static enum sink_result card_write(struct sink *s, const float *stereo, int n)
{
    if (!card.ends)
        sem_wait(&card.allowed);
    for (int i = 0; i < n; i++)
        card.left[(card.frames + i) % (PERIODS_MAX * PERIOD)] = stereo[2 * i];
    card.frames += n;
    sem_post(&card.written);
    return SINK_OK;
}

// Full from the seventh period on, and it takes one when it has played one.
static bool card_position(struct sink *s, int64_t *frame, mono_t *at)
{
    *frame = card.frames - HELD;
    *at = (mono_t){*frame * 1000000 / 48};
    return *frame >= 0;
}

static void card_close(struct sink *s)
{
    (void)s;
}

static void put(int64_t first, int64_t end, float (*sample)(int64_t frame))
{
    for (int64_t b = program_block_of(first); b <= program_block_of(end); b++) {
        struct program_block *block = program_take(program);
        assert_non_null(block);
        block->number = b;
        block->sounding = true;
        for (int i = 0; i < PROGRAM_BLOCK; i++)
            block->pcm[0][i] = block->pcm[1][i] = sample(b * PROGRAM_BLOCK + i);
        program_put(program, block);
    }
}

// House time is the card's plus a second.
static int set_up(void **state)
{
    static const struct sink_ops ops = {card_write, card_position, card_close};
    struct clock_map map = {.house_ns = 1000000000};
    memset(&card, 0, sizeof card);
    card.sink = (struct sink){&ops, RATE, PERIOD, HELD};
    sem_init(&card.allowed, 0, 0);
    sem_init(&card.written, 0, 0);
    seen = 0;
    clockmap_init(&clockmap);
    clockmap_publish(&clockmap, &map);
    program = program_create();
    playout = playout_start(&card.sink, program, &clockmap, NULL);
    return 0;
}

static int tear_down(void **state)
{
    card.ends = true;
    sem_post(&card.allowed);
    playout_stop(playout);
    program_destroy(program);
    return 0;
}

// The next periods' samples. What was set before counts from the second of them on: the first may
// be filled already.
static const float *run(int periods)
{
    const float *from = card.left + seen;
    for (int i = 0; i < periods; i++)
        sem_post(&card.allowed);
    for (int i = 0; i < periods; i++)
        sem_wait(&card.written);
    seen += (int64_t)periods * PERIOD;
    assert_true(seen < PERIODS_MAX * PERIOD);
    return from;
}

// Until it knows its card and plays, and some periods more.
static void settle(void)
{
    while (!playout_stats(playout).running)
        run(1);
    run(5);
}

static float steepest(const float *x, int n)
{
    float most = 0;
    for (int i = 1; i < n; i++)
        most = fmaxf(most, fabsf(x[i] - x[i - 1]));
    return most;
}

static float one(int64_t frame)
{
    return 1;
}

static float number_of(int64_t frame)
{
    return (float)(frame - RATE) * 1e-6f;
}

static void until_a_gain_is_set_there_is_silence(void **state)
{
    put(RATE, 2 * RATE, one);
    settle();
    const float *x = run(50);
    for (int i = 0; i < 50 * PERIOD; i++)
        assert_true(x[i] == 0);
}

static void gain_and_mute_move_without_a_click_and_never_above_one(void **state)
{
    // On a steady 1 any step shows; the resampler's ripple on it is below 1e-4.
    const float gains[] = {1, 0.25f, 0, 7, NAN, 0.5f, 1e9f};
    const float want[] = {1, 0.25f, 0, 1, 0, 0.5f, 1};
    put(RATE, 4 * RATE, one);
    settle();
    for (int i = 0; i < 7; i++) {
        playout_set_gain(playout, gains[i]);
        const float *x = run(20);
        assert_true(steepest(x, 20 * PERIOD) < 1e-3f);
        assert_true(fabsf(x[20 * PERIOD - 1] - want[i]) < 1e-4f);
        for (int k = 0; k < 20 * PERIOD; k++)
            assert_true(x[k] <= 1.0001f);
    }
}

static void a_large_trim_fades_jumps_fades_and_is_nobodys_fault(void **state)
{
    put(RATE, 4 * RATE, number_of);
    playout_set_gain(playout, 1);
    settle();
    const float *before = run(50);
    float last = before[50 * PERIOD - 1];
    playout_set_early(playout, 20000);
    const float *x = run(10);
    // 20 ms are 960 frames further on in the program; nowhere a step as large as that.
    float moved = (x[10 * PERIOD - 1] - last) * 1e6f - 10 * PERIOD;
    assert_true(fabsf(moved - 960) < 1);
    assert_true(steepest(x, 10 * PERIOD) < 960e-6f);
    assert_int_equal(playout_stats(playout).jumps, 0);
}

static void a_small_trim_is_glided_to(void **state)
{
    put(RATE, 5 * RATE, number_of);
    playout_set_gain(playout, 1);
    settle();
    run(50);
    playout_set_early(playout, -3000);
    const float *x = run(200);
    // Each frame is one further, as exactly as a float can tell.
    for (int i = 1; i < 200 * PERIOD; i++)
        assert_true(fabsf((x[i] - x[i - 1]) * 1e6f - 1) < 0.2f);
    assert_int_equal(playout_stats(playout).jumps, 0);
}

static void what_was_not_rendered_is_counted(void **state)
{
    put(RATE, RATE + 200 * PERIOD, one);
    settle();
    int64_t before = playout_stats(playout).missing;
    run(250);
    assert_true(playout_stats(playout).missing > before + 20 * PERIOD);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(until_a_gain_is_set_there_is_silence),
        TEST(gain_and_mute_move_without_a_click_and_never_above_one),
        TEST(a_large_trim_fades_jumps_fades_and_is_nobodys_fault),
        TEST(a_small_trim_is_glided_to),
        TEST(what_was_not_rendered_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
