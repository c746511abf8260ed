// SPDX-License-Identifier: Apache-2.0
// Any JSON of ours: the first byte says how deep it may be. What is read keeps to that, and every
// way of asking for a member holds its range.
#include "tests/fuzz/fuzz.h"

#include "common/wire/json.h"

#include <string.h>

static int depth(const json_t *j)
{
    int most = 0;
    size_t i;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)j, key, v)
    {
        int d = depth(v);
        most = d > most ? d : most;
    }
    json_array_foreach(j, i, v)
    {
        int d = depth(v);
        most = d > most ? d : most;
    }
    return json_is_object(j) || json_is_array(j) ? most + 1 : 0;
}

static void ask(json_t *j, const char *key)
{
    static const char *const names[] = {"play", "stop"};
    struct json_reader r;
    char text[8];
    json_reader_init(&r, j);
    json_get_string(&r, key, false, text, sizeof text);
    MUST(strlen(text) < sizeof text);
    json_reader_init(&r, j);
    int64_t v = json_get_int(&r, key, true, -5, 5, 3);
    MUST(r.err != ERR_OK || (v >= -5 && v <= 5));
    json_reader_init(&r, j);
    int name = json_get_name(&r, key, names, 2);
    MUST(name == 0 || name == 1);
    json_reader_init(&r, j);
    json_get_bool(&r, key, true);
    json_get_object(&r, key, false);
    json_get_array(&r, key, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    int most = 1 + data[0] % 20;
    json_t *j = json_read_object((const char *)data + 1, len - 1, most);
    if (!j)
        return 0;
    MUST(json_is_object(j) && depth(j) <= most);
    const char *key;
    json_t *v;
    json_object_foreach(j, key, v) ask(j, key);
    ask(j, "absent");
    json_decref(j);
    return 0;
}
