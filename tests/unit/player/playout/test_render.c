// SPDX-License-Identifier: Apache-2.0
// A track whose sample at frame f is f/1e6 shows which frame is where.
#include "player/playout/render.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int reads;

static void read_ramp(void *user, int track, int64_t frame, int n, float *stereo)
{
    reads++;
    for (int i = 0; i < n; i++)
        stereo[2 * i] = stereo[2 * i + 1] = (float)(track + 1) * (float)(frame + i) / 1e6f;
}

static void all(struct render *r, int64_t from, int64_t to)
{
    while (render_step(r, from, to))
        ;
}

static float at(struct program *p, int64_t frame)
{
    float l, r;
    struct program_reading got = program_read(p, frame, 1, &l, &r);
    assert_int_equal(got.missing, 0);
    return l;
}

static struct plan one(int64_t from, int64_t to, int64_t shift, int track)
{
    return (struct plan){1, {{from, to, shift, track, false, false, {0}}}};
}

static void frames_are_where_the_plan_puts_them(void **state)
{
    struct program *p = program_create();
    struct render *r = render_create(p, (struct render_source){NULL, read_ramp});
    struct plan plan = one(1000, 20000, -1000, 0);
    render_plan(r, &plan, 0);
    all(r, 0, 24000);
    assert_true(at(p, 999) == 0 && at(p, 1001) == 1e-6f);
    assert_true(at(p, 19999) == 18999 / 1e6f && at(p, 20000) == 0);
    assert_int_equal(render_end(r), 24000);
    render_destroy(r);
    program_destroy(p);
}

static void only_what_changed_is_rendered_again(void **state)
{
    struct program *p = program_create();
    struct render *r = render_create(p, (struct render_source){NULL, read_ramp});
    struct plan plan = one(0, 100000, 0, 0), cut = one(0, 20000, 0, 0);
    cut.segments[0].fade_out = true;
    render_plan(r, &plan, 0);
    all(r, 0, 48000);
    reads = 0;
    render_plan(r, &cut, 10000);
    all(r, 10000, 48000);
    assert_in_range(reads, 1, 2); // the block that holds the fade, and no other with sound
    assert_true(at(p, 20000 - PLAN_FADE - 1) == (20000 - PLAN_FADE - 1) / 1e6f);
    assert_true(at(p, 20000) == 0 && at(p, 47999) == 0);
    render_destroy(r);
    program_destroy(p);
}

static void a_house_time_set_back_is_rendered_there(void **state)
{
    struct program *p = program_create();
    struct render *r = render_create(p, (struct render_source){NULL, read_ramp});
    struct plan plan = one(0, INT64_C(1) << 40, 0, 0);
    render_plan(r, &plan, 0);
    all(r, 480000000, 480048000);
    all(r, 4800, 9600);
    assert_true(at(p, 4800) == 4800 / 1e6f);
    render_destroy(r);
    program_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_where_the_plan_puts_them),
        cmocka_unit_test(only_what_changed_is_rendered_again),
        cmocka_unit_test(a_house_time_set_back_is_rendered_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
