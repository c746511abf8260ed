// SPDX-License-Identifier: Apache-2.0
#include "common/wire/command.h"

#include <string.h>

static const char *const op_names[] = {
    "load",     "play",      "pause",   "seek",  "goto",  "next",    "prev",      "stop",
    "stop_now", "configure", "restore", "claim", "renew", "release", "hand_over", "deputy"};
static const char *const empty_names[] = {"continue", "hold", "reset"};
static const char *const reboot_names[] = {"continue", "hold"};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

const char *wire_op_name(enum wire_op op)
{
    return op_names[op];
}

const char *wire_empty_name(enum wire_empty e)
{
    return empty_names[e];
}

const char *wire_reboot_name(enum wire_reboot r)
{
    return reboot_names[r];
}

// A pair [epoch, rev]. False when absent or (an error) no such pair.
static bool get_rev(struct json_reader *r, const char *key, uint32_t *epoch, int64_t *rev)
{
    json_t *pair = json_get_array(r, key, false);
    if (!pair)
        return false;
    json_t *e = json_array_get(pair, 0), *n = json_array_get(pair, 1);
    if (json_array_size(pair) != 2 || !json_is_integer(e) || !json_is_integer(n) ||
        json_integer_value(e) < 0 || json_integer_value(e) > UINT32_MAX) {
        json_fail(r, key, "not [epoch, rev]");
        return false;
    }
    *epoch = (uint32_t)json_integer_value(e);
    *rev = json_integer_value(n);
    return true;
}

static void decode_rules(struct json_reader *r, json_t *list, struct wire_configure *m)
{
    if (json_array_size(list) > WIRE_RULES_MAX) {
        json_fail(r, "schedule", "more than 16 rules");
        return;
    }
    size_t i;
    json_t *rule;
    json_array_foreach(list, i, rule)
    {
        const char *text = json_string_value(rule);
        size_t len = text ? strlen(text) : WIRE_RULE_MAX + 1;
        if (len > WIRE_RULE_MAX) {
            json_fail(r, "schedule", "not a list of rules");
            return;
        }
        memcpy(m->rules[m->rule_count++], text, len + 1);
    }
}

// The shortest that a phone which only changed its access point survives.
enum { EMPTY_AFTER_MIN_S = 10, EMPTY_AFTER_MAX_S = 24 * 3600 };

static void decode_configure(struct json_reader *r, struct wire_configure *m)
{
    json_get_string(r, "name", false, m->name, sizeof m->name);
    if (r->err == ERR_OK && json_has(r, "name") && !m->name[0])
        json_fail(r, "name", "empty");
    m->has_when_empty = json_has(r, "when_empty");
    if (m->has_when_empty)
        m->when_empty =
            (enum wire_empty)json_get_name(r, "when_empty", empty_names, COUNT(empty_names));
    m->has_empty_after = json_has(r, "empty_after_s");
    m->empty_after_s =
        (int32_t)json_get_int(r, "empty_after_s", false, EMPTY_AFTER_MIN_S, EMPTY_AFTER_MAX_S, 0);
    m->has_after_reboot = json_has(r, "after_reboot");
    if (m->has_after_reboot)
        m->after_reboot =
            (enum wire_reboot)json_get_name(r, "after_reboot", reboot_names, COUNT(reboot_names));
    json_t *rules = json_get_array(r, "schedule", false);
    m->has_schedule = rules != NULL;
    if (rules)
        decode_rules(r, rules, m);
}

static void decode_point(struct json_reader *r, struct wire_point *m)
{
    int given = json_has(r, "to") + json_has(r, "to_time") + json_has(r, "to_wall");
    if (r->err == ERR_OK && given != 1) {
        json_fail(r, "to", "one of to, to_time and to_wall is needed");
        return;
    }
    if (get_rev(r, "to", &m->epoch, &m->rev))
        m->kind = POINT_REV;
    else if (json_has(r, "to_time"))
        m->kind = POINT_TIME;
    else
        m->kind = POINT_WALL;
    m->time.us = json_get_int(r, "to_time", false, 0, WIRE_TIME_MAX, 0);
    m->wall_us = json_get_int(r, "to_wall", false, 0, WIRE_TIME_MAX, 0);
}

