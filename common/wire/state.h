// SPDX-License-Identifier: Apache-2.0
// The state of a room as text. It is what the server says most, so it is written straight, without
// a tree of JSON in between: a tenth of the time. wire.c reads it, and holds the struct.
#ifndef COMMON_WIRE_STATE_H
#define COMMON_WIRE_STATE_H

#include "common/base/bytes.h"
#include "common/wire/wire.h"

// Appends the message; false when it does not fit below the ceiling, and nothing was appended.
// Strings of the struct are UTF-8.
bool state_encode(const struct wire_state *m, struct bytes *out);

#endif
