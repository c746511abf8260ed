// SPDX-License-Identifier: Apache-2.0
// Reports as JSON: one table of figures for both directions. For wire.c, and for whoever shows a
// report as a part of something larger.
#ifndef COMMON_WIRE_REPORT_H
#define COMMON_WIRE_REPORT_H

#include "common/wire/json.h"
#include "common/wire/wire.h"

void report_decode(struct json_reader *r, struct wire_report *m);
void report_encode(json_t *j, const struct wire_report *m);

#endif
