// SPDX-License-Identifier: Apache-2.0
// Commands as JSON: the part of the wire that has most to say. For wire.c, which calls these with
// the message's object.
#ifndef COMMON_WIRE_COMMAND_H
#define COMMON_WIRE_COMMAND_H

#include "common/wire/json.h"
#include "common/wire/wire.h"

void command_decode(struct json_reader *r, struct wire_command *m);
void command_encode(json_t *j, const struct wire_command *m);

#endif
