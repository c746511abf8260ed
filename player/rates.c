// SPDX-License-Identifier: Apache-2.0
#include "player/rates.h"

#include "common/base/log.h"
#include "common/wire/json.h"
#include "player/keep/keep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 2048,
    NAME_MAX_BYTES = 512,
    PPB_MAX = 500000, // no crystal is further off
};

// A rate under `key`, if it is of the one called `name`.
static bool get(struct json_reader *r, const char *of, const char *name, const char *key,
                double *out)
{
    char kept[NAME_MAX_BYTES];
    json_get_string(r, of, false, kept, sizeof kept);
    *out = (double)json_get_int(r, key, false, -PPB_MAX, PPB_MAX, 0) * 1e-9;
    return r->err == ERR_OK && json_has(r, key) && strcmp(kept, name) == 0;
}

struct rates rates_read(const char *path, const char *house, const char *card)
{
    char text[FILE_MAX];
    struct rates rates = {.has_skew = false};
    ssize_t len = keep_read(path, text, sizeof text);
    if (len < 0 && errno == ENOENT)
        return rates;
    json_t *j = len >= 0 ? json_read_object(text, (size_t)len, 1) : NULL;
    struct json_reader r;
    json_reader_init(&r, j);
    if (j) {
        rates.has_skew = get(&r, "house", house, "skew_ppb", &rates.skew);
        rates.has_card = get(&r, "card", card, "card_ppb", &rates.card);
    }
    if (!j || r.err != ERR_OK) {
        log_warn("rates", "%s is damaged: learning the rates anew", path);
        rates = (struct rates){.has_skew = false};
    }
    json_decref(j);
    return rates;
}

void rates_write(const char *path, const char *house, const char *card, const struct rates *r)
{
    json_t *j = json_object();
    if (r->has_skew) {
        json_object_set_new(j, "house", json_string(house));
        json_object_set_new(j, "skew_ppb", json_integer(llround(r->skew * 1e9)));
    }
    if (r->has_card) {
        json_object_set_new(j, "card", json_string(card));
        json_object_set_new(j, "card_ppb", json_integer(llround(r->card * 1e9)));
    }
    char *text = json_dumps(j, JSON_COMPACT);
    if (!text || !keep_write(path, text, strlen(text), 0644))
        log_warn("rates", "%s could not be kept: %s", path, strerror(errno));
    free(text);
    json_decref(j);
}
