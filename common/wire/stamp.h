// SPDX-License-Identifier: Apache-2.0
// The time exchange on the wire: two small binary messages, little-endian, so that the answer can
// be made at the socket without parsing text. docs/PROTOCOL.md, "Time exchange".
//
//   question, 16 bytes:  'R' 'T' 'Q' 1 | u32 seq | i64 t1
//   answer,   36 bytes:  'R' 'T' 'A' 1 | u32 seq | i64 t1 | i64 t2 | i64 t3 | u32 clock_epoch
//
// t1 is the asker's own clock in ns, only echoed; t2 and t3 are house time in ns.
// Pure; also compiled to WebAssembly.
#ifndef COMMON_WIRE_STAMP_H
#define COMMON_WIRE_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STAMP_QUESTION_BYTES = 16, STAMP_ANSWER_BYTES = 36 };

struct stamp_question {
    uint32_t seq;
    int64_t t1_ns;
};

struct stamp_answer {
    uint32_t seq;
    int64_t t1_ns;
    int64_t t2_house_ns;
    int64_t t3_house_ns;
    uint32_t clock_epoch;
};

void stamp_put_question(const struct stamp_question *q, uint8_t out[STAMP_QUESTION_BYTES]);
bool stamp_get_question(const uint8_t *data, size_t len, struct stamp_question *out);
void stamp_put_answer(const struct stamp_answer *a, uint8_t out[STAMP_ANSWER_BYTES]);
bool stamp_get_answer(const uint8_t *data, size_t len, struct stamp_answer *out);

#endif
