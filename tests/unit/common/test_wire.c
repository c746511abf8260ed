// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/wire/stamp.h"
#include "common/wire/wire.h"

#include <string.h>

static enum err decode(const char *text)
{
    struct wire_message m;
    return wire_decode(text, strlen(text), &m, NULL, 0);
}

static void bad_messages_get_the_right_code(void **state)
{
    (void)state;
#define CMD "\"cmd_id\":\"0123456789abcdef0123456789abcdef\""
    static const struct {
        const char *text;
        enum err err;
    } cases[] = {
        {"", ERR_BAD_JSON},
        {"null", ERR_BAD_JSON},
        {"[]", ERR_BAD_JSON},
        {"{\"type\":\"report\",\"type\":\"report\"}", ERR_BAD_JSON},
        {"{\"type\":\"report\",\"playing\":\"so\\u0000und\"}", ERR_BAD_JSON},
        {"{\"type\":\"report\",\"playing\":\"\xff\"}", ERR_BAD_JSON},
        {"{\"type\":\"report\",\"playing\":\"sound\",\"rtt_us\":1e999}", ERR_BAD_JSON},
        {"{\"type\":\"report\",\"playing\":\"sound\",\"rtt_us\":NaN}", ERR_BAD_JSON},
        {"{}", ERR_BAD_MESSAGE},
        {"{\"type\":7}", ERR_BAD_MESSAGE},
        {"{\"type\":\"dance\"}", ERR_UNKNOWN_TYPE},
        {"{\"type\":\"hello\",\"v\":2,\"role\":\"visitor\",\"code\":\"1\"}", ERR_BAD_VERSION},
        {"{\"type\":\"hello\",\"v\":1,\"role\":\"king\",\"code\":\"1\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"hello\",\"v\":1,\"role\":\"visitor\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"hello\",\"v\":1,\"role\":\"kiosk\",\"code\":\"1\",\"link\":\"x\"}",
         ERR_BAD_MESSAGE},
        {"{\"type\":\"hello\",\"v\":1,\"role\":\"visitor\",\"code\":\"1\",\"lang\":\"D E\"}",
         ERR_BAD_MESSAGE},
        {"{\"type\":\"command\",\"do\":\"play\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\",\"cmd_id\":\"short\",\"do\":\"play\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"explode\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"seek\"}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"seek\",\"position\":-1}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"seek\",\"position\":1.5}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"play\",\"at\":9007199254740992}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"play\",\"if_rev\":[1]}", ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"play\",\"group\":\"../etc\"}", ERR_BAD_MESSAGE},
#define KEY "\"key\":\"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo\""
#define WELCOME(time)                                                               \
    "{\"type\":\"welcome\",\"member\":\"m1\",\"role\":\"kiosk\",\"clock_epoch\":1," \
    "\"house_now\":0,\"time\":" time "}"
        {WELCOME("{" KEY ",\"id\":\"00000000000000ff\"}"), ERR_OK},
        {WELCOME("{" KEY ",\"id\":\"0000000000000000\"}"), ERR_BAD_MESSAGE},
        {WELCOME("{" KEY ",\"id\":\"0x000000000000ff\"}"), ERR_BAD_MESSAGE},
        {WELCOME("{" KEY ",\"id\":\"ff\"}"), ERR_BAD_MESSAGE},
        {WELCOME("{" KEY "}"), ERR_BAD_MESSAGE},
        {WELCOME("{\"key\":\"short\",\"id\":\"00000000000000ff\"}"), ERR_BAD_MESSAGE},
        {WELCOME("{}"), ERR_BAD_MESSAGE},
        {WELCOME("7"), ERR_BAD_MESSAGE},
        {"{\"type\":\"command\"," CMD ",\"do\":\"play\",\"unknown\":[1,{\"x\":2}]}", ERR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum err e = decode(cases[i].text);
        if (e != cases[i].err)
            fail_msg("%s: %s, wanted %s", cases[i].text, err_code(e), err_code(cases[i].err));
    }
}

static void size_and_depth_are_bounded_before_parsing(void **state)
{
    (void)state;
    static char big[WIRE_MESSAGE_MAX + 2], deep[200];
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(decode(big), ERR_TOO_LARGE);
    strcpy(deep, "{\"type\":\"report\",\"playing\":\"sound\",\"x\":");
    for (int i = 0; i < 16; i++)
        strcat(deep, "[");
    for (int i = 0; i < 16; i++)
        strcat(deep, "]");
    strcat(deep, "}");
    assert_int_equal(decode(deep), ERR_BAD_JSON);
    assert_int_equal(
        decode("{\"type\":\"report\",\"playing\":\"sound\",\"x\":\"[[[[[[[[[[[[[[[[[[[\"}"),
        ERR_OK);
}

static void refused_command_keeps_its_id_for_the_answer(void **state)
{
    (void)state;
    struct wire_message m;
    char detail[120];
    const char *text = "{\"type\":\"command\"," CMD ",\"do\":\"seek\"}";
    assert_int_equal(wire_decode(text, strlen(text), &m, detail, sizeof detail), ERR_BAD_MESSAGE);
    assert_string_equal(m.u.command.cmd_id, "0123456789abcdef0123456789abcdef");
    assert_string_equal(detail, "position: missing");
}

// Garbage in every shape must be survived; what decodes must encode and decode to the same.
static void mutated_messages_never_break_the_decoder(void **state)
{
    (void)state;
    static const char *const seeds[] = {
        "{\"type\":\"hello\",\"v\":1,\"role\":\"visitor\",\"code\":\"123 456 "
        "789\",\"lang\":\"de\"}",
        "{\"type\":\"command\"," CMD ",\"do\":\"seek\",\"position\":30000000,\"if_rev\":[1,2]}",
        "{\"type\":\"state\",\"group\":\"w\",\"epoch\":1,\"rev\":3,\"clock_epoch\":1,\"mode\":"
        "\"running\",\"cue\":0,\"dur\":75,\"vec\":{\"p0\":0,\"t0\":1,\"rate\":1},\"next\":{\"at\":"
        "9,"
        "\"mode\":\"ended\",\"cue\":0,\"dur\":75,\"vec\":{\"p0\":75,\"t0\":9,\"rate\":0}}}",
    };
    unit_seed();
    int accepted = 0;
    for (int round = 0; round < 30000; round++) {
        char text[600];
        snprintf(text, sizeof text, "%s", seeds[unit_below(3)]);
        size_t len = strlen(text);
        for (int64_t n = unit_below(4); n >= 0; n--)
            text[unit_below((int64_t)len)] = (char)unit_below(256);
        struct wire_message m, again;
        if (wire_decode(text, len, &m, NULL, 0) != ERR_OK)
            continue;
        accepted++;
        struct bytes out;
        bytes_init(&out, WIRE_MESSAGE_MAX);
        assert_true(wire_encode(&m, &out));
        assert_int_equal(wire_decode(out.data, out.len, &again, NULL, 0), ERR_OK);
        assert_int_equal(again.type, m.type);
        bytes_free(&out);
    }
    printf("%d accepted\n", accepted);
    assert_true(accepted > 0);
}

static void encoding_beyond_the_ceiling_leaves_the_buffer_alone(void **state)
{
    (void)state;
    struct wire_message m = {.type = WIRE_BYE, .u.bye = {"restarting", 1000}};
    struct bytes out;
    bytes_init(&out, 20);
    assert_true(bytes_append(&out, "before", 6));
    assert_false(wire_encode(&m, &out));
    assert_string_equal(out.data, "before");
    bytes_free(&out);
}

static void stamps_survive_the_wire_and_refuse_garbage(void **state)
{
    (void)state;
    uint8_t raw[STAMP_ANSWER_BYTES];
    struct stamp_question q = {4000000000u, -5}, q2;
    stamp_put_question(&q, raw);
    assert_memory_equal(raw, "RTQ\x01\x00\x28\x6b\xee\xfb\xff\xff\xff\xff\xff\xff\xff", 16);
    assert_true(stamp_get_question(raw, STAMP_QUESTION_BYTES, &q2));
    assert_int_equal(q2.seq, q.seq);
    assert_int_equal(q2.t1_ns, q.t1_ns);
    assert_false(stamp_get_question(raw, STAMP_QUESTION_BYTES - 1, &q2));
    raw[3] = 2;
    assert_false(stamp_get_question(raw, STAMP_QUESTION_BYTES, &q2));
    struct stamp_answer a = {7, 1, INT64_MAX, INT64_MIN, 9}, a2;
    stamp_put_answer(&a, raw);
    assert_true(stamp_get_answer(raw, STAMP_ANSWER_BYTES, &a2));
    assert_memory_equal(&a2.t2_house_ns, &a.t2_house_ns, sizeof a.t2_house_ns);
    assert_int_equal(a2.t3_house_ns, INT64_MIN);
    assert_int_equal(a2.clock_epoch, 9);
    assert_false(stamp_get_question(raw, STAMP_QUESTION_BYTES, &q2));
}

static void names_become_ids(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"The Weavers, 10:00", "the-weavers-10-00"},
        {"  a  b  ", "a-b"},
        {"\xc3\xa9t\xc3\xa9", "t"},
        {"---", "group"},
        {"", "group"},
        {"x", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[20];
        wire_id_from_text(cases[i][0], "group", id, sizeof id);
        assert_string_equal(id, cases[i][1]);
        assert_true(wire_id_valid(id));
    }
    char tight[6];
    wire_id_from_text("abcd efgh", "group", tight, sizeof tight);
    assert_string_equal(tight, "abcd");
}

