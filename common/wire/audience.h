// SPDX-License-Identifier: Apache-2.0
// Between a group and its guide, beside the commands: hands, reactions, the question whether
// everybody is ready, a guide's PIN, and what a guide sees of the group. For wire.c.
#ifndef COMMON_WIRE_AUDIENCE_H
#define COMMON_WIRE_AUDIENCE_H

#include "common/wire/json.h"
#include "common/wire/wire.h"

void hand_decode(struct json_reader *r, struct wire_hand *m);
void hand_encode(json_t *j, const struct wire_hand *m);
void react_decode(struct json_reader *r, struct wire_react *m);
void react_encode(json_t *j, const struct wire_react *m);
void lead_decode(struct json_reader *r, struct wire_lead *m);
void lead_encode(json_t *j, const struct wire_lead *m);
void audience_decode(struct json_reader *r, struct wire_audience *m);
void audience_encode(json_t *j, const struct wire_audience *m);
void guide_decode(struct json_reader *r, struct wire_guide *m);
void guide_encode(json_t *j, const struct wire_guide *m);

#endif
