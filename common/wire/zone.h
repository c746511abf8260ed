// SPDX-License-Identifier: Apache-2.0
// Zones as JSON: the message for a kiosk, and the same fields where people set them. For wire.c and
// for the HTTP interface.
#ifndef COMMON_WIRE_ZONE_H
#define COMMON_WIRE_ZONE_H

#include "common/wire/json.h"
#include "common/wire/wire.h"

void zone_decode(struct json_reader *r, struct wire_zone *m);
void zone_encode(json_t *j, const struct wire_zone *m);

// Field by field, for those who may leave some out; `preset` stands for an absent one.
int64_t zone_get_trim(struct json_reader *r, bool required, int64_t preset_us);
// `key`: "gain", or another level of the same range.
int zone_get_gain(struct json_reader *r, const char *key, bool required, int preset_ddb);
// `map`: an array of two; with `some` an output may be null and stays as it is in `out`. Returns a
// bit per output that is there (1: left, 2: right).
unsigned zone_get_map(struct json_reader *r, bool some, struct wire_output out[WIRE_OUTPUTS]);

#endif