// The state is written by hand: what comes back from it must be what went in.
static void states_survive_the_wire(void **state)
{
    (void)state;
    static const char *const names[] = {"", "Zo\xc3\xab", "\"a\\b\"", "a/b \"\" \\"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct wire_message m = {.type = WIRE_STATE}, back;
        struct wire_state *s = &m.u.state;
        memset(s->tour, 'a', WIRE_HASH_LEN);
        snprintf(s->group, sizeof s->group, "weavers");
        snprintf(s->guide, sizeof s->guide, "%s", i ? "m17" : "");
        snprintf(s->guide_name, sizeof s->guide_name, "%s", names[i]);
        s->epoch = UINT32_MAX;
        s->rev = WIRE_TIME_MAX;
        s->mode = MODE_RUNNING;
        s->timeline.now = (struct tl_part){
            .cue = -1, .dur_us = 7, .vec = {.p0_us = 0, .t0 = {WIRE_TIME_MAX}, .rate = 1}};
        s->timeline.has_next = i % 2 == 1;
        if (s->timeline.has_next) {
            s->timeline.next_at.us = 12;
            s->next_mode = MODE_HELD;
            s->timeline.next = (struct tl_part){.cue = INT32_MAX, .dur_us = WIRE_TIME_MAX};
        }
        struct bytes text;
        bytes_init(&text, WIRE_MESSAGE_MAX);
        assert_true(wire_encode(&m, &text));
        char why[100];
        enum err e = wire_decode(text.data, text.len, &back, why, sizeof why);
        if (e != ERR_OK)
            fail_msg("%s: %s", text.data, why);
        assert_string_equal(back.u.state.guide_name, names[i]);
        struct bytes again;
        bytes_init(&again, WIRE_MESSAGE_MAX);
        assert_true(wire_encode(&back, &again));
        assert_string_equal(text.data, again.data);
        assert_int_equal(back.u.state.rev, WIRE_TIME_MAX);
        assert_int_equal(back.u.state.timeline.has_next, i % 2);
        assert_int_equal(back.u.state.timeline.next.dur_us, i % 2 ? WIRE_TIME_MAX : 0);
        bytes_free(&text);
        bytes_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_messages_get_the_right_code),
        cmocka_unit_test(size_and_depth_are_bounded_before_parsing),
        cmocka_unit_test(refused_command_keeps_its_id_for_the_answer),
        cmocka_unit_test(mutated_messages_never_break_the_decoder),
        cmocka_unit_test(encoding_beyond_the_ceiling_leaves_the_buffer_alone),
        cmocka_unit_test(states_survive_the_wire),
        cmocka_unit_test(names_become_ids),
        cmocka_unit_test(stamps_survive_the_wire_and_refuse_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
