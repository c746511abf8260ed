// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "player/watch.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct program *program;
static struct render *render;
static struct timeline timeline;
static struct playout_stats playout;
static struct link_stats link_now;
static struct watch_view view;

static void silence(void *user, int track, int64_t frame, int n, float *stereo)
{
    memset(stereo, 0, 2 * (size_t)n * sizeof *stereo);
}

static int track_one(void *user, int32_t cue, struct plan_fades *fades)
{
    return 1;
}

static int set_up(void **state)
{
    program = program_create();
    render = render_create(program, (struct render_source){NULL, silence});
    timeline = (struct timeline){.now = {0, 60000000, {0, {1000000}, 1}}};
    playout = (struct playout_stats){.running = true, .state = STEER_LOCK, .error_ns = -1500};
    link_now = (struct link_stats){.joined = true, .via = WIRE_VIA_UDP, .rtt_us = 80};
    view = (struct watch_view){.now = {3000000},
                               .timeline = &timeline,
                               .render = render,
                               .playout = &playout,
                               .link = &link_now,
                               .lang = "en",
                               .prep_us = 40000};
    return 0;
}

static int tear_down(void **state)
{
    render_destroy(render);
    program_destroy(program);
    return 0;
}

static void the_servo_is_told_in_words_of_the_wire(void **state)
{
    static const struct {
        enum steer_state is;
        enum wire_via via;
        bool gone;
        enum wire_servo said;
    } cases[] = {
        {STEER_IDLE, WIRE_VIA_UDP, false, WIRE_SERVO_SILENT},
        {STEER_ACQUIRE, WIRE_VIA_UDP, false, WIRE_SERVO_ACQUIRE},
        {STEER_LOCK, WIRE_VIA_WS, false, WIRE_SERVO_LOCK},
        {STEER_LOCK, WIRE_VIA_NONE, false, WIRE_SERVO_HOLDOVER},
        {STEER_DEGRADED, WIRE_VIA_UDP, false, WIRE_SERVO_DEGRADED},
        {STEER_LOCK, WIRE_VIA_UDP, true, WIRE_SERVO_SILENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        playout.state = cases[i].is;
        playout.gone = cases[i].gone;
        link_now.via = cases[i].via;
        assert_int_equal(watch_report(&view).servo, cases[i].said);
    }
}

static void what_plays_and_where(void **state)
{
    assert_int_equal(watch_report(&view).playing, PLAYING_FETCHING); // nothing is planned
    struct plan plan;
    plan_build(&plan, &timeline, track_one, NULL);
    render_plan(render, &plan, 0);
    struct wire_report r = watch_report(&view);
    assert_int_equal(r.playing, PLAYING_SOUND);
    assert_int_equal(r.position_us, 2000000 - 1); // as heard
    timeline.now.vec.rate = 0;
    assert_int_equal(watch_report(&view).playing, PLAYING_SILENT);
    view.timeline = NULL;
    assert_int_equal(watch_report(&view).playing, PLAYING_IDLE);
}

// A report that the box does not read is worse than one that is off.
static void no_figure_leaves_what_a_report_may_say(void **state)
{
    playout.dac_ppb = INT64_C(1) << 40;
    playout.corr_ppb = -(INT64_C(1) << 40);
    playout.missing = -5;
    link_now.rtt_us = -3;
    link_now.uncertainty_us = -1;
    view.prep_us = INT64_C(1) << 40;
    struct wire_message m = {.type = WIRE_REPORT, .u.report = watch_report(&view)}, back;
    struct bytes text;
    char why[200];
    bytes_init(&text, WIRE_MESSAGE_MAX);
    assert_true(wire_encode(&m, &text));
    assert_int_equal(wire_decode(text.data, text.len, &back, why, sizeof why), ERR_OK);
    bytes_free(&text);
}

static void a_trace_is_a_table_with_a_ceiling(void **state)
{
    char dir[] = "/tmp/rt-trace-XXXXXX", path[60], old[70], why[200], line[400];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/trace.csv", dir);
    snprintf(old, sizeof old, "%s.1", path);
    struct wire_report r = watch_report(&view);
    for (int start = 0; start < 2; start++) { // the second goes on where the first ended
        struct watch_trace *t = watch_trace_open(path, why, sizeof why);
        assert_non_null(t);
        watch_trace_line(t, &view, &r);
        watch_trace_close(t);
    }
    FILE *f = fopen(path, "r");
    int lines = 0, columns = 0;
    while (fgets(line, sizeof line, f)) {
        int commas = 0;
        for (const char *c = line; *c; c++)
            commas += *c == ',';
        assert_true(lines == 0 || commas == columns);
        columns = commas;
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, 3);
    assert_int_equal(truncate(path, WATCH_TRACE_MAX), 0);
    struct watch_trace *t = watch_trace_open(path, why, sizeof why);
    watch_trace_line(t, &view, &r);
    watch_trace_line(t, &view, &r);
    watch_trace_close(t);
    struct stat st;
    assert_int_equal(stat(old, &st), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 1000);
    assert_null(watch_trace_open("/proc/nowhere/x", why, sizeof why));
    unlink(path);
    unlink(old);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_servo_is_told_in_words_of_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_plays_and_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_figure_leaves_what_a_report_may_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trace_is_a_table_with_a_ceiling, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
