// SPDX-License-Identifier: Apache-2.0
// Strict reading of JSON with jansson: bounded before it is parsed, and field by field after.
// The first mistake is kept in the reader; later reads then do nothing, so a decoder reads all its
// fields and asks once at the end.
#ifndef COMMON_WIRE_JSON_H
#define COMMON_WIRE_JSON_H

#include "common/base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct json_reader {
    json_t *object;
    enum err err;
    char detail[120]; // e.g. "position: missing"
};

// NULL for text that is not one JSON object, is nested deeper than max_depth, has duplicate keys,
// a U+0000 or bad UTF-8. The caller owns the result (json_decref).
json_t *json_read_object(const char *text, size_t len, int max_depth);

void json_reader_init(struct json_reader *r, json_t *object);
// Notes a mistake unless one is there already.
void json_fail(struct json_reader *r, const char *key, const char *why);

// Copies a string of at most size-1 bytes. An absent or null one gives "" unless required.
void json_get_string(struct json_reader *r, const char *key, bool required, char *out, size_t size);
// A whole number in min..max; `preset` when absent or null and not required.
int64_t json_get_int(struct json_reader *r, const char *key, bool required, int64_t min,
                     int64_t max, int64_t preset);
bool json_get_bool(struct json_reader *r, const char *key, bool preset);
// True when the key is there and not null.
bool json_has(struct json_reader *r, const char *key);
// A required string that must be one of `names`; its index, 0 after a mistake.
int json_get_name(struct json_reader *r, const char *key, const char *const *names, int n);
// The index of a name, -1 for a strange one.
int json_name(const char *const *names, int n, const char *name);
// NULL when absent, null or (an error) of another kind.
json_t *json_get_object(struct json_reader *r, const char *key, bool required);
json_t *json_get_array(struct json_reader *r, const char *key, bool required);

#endif
