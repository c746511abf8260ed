// SPDX-License-Identifier: Apache-2.0
#include "common/wire/zone.h"

#include <string.h>

static const char *const channel_names[] = {"left", "right", "mono", "none"};
enum { CHANNELS = sizeof channel_names / sizeof channel_names[0] };

const struct wire_zone wire_zone_preset = {.map = {{"", CHANNEL_LEFT}, {"", CHANNEL_RIGHT}}};

const char *wire_channel_name(enum wire_channel channel)
{
    return channel_names[channel];
}

bool wire_channel_parse(const char *name, enum wire_channel *out)
{
    int i = json_name(channel_names, CHANNELS, name);
    if (i >= 0)
        *out = (enum wire_channel)i;
    return i >= 0;
}

int64_t zone_get_trim(struct json_reader *r, bool required, int64_t preset_us)
{
    return json_get_int(r, "trim", required, -WIRE_ZONE_TRIM_MAX_US, WIRE_ZONE_TRIM_MAX_US,
                        preset_us);
}

int zone_get_gain(struct json_reader *r, const char *key, bool required, int preset_ddb)
{
    return (int)json_get_int(r, key, required, WIRE_GAIN_MIN_DDB, 0, preset_ddb);
}

static void get_output(struct json_reader *r, json_t *object, struct wire_output *out)
{
    struct json_reader o;
    struct wire_output got;
    json_reader_init(&o, object);
    json_get_string(&o, "lang", false, got.lang, sizeof got.lang);
    if (o.err == ERR_OK && got.lang[0] && !wire_lang_valid(got.lang))
        json_fail(&o, "lang", "not a language");
    got.channel = (enum wire_channel)json_get_name(&o, "channel", channel_names, CHANNELS);
    if (o.err == ERR_OK)
        *out = got;
    else
        json_fail(r, "map", o.detail);
}

unsigned zone_get_map(struct json_reader *r, bool some, struct wire_output out[WIRE_OUTPUTS])
{
    json_t *map = json_get_array(r, "map", !some), *one;
    size_t i;
    unsigned there = 0;
    if (map && json_array_size(map) != WIRE_OUTPUTS)
        json_fail(r, "map", "not two outputs");
    if (r->err != ERR_OK)
        return 0;
    json_array_foreach(map, i, one)
    {
        if (json_is_null(one) && some)
            continue;
        if (json_is_object(one))
            get_output(r, one, &out[i]);
        else
            json_fail(r, "map", "an output is no object");
        there |= 1U << i;
    }
    return there;
}

void zone_decode(struct json_reader *r, struct wire_zone *m)
{
    m->trim_us = zone_get_trim(r, true, 0);
    m->gain_ddb = zone_get_gain(r, "gain", true, 0);
    m->mute = json_get_bool(r, "mute", false);
    zone_get_map(r, false, m->map);
}

void zone_encode(json_t *j, const struct wire_zone *m)
{
    json_t *map = json_array();
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        json_t *output = json_pack("{s:s}", "channel", channel_names[m->map[i].channel]);
        if (m->map[i].lang[0])
            json_object_set_new(output, "lang", json_string(m->map[i].lang));
        json_array_append_new(map, output);
    }
    json_object_set_new(j, "trim", json_integer(m->trim_us));
    json_object_set_new(j, "gain", json_integer(m->gain_ddb));
    json_object_set_new(j, "mute", json_boolean(m->mute));
    json_object_set_new(j, "map", map);
}

bool wire_zone_same(const struct wire_zone *a, const struct wire_zone *b)
{
    return a->trim_us == b->trim_us && a->gain_ddb == b->gain_ddb && a->mute == b->mute &&
           wire_map_same(a->map, b->map);
}

bool wire_map_same(const struct wire_output a[WIRE_OUTPUTS],
                   const struct wire_output b[WIRE_OUTPUTS])
{
    bool same = true;
    for (int i = 0; i < WIRE_OUTPUTS; i++)
        same = same && a[i].channel == b[i].channel && strcmp(a[i].lang, b[i].lang) == 0;
    return same;
}