static void get_id(struct json_reader *r, const char *key, bool required, char *out, size_t size)
{
    json_get_string(r, key, required, out, size);
    if (r->err == ERR_OK && (required || out[0]) && !wire_id_valid(out))
        json_fail(r, key, "not an id");
}

void command_decode(struct json_reader *r, struct wire_command *m)
{
    json_get_string(r, "cmd_id", true, m->cmd_id, sizeof m->cmd_id);
    if (r->err == ERR_OK && !wire_cmd_id_valid(m->cmd_id)) {
        m->cmd_id[0] = '\0';
        json_fail(r, "cmd_id", "not 32 digits of lower-case hex");
    }
    get_id(r, "group", false, m->group, sizeof m->group);
    m->op = (enum wire_op)json_get_name(r, "do", op_names, COUNT(op_names));
    m->at.us = json_get_int(r, "at", false, 1, WIRE_TIME_MAX, 0);
    m->has_if_rev = get_rev(r, "if_rev", &m->if_epoch, &m->if_rev);
    m->has_fence = json_has(r, "fence");
    m->fence = json_get_int(r, "fence", false, 0, WIRE_TIME_MAX, 0);
    m->has_position = json_has(r, "position");
    m->position_us = json_get_int(r, "position", m->op == OP_SEEK, 0, WIRE_TIME_MAX, 0);
    m->cue = (int32_t)json_get_int(r, "cue", m->op == OP_GOTO, 0, INT32_MAX, 0);
    m->keep = m->op == OP_LOAD && json_get_bool(r, "keep", false);
    get_id(r, "tour", m->op == OP_LOAD, m->tour, sizeof m->tour);
    get_id(r, "member", m->op == OP_HAND_OVER, m->member, sizeof m->member);
    if (m->op == OP_CONFIGURE)
        decode_configure(r, &m->configure);
    if (m->op == OP_RESTORE)
        decode_point(r, &m->to);
}

static void set_int(json_t *j, const char *key, int64_t v)
{
    json_object_set_new(j, key, json_integer(v));
}

static void set_string(json_t *j, const char *key, const char *v)
{
    if (v[0])
        json_object_set_new(j, key, json_string(v));
}

static void set_rev(json_t *j, const char *key, uint32_t epoch, int64_t rev)
{
    json_object_set_new(j, key, json_pack("[I,I]", (json_int_t)epoch, (json_int_t)rev));
}

static void encode_configure(json_t *j, const struct wire_configure *m)
{
    set_string(j, "name", m->name);
    if (m->has_when_empty)
        set_string(j, "when_empty", empty_names[m->when_empty]);
    if (m->has_empty_after)
        set_int(j, "empty_after_s", m->empty_after_s);
    if (m->has_after_reboot)
        set_string(j, "after_reboot", reboot_names[m->after_reboot]);
    if (!m->has_schedule)
        return;
    json_t *rules = json_array();
    for (int i = 0; i < m->rule_count; i++)
        json_array_append_new(rules, json_string(m->rules[i]));
    json_object_set_new(j, "schedule", rules);
}

static void encode_point(json_t *j, const struct wire_point *m)
{
    switch (m->kind) {
    case POINT_REV:
        set_rev(j, "to", m->epoch, m->rev);
        break;
    case POINT_TIME:
        set_int(j, "to_time", m->time.us);
        break;
    case POINT_WALL:
        set_int(j, "to_wall", m->wall_us);
        break;
    }
}

void command_encode(json_t *j, const struct wire_command *m)
{
    set_string(j, "group", m->group);
    set_string(j, "cmd_id", m->cmd_id);
    set_string(j, "do", op_names[m->op]);
    if (m->at.us)
        set_int(j, "at", m->at.us);
    if (m->has_if_rev)
        set_rev(j, "if_rev", m->if_epoch, m->if_rev);
    if (m->has_fence)
        set_int(j, "fence", m->fence);
    if (m->op == OP_SEEK || m->has_position)
        set_int(j, "position", m->position_us);
    if (m->op == OP_GOTO || m->op == OP_LOAD)
        set_int(j, "cue", m->cue);
    set_string(j, "tour", m->tour);
    if (m->keep)
        json_object_set_new(j, "keep", json_true());
    set_string(j, "member", m->member);
    if (m->op == OP_CONFIGURE)
        encode_configure(j, &m->configure);
    if (m->op == OP_RESTORE)
        encode_point(j, &m->to);
}
