// SPDX-License-Identifier: Apache-2.0
#include "player/sink/sink.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

static float silence[2 * 480];

static mono_t now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
    return (mono_t){ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec};
}

static void it_keeps_the_pace_of_its_crystal(void **state)
{
    struct sink_wish wish = {48000, 10000, 40000};
    struct sink *s = sink_null_open(900, &wish);
    int64_t first, last;
    mono_t from, to;
    assert_int_equal(s->period, 480);
    assert_false(s->ops->position(s, &first, &from));
    for (int i = 0; i < 4; i++) // fills the buffer; then it runs
        assert_int_equal(s->ops->write(s, silence, 480), SINK_OK);
    assert_true(s->ops->position(s, &first, &from));
    int written = 4 * 480;
    for (int i = 0; i < 50; i++) {
        enum sink_result r = s->ops->write(s, silence, 480);
        if (r == SINK_RESTARTED) { // a machine that stood still for 40 ms: measure from here
            s->ops->write(s, silence, 480);
            s->ops->write(s, silence, 480);
            s->ops->write(s, silence, 480);
            assert_true(s->ops->position(s, &first, &from));
            written = 4 * 480;
            i = 0;
            continue;
        }
        written += 480;
    }
    assert_true(s->ops->position(s, &last, &to));
    assert_true(last <= written && last >= written - 480 * 5);
    double seconds = (double)mono_diff_ns(to, from) / 1e9;
    double ppm = ((double)(last - first) / seconds / 48000 - 1) * 1e6;
    assert_true(fabs(ppm - 900) < 2 * 1e6 / 48000 / seconds + 1); // two frames of rounding
    s->ops->close(s);
}

static void a_writer_that_is_late_is_told(void **state)
{
    struct sink_wish wish = {48000, 10000, 20000};
    struct sink *s = sink_null_open(0, &wish);
    int64_t frame;
    mono_t at, begin;
    s->ops->write(s, silence, 480);
    s->ops->write(s, silence, 480);
    begin = now();
    while (mono_diff_ns(now(), begin) < 30000000)
        ;
    assert_int_equal(s->ops->write(s, silence, 480), SINK_RESTARTED);
    assert_false(s->ops->position(s, &frame, &at));
    assert_int_equal(s->ops->write(s, silence, 480), SINK_OK);
    assert_true(s->ops->position(s, &frame, &at));
    assert_true(frame >= 0 && frame < 480 * 2);
    s->ops->close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_the_pace_of_its_crystal),
        cmocka_unit_test(a_writer_that_is_late_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
