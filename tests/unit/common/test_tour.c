// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "common/wire/tour.h"

#include <string.h>

#define H1 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define VARIANT(lang) \
    "{\"lang\":\"" lang "\",\"dur_us\":1000,\"opus\":\"" H1 "\",\"bytes\":9,\"seek\":\"" H1 "\"}"
#define LONGER(lang) \
    "{\"lang\":\"" lang "\",\"dur_us\":1001,\"opus\":\"" H1 "\",\"bytes\":9,\"seek\":\"" H1 "\"}"
#define TOUR_WITH(more, cues)                                                      \
    "{\"format\":\"roomtone.tour.v1\",\"id\":\"t\",\"title\":{\"en\":\"T\"}," more \
    "\"cues\":[" cues "]}"
#define TOUR(cues) TOUR_WITH("", cues)
#define CUE(end, variants)                                                                   \
    "{\"id\":\"c\",\"on_end\":\"" end "\",\"track\":{\"id\":\"k\",\"title\":{\"en\":\"C\"}," \
    "\"dur_us\":1000,\"variants\":[" variants "]}}"

static void pictures_are_named_by_their_hash(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool valid;
    } cases[] = {
        {H1 ".png", true}, {H1 ".webp", true}, {H1 ".svg", true}, {H1 ".jpg", true},
        {H1, false},       {H1 ".gif", false}, {H1 "png", false}, {"../" H1 ".png", false},
        {"", false},       {"x.png", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(tour_picture_valid(cases[i].name), cases[i].valid);
    const char *text = TOUR("{\"id\":\"c\",\"on_end\":\"stop\",\"picture\":\"" H1 ".svg\","
                            "\"track\":{\"id\":\"k\",\"title\":{\"en\":\"C\"},"
                            "\"dur_us\":1000,\"variants\":[" VARIANT("en") "]}}");
    char why[120];
    struct tour *t = tour_parse(text, strlen(text), why, sizeof why);
    assert_non_null(t);
    assert_string_equal(t->cues[0].picture, H1 ".svg");
    tour_free(t);
}

static void languages_fall_back(void **state)
{
    (void)state;
    const char *text = TOUR(CUE("stop", VARIANT("en") "," VARIANT("pt-br") "," VARIANT("de")));
    char why[120];
    struct tour *t = tour_parse(text, strlen(text), why, sizeof why);
    assert_non_null(t);
    assert_int_equal(t->cues[0].on_end, CUE_STOP);
    assert_string_equal(tour_choose(&t->cues[0], "de")->lang, "de");
    assert_string_equal(tour_choose(&t->cues[0], "de-at")->lang, "de");
    assert_string_equal(tour_choose(&t->cues[0], "pt")->lang, "pt-br");
    assert_string_equal(tour_choose(&t->cues[0], "ja")->lang, "en");
    assert_string_equal(tour_choose(&t->cues[0], "")->lang, "en");
    tour_free(t);
}

static void a_tour_says_what_a_kiosk_does_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tour_alone alone;
    } cases[] = {
        {TOUR(CUE("stop", VARIANT("en"))), ALONE_CONTINUE},
        {TOUR_WITH("\"alone\":\"continue\",", CUE("stop", VARIANT("en"))), ALONE_CONTINUE},
        {TOUR_WITH("\"alone\":\"finish\",", CUE("stop", VARIANT("en"))), ALONE_FINISH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[120];
        struct tour *t = tour_parse(cases[i].text, strlen(cases[i].text), why, sizeof why);
        assert_non_null(t);
        assert_int_equal(t->alone, cases[i].alone);
        tour_free(t);
    }
}

#define CUE_MORE(end, more)                             \
    "{\"id\":\"c\",\"on_end\":\"" end "\"," more        \
    "\"track\":{\"id\":\"k\",\"title\":{\"en\":\"C\"}," \
    "\"dur_us\":1000,\"variants\":[" VARIANT("en") "]}}"

static void gaps_fades_and_waiting_are_read(void **state)
{
    (void)state;
    const char *text = TOUR(CUE_MORE("next", "\"gap_us\":500,\"fade_in_us\":300,"
                                             "\"fade_out_us\":700,") ","        //
                            CUE_MORE("stop", "\"wait\":true,\"gap_us\":9,") "," //
                            CUE_MORE("next", "\"gap_us\":7,"));
    char why[120];
    struct tour *t = tour_parse(text, strlen(text), why, sizeof why);
    assert_non_null(t);
    assert_int_equal(t->cues[0].gap_us, 500);
    assert_int_equal(t->cues[0].fade_in_us, 300);
    assert_int_equal(t->cues[0].fade_out_us, 700);
    assert_int_equal(t->cues[1].on_end, CUE_WAIT);
    assert_int_equal(tour_gap_us(t, 0), 500);
    assert_int_equal(tour_gap_us(t, 1), 0);
    assert_int_equal(tour_gap_us(t, 2), 0); // nothing comes behind the last
    tour_free(t);
    static const char *const bad[] = {
        TOUR(CUE_MORE("next", "\"gap_us\":-1,")),
        TOUR(CUE_MORE("next", "\"gap_us\":600000001,")),
        TOUR(CUE_MORE("next", "\"fade_in_us\":600,\"fade_out_us\":401,")),
        TOUR(CUE_MORE("next", "\"wait\":1,")),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(tour_parse(bad[i], strlen(bad[i]), why, sizeof why));
}

static void bad_documents_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        TOUR(""),
        TOUR(CUE("explode", VARIANT("en"))),
        TOUR_WITH("\"alone\":\"sulk\",", CUE("stop", VARIANT("en"))),
        TOUR(CUE("stop", "")),
        TOUR(CUE("stop", VARIANT("EN"))),
        TOUR(CUE("stop", VARIANT("en") "," LONGER("de"))),
        TOUR("1"),
        TOUR(CUE("stop", "7")),
        "{\"format\":\"roomtone.tour.v2\",\"id\":\"t\",\"title\":{\"en\":\"T\"},\"cues\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char why[120] = "";
        assert_null(tour_parse(bad[i], strlen(bad[i]), why, sizeof why));
        assert_true(strlen(why) > 3);
    }
}

static void mutations_are_survived(void **state)
{
    (void)state;
    unit_seed();
    for (int round = 0; round < 20000; round++) {
        char text[1200], why[120];
        snprintf(text, sizeof text, "%s",
                 TOUR(CUE("next", VARIANT("en")) "," CUE("loop", VARIANT("de"))));
        for (int64_t n = unit_below(4); n >= 0; n--)
            text[unit_below((int64_t)strlen(text))] = (char)(1 + unit_below(255));
        tour_free(tour_parse(text, strlen(text), why, sizeof why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_named_by_their_hash),
        cmocka_unit_test(languages_fall_back),
        cmocka_unit_test(a_tour_says_what_a_kiosk_does_alone),
        cmocka_unit_test(gaps_fades_and_waiting_are_read),
        cmocka_unit_test(bad_documents_are_refused_with_a_reason),
        cmocka_unit_test(mutations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
