// SPDX-License-Identifier: Apache-2.0
#include "common/wire/report.h"

#include <stddef.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))
#define FIELD(name) offsetof(struct wire_report, name)

static const char *const playing_names[] = {"idle", "fetching", "silent", "sound"};
static const char *const servo_names[] = {"", "silent", "acquire", "lock", "holdover", "degraded"};
static const char *const via_names[] = {"", "ws", "udp"};

static const struct {
    const char *key;
    size_t field; // an int64_t
    int64_t min, max;
} figures[] = {
    {"position", FIELD(position_us), 0, WIRE_TIME_MAX},
    {"at", FIELD(at.us), 0, WIRE_TIME_MAX},
    {"error_us", FIELD(error_us), -WIRE_TIME_MAX, WIRE_TIME_MAX},
    {"peak_us", FIELD(peak_us), -WIRE_TIME_MAX, WIRE_TIME_MAX},
    {"uncertainty_us", FIELD(uncertainty_us), 0, WIRE_TIME_MAX},
    {"rtt_us", FIELD(rtt_us), 0, WIRE_TIME_MAX},
    {"skew_ppb", FIELD(skew_ppb), -1000000, 1000000},
    {"dac_ppb", FIELD(dac_ppb), -10000000, 10000000},
    {"corr_ppb", FIELD(corr_ppb), -10000000, 10000000},
    {"buffer_ms", FIELD(buffer_ms), 0, WIRE_TIME_MAX},
    {"xruns", FIELD(xruns), 0, WIRE_TIME_MAX},
    {"jumps", FIELD(jumps), 0, WIRE_TIME_MAX},
    {"missing", FIELD(missing), 0, WIRE_TIME_MAX},
    {"prep_us", FIELD(prep_us), 0, WIRE_TIME_MAX},
};

const char *wire_playing_name(enum wire_playing playing)
{
    return playing_names[playing];
}

const char *wire_servo_name(enum wire_servo servo)
{
    return servo_names[servo];
}

const char *wire_via_name(enum wire_via via)
{
    return via_names[via];
}

// The first name, "", stands for an absent one.
static int get_name(struct json_reader *r, const char *key, const char *const *names, int n)
{
    return json_has(r, key) ? json_get_name(r, key, names, n) : 0;
}

void report_decode(struct json_reader *r, struct wire_report *m)
{
    m->playing =
        (enum wire_playing)json_get_name(r, "playing", playing_names, COUNT(playing_names));
    m->ready = json_get_bool(r, "ready", false);
    m->muted = json_get_bool(r, "muted", false);
    json_get_string(r, "lang", false, m->lang, sizeof m->lang);
    if (r->err == ERR_OK && m->lang[0] && !wire_lang_valid(m->lang))
        json_fail(r, "lang", "not a language");
    m->servo = (enum wire_servo)get_name(r, "servo", servo_names, COUNT(servo_names));
    m->via = (enum wire_via)get_name(r, "via", via_names, COUNT(via_names));
    for (int i = 0; i < COUNT(figures); i++)
        *(int64_t *)((char *)m + figures[i].field) =
            json_get_int(r, figures[i].key, false, figures[i].min, figures[i].max, 0);
}

static void set_name(json_t *j, const char *key, const char *name)
{
    if (name[0])
        json_object_set_new(j, key, json_string(name));
}

void report_encode(json_t *j, const struct wire_report *m)
{
    set_name(j, "playing", playing_names[m->playing]);
    if (m->ready)
        json_object_set_new(j, "ready", json_true());
    if (m->muted)
        json_object_set_new(j, "muted", json_true());
    set_name(j, "lang", m->lang);
    set_name(j, "servo", servo_names[m->servo]);
    set_name(j, "via", via_names[m->via]);
    for (int i = 0; i < COUNT(figures); i++) {
        const int64_t *value = (const int64_t *)((const char *)m + figures[i].field);
        json_object_set_new(j, figures[i].key, json_integer(*value));
    }
}
