// SPDX-License-Identifier: Apache-2.0
#include "common/wire/json.h"

#include <stdio.h>
#include <string.h>

// jansson recurses; the nesting is bounded on the raw text, where counting brackets outside of
// strings is enough (text that is no JSON fails later anyhow).
static bool depth_ok(const char *text, size_t len, int max_depth)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

json_t *json_read_object(const char *text, size_t len, int max_depth)
{
    if (!depth_ok(text, len, max_depth))
        return NULL;
    json_error_t error;
    json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (j && !json_is_object(j)) {
        json_decref(j);
        return NULL;
    }
    return j;
}

void json_reader_init(struct json_reader *r, json_t *object)
{
    *r = (struct json_reader){.object = object, .err = ERR_OK};
}

void json_fail(struct json_reader *r, const char *key, const char *why)
{
    if (r->err != ERR_OK)
        return;
    r->err = ERR_BAD_MESSAGE;
    snprintf(r->detail, sizeof r->detail, "%s: %s", key, why);
}

static json_t *get(const struct json_reader *r, const char *key)
{
    json_t *v = json_object_get(r->object, key);
    return json_is_null(v) ? NULL : v;
}

void json_get_string(struct json_reader *r, const char *key, bool required, char *out, size_t size)
{
    out[0] = '\0';
    json_t *v = get(r, key);
    if (!v) {
        if (required)
            json_fail(r, key, "missing");
        return;
    }
    if (!json_is_string(v)) {
        json_fail(r, key, "not a string");
        return;
    }
    size_t len = json_string_length(v);
    if (len >= size) {
        json_fail(r, key, "too long");
        return;
    }
    memcpy(out, json_string_value(v), len + 1);
    // Control characters have no place in names, codes or ids, and would spoil logs and terminals.
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f) {
            json_fail(r, key, "has control characters");
            out[0] = '\0';
            return;
        }
    }
}

int64_t json_get_int(struct json_reader *r, const char *key, bool required, int64_t min,
                     int64_t max, int64_t preset)
{
    json_t *v = get(r, key);
    if (!v) {
        if (required)
            json_fail(r, key, "missing");
        return preset;
    }
    if (!json_is_integer(v)) {
        json_fail(r, key, "not a whole number");
        return preset;
    }
    int64_t n = json_integer_value(v);
    if (n < min || n > max) {
        json_fail(r, key, "out of range");
        return preset;
    }
    return n;
}

bool json_get_bool(struct json_reader *r, const char *key, bool preset)
{
    json_t *v = get(r, key);
    if (v && !json_is_boolean(v))
        json_fail(r, key, "neither true nor false");
    return v && json_is_boolean(v) ? json_is_true(v) : preset;
}

bool json_has(struct json_reader *r, const char *key)
{
    return r->err == ERR_OK && get(r, key) != NULL;
}

int json_name(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

int json_get_name(struct json_reader *r, const char *key, const char *const *names, int n)
{
    char text[32];
    json_get_string(r, key, true, text, sizeof text);
    int i = r->err == ERR_OK ? json_name(names, n, text) : 0;
    if (i < 0)
        json_fail(r, key, "unknown value");
    return i < 0 ? 0 : i;
}

json_t *json_get_object(struct json_reader *r, const char *key, bool required)
{
    json_t *v = get(r, key);
    if (v ? !json_is_object(v) : required)
        json_fail(r, key, v ? "not an object" : "missing");
    return json_is_object(v) ? v : NULL;
}

json_t *json_get_array(struct json_reader *r, const char *key, bool required)
{
    json_t *v = get(r, key);
    if (v ? !json_is_array(v) : required)
        json_fail(r, key, v ? "not an array" : "missing");
    return json_is_array(v) ? v : NULL;
}
