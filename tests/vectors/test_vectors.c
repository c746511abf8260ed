// SPDX-License-Identifier: Apache-2.0
// The wire as it is written down: every example of docs/PROTOCOL.md and every golden vector.
#include "tests/unit/unit.h"

#include "common/wire/tour.h"
#include "common/wire/wire.h"

#include <jansson.h>
#include <string.h>

static char *read_file(const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t len = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(len + 1);
    assert_int_equal(fread(text, 1, len, f), len);
    text[len] = '\0';
    fclose(f);
    return text;
}

// Decodes, encodes, and wants the same object back.
static void check_round_trip(const char *type, const char *text, size_t len)
{
    struct wire_message m;
    char detail[120];
    enum err e = wire_decode(text, len, &m, detail, sizeof detail);
    if (e != ERR_OK)
        fail_msg("%s: %s (%s)", type, err_code(e), detail);
    struct bytes out;
    bytes_init(&out, WIRE_MESSAGE_MAX);
    assert_true(wire_encode(&m, &out));
    json_t *before = json_loadb(text, len, 0, NULL),
           *after = json_loadb(out.data, out.len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(before, "type")), type);
    // Defaults and the version of the protocol are said by the encoder even when left out.
    const char *key;
    json_t *value;
    json_object_foreach(before, key, value)
    {
        if (!json_equal(value, json_object_get(after, key)))
            fail_msg("%s: %s is lost or changed: %s", type, key, out.data);
    }
    json_decref(before);
    json_decref(after);
    bytes_free(&out);
}

static void check_example(const char *name, const char *text, size_t len)
{
    if (strcmp(name, "house") == 0) {
        json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(j);
        json_decref(j);
    } else if (strcmp(name, "tour") == 0) {
        char why[120] = "";
        struct tour *t = tour_parse(text, len, why, sizeof why);
        if (!t)
            fail_msg("%s", why);
        tour_free(t);
    } else {
        check_round_trip(name, text, len);
    }
}

static void every_example_of_the_protocol_is_true(void **state)
{
    (void)state;
    char *text = read_file("docs/PROTOCOL.md"), *p = text;
    static const char *const kinds[] = {
        "hello",    "command", "report", "keep", "forget", "welcome", "session", "state",
        "ack",      "error",   "bye",    "zone", "hand",   "react",   "ask",     "lead",
        "audience", "guide",   "house",  "tour", "prove",  "proof",   "new",     "identify"};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    int seen[KINDS] = {0};
    while ((p = strstr(p, "\n```json "))) {
        char name[32] = "";
        assert_int_equal(sscanf(p, "\n```json %31s", name), 1);
        char *from = strchr(p + 1, '\n') + 1, *to = strstr(from, "\n```");
        assert_non_null(to);
        check_example(name, from, (size_t)(to - from));
        for (int i = 0; i < KINDS; i++)
            seen[i] += strcmp(kinds[i], name) == 0;
        p = to;
    }
    for (int i = 0; i < KINDS; i++) {
        if (!seen[i])
            fail_msg("docs/PROTOCOL.md has no example of %s", kinds[i]);
    }
    free(text);
}

static void golden_messages_are_read_as_written(void **state)
{
    (void)state;
    char *text = read_file("tests/vectors/wire.json");
    json_t *j = json_loads(text, 0, NULL), *one;
    size_t i;
    json_array_foreach(json_object_get(j, "messages"), i, one)
    {
        struct wire_message m;
        json_t *message = json_object_get(one, "text");
        const char *want = json_string_value(json_object_get(one, "result"));
        enum err e =
            wire_decode(json_string_value(message), json_string_length(message), &m, NULL, 0);
        if (strcmp(err_code(e), want) != 0)
            fail_msg("%s: %s, wanted %s", json_string_value(message), err_code(e), want);
    }
    assert_true(i > 20);
    json_decref(j);
    free(text);
}

static int64_t number(json_t *j, const char *key)
{
    return json_integer_value(json_object_get(j, key));
}

static struct tl_part read_part(json_t *j)
{
    json_t *v = json_object_get(j, "vec");
    return (struct tl_part){
        .cue = (int32_t)number(j, "cue"),
        .dur_us = number(j, "dur"),
        .vec = {number(v, "p0"), {number(v, "t0")}, (int32_t)number(v, "rate")}};
}

static void golden_timelines_are_computed_as_written(void **state)
{
    (void)state;
    char *text = read_file("tests/vectors/timeline.json");
    json_t *j = json_loads(text, 0, NULL), *one;
    size_t i;
    json_array_foreach(json_object_get(j, "cases"), i, one)
    {
        json_t *next = json_object_get(one, "next");
        struct timeline tl = {.now = read_part(json_object_get(one, "now")),
                              .has_next = next != NULL};
        if (next) {
            tl.next = read_part(next);
            tl.next_at.us = number(next, "at");
        }
        house_t at = {number(one, "at")};
        const struct tl_part *p = tl_part_at(&tl, at);
        assert_int_equal(p->cue, number(one, "cue"));
        assert_int_equal(tl_position_us(&p->vec, p->dur_us, at), number(one, "position"));
        assert_int_equal(tl_sounds(p, at), json_is_true(json_object_get(one, "sounds")));
    }
    assert_true(i > 8);
    json_decref(j);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_the_protocol_is_true),
        cmocka_unit_test(golden_messages_are_read_as_written),
        cmocka_unit_test(golden_timelines_are_computed_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
