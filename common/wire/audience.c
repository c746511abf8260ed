// SPDX-License-Identifier: Apache-2.0
#include "common/wire/audience.h"

#include <stddef.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))
#define FIELD(name) offsetof(struct wire_audience, name)

static const char *const reaction_names[WIRE_REACTIONS] = {"clap", "laugh", "heart", "question"};

static const struct {
    const char *key;
    size_t field; // an int32_t
} counts[] = {
    {"visitors", FIELD(visitors)}, {"ready", FIELD(ready)},   {"loading", FIELD(loading)},
    {"waiting", FIELD(waiting)},   {"astray", FIELD(astray)}, {"asleep", FIELD(asleep)},
    {"hands_up", FIELD(hands_up)},
};

bool wire_pin_valid(const char *pin)
{
    size_t len = strnlen(pin, WIRE_PIN_MAX + 1);
    return len >= WIRE_PIN_MIN && len <= WIRE_PIN_MAX && strspn(pin, "0123456789") == len;
}

static void set_string(json_t *j, const char *key, const char *v)
{
    if (v[0])
        json_object_set_new(j, key, json_string(v));
}

static void set_int(json_t *j, const char *key, int64_t v)
{
    json_object_set_new(j, key, json_integer(v));
}

static int32_t get_count(struct json_reader *r, const char *key, bool required)
{
    return (int32_t)json_get_int(r, key, required, 0, INT32_MAX, 0);
}

void hand_decode(struct json_reader *r, struct wire_hand *m)
{
    if (!json_has(r, "up"))
        json_fail(r, "up", "missing");
    m->up = json_get_bool(r, "up", false);
    m->number = get_count(r, "number", false);
    json_get_string(r, "member", false, m->member, sizeof m->member);
}

void hand_encode(json_t *j, const struct wire_hand *m)
{
    json_object_set_new(j, "up", json_boolean(m->up));
    if (m->number)
        set_int(j, "number", m->number);
    set_string(j, "member", m->member);
}

void react_decode(struct json_reader *r, struct wire_react *m)
{
    m->what = (enum wire_reaction)json_get_name(r, "what", reaction_names, WIRE_REACTIONS);
}

void react_encode(json_t *j, const struct wire_react *m)
{
    set_string(j, "what", reaction_names[m->what]);
}

void lead_decode(struct json_reader *r, struct wire_lead *m)
{
    json_get_string(r, "pin", true, m->pin, sizeof m->pin);
    if (r->err == ERR_OK && !wire_pin_valid(m->pin))
        json_fail(r, "pin", "not 6 to 12 digits");
}

void lead_encode(json_t *j, const struct wire_lead *m)
{
    set_string(j, "pin", m->pin);
}

// A list of people; how many were read. Those beyond `max` are an error: nobody sends them.
static int decode_people(struct json_reader *r, const char *key, struct wire_person *out, int max)
{
    json_t *list = json_get_array(r, key, false), *one;
    size_t i;
    if (json_array_size(list) > (size_t)max) {
        json_fail(r, key, "too many");
        return 0;
    }
    json_array_foreach(list, i, one)
    {
        struct json_reader pr;
        json_reader_init(&pr, one);
        json_get_string(&pr, "member", true, out[i].member, sizeof out[i].member);
        json_get_string(&pr, "name", false, out[i].name, sizeof out[i].name);
        out[i].number = get_count(&pr, "number", false);
        if (pr.err != ERR_OK)
            json_fail(r, key, pr.detail);
    }
    return (int)json_array_size(list);
}

static json_t *encode_people(const struct wire_person *people, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_t *one = json_pack("{s:s}", "member", people[i].member);
        if (people[i].number)
            set_int(one, "number", people[i].number);
        set_string(one, "name", people[i].name);
        json_array_append_new(list, one);
    }
    return list;
}

void audience_decode(struct json_reader *r, struct wire_audience *m)
{
    for (int i = 0; i < COUNT(counts); i++)
        *(int32_t *)((char *)m + counts[i].field) = get_count(r, counts[i].key, true);
    m->away = json_get_bool(r, "away", false);
    m->hand_count = decode_people(r, "hands", m->hands, WIRE_HANDS_MAX);
    m->guide_count = decode_people(r, "guides", m->guides, WIRE_GUIDES_MAX);
    json_t *reactions = json_get_object(r, "reactions", true);
    if (!reactions)
        return;
    struct json_reader rr;
    json_reader_init(&rr, reactions);
    for (int i = 0; i < WIRE_REACTIONS; i++)
        m->reactions[i] = get_count(&rr, reaction_names[i], false);
    if (rr.err != ERR_OK)
        json_fail(r, "reactions", rr.detail);
}

void audience_encode(json_t *j, const struct wire_audience *m)
{
    for (int i = 0; i < COUNT(counts); i++)
        set_int(j, counts[i].key, *(const int32_t *)((const char *)m + counts[i].field));
    if (m->away)
        json_object_set_new(j, "away", json_true());
    json_object_set_new(j, "hands", encode_people(m->hands, m->hand_count));
    json_object_set_new(j, "guides", encode_people(m->guides, m->guide_count));
    json_t *reactions = json_object();
    for (int i = 0; i < WIRE_REACTIONS; i++)
        set_int(reactions, reaction_names[i], m->reactions[i]);
    json_object_set_new(j, "reactions", reactions);
}

void guide_decode(struct json_reader *r, struct wire_guide *m)
{
    m->away = json_get_bool(r, "away", false);
}

void guide_encode(json_t *j, const struct wire_guide *m)
{
    json_object_set_new(j, "away", json_boolean(m->away));
}
