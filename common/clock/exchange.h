// SPDX-License-Identifier: Apache-2.0
// When to ask the time, and which answer belongs to which question.
// A burst at first (in step within a second), then calmer: a quiet wire needs little, and ten
// thousand phones at one question a second still cost the box next to nothing.
// Pure; also compiled to WebAssembly.
#ifndef COMMON_CLOCK_EXCHANGE_H
#define COMMON_CLOCK_EXCHANGE_H

#include "common/clock/estimate.h"

// Questions that may be under way at once: a question a millisecond, and an answer that takes 64.
// One that comes later than this many newer questions is dropped.
enum { EXCHANGE_PENDING = 64 };

struct exchange_question {
    uint32_t seq;               // 0: none
    mono_t t1;                  // as the question said
    bool open;                  // not answered yet
    struct clock_sample sample; // of one that was
};

struct exchange {
    uint32_t seq; // of the newest question; the first is 1
    uint32_t answered;
    struct exchange_question questions[EXCHANGE_PENDING];
};

void exchange_init(struct exchange *x);

// Notes a question sent at t1 and gives its sequence number.
uint32_t exchange_ask(struct exchange *x, mono_t t1);

// The newest question left at `left`, by better knowledge than t1, which it said. Not earlier.
void exchange_left(struct exchange *x, mono_t left);

// Pairs an answer. False for one that was never asked, or asked with another t1 (forged or late).
bool exchange_answer(struct exchange *x, uint32_t seq, mono_t t1, int64_t t2_house_ns,
                     int64_t t3_house_ns, mono_t t4, struct clock_sample *out);

// The answer to the question that said t1 left at t3, by better knowledge than it could say itself:
// its sample once more. False when there is none, or when that cannot be.
bool exchange_answer_left(struct exchange *x, mono_t t1, int64_t t3_house_ns,
                          struct clock_sample *out);

// The newest question has no answer yet.
bool exchange_waits(const struct exchange *x);

// Nanoseconds to wait between the last question and the next.
int64_t exchange_interval_ns(const struct exchange *x);

#endif
