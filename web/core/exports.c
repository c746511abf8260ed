// SPDX-License-Identifier: Apache-2.0
// What the pages may call: a thin rim around the clock, timeline and join code that server and
// kiosk player are built from, compiled to WebAssembly. Nothing is computed here a second time.
//
// Numbers cross the rim as doubles: microseconds of house time and position, and nanoseconds of the
// page's performance clock, are all whole numbers below 2^53. Texts and time messages cross in one
// small buffer. One clock and one timeline per page, so they live in static storage; the page calls
// from one thread.
#include "common/base/joincode.h"
#include "common/clock/estimate.h"
#include "common/clock/exchange.h"
#include "common/time/timeline.h"
#include "common/wire/stamp.h"

#define EXPORT(name) __attribute__((export_name(name)))

enum { BUFFER_BYTES = 64 };

static union {
    uint8_t bytes[BUFFER_BYTES];
    char text[BUFFER_BYTES];
} io;

static struct clock_estimate estimate;
static struct exchange exchange;
static uint32_t clock_epoch;
static struct timeline timeline;

// clang turns copies of structs into calls of these two.
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = (uint8_t)value;
    return to;
}

EXPORT("buffer") uint8_t *core_buffer(void)
{
    return io.bytes;
}

EXPORT("buffer_bytes") uint32_t core_buffer_bytes(void)
{
    return BUFFER_BYTES;
}

// --- join code ---

// Reads the NUL-terminated text in the buffer; leaves nine digits there. False: a slip.
EXPORT("joincode") bool core_joincode(void)
{
    char out[JOINCODE_DIGITS + 1];
    io.text[BUFFER_BYTES - 1] = '\0';
    if (!joincode_parse(io.text, out))
        return false;
    memcpy(io.text, out, sizeof out);
    return true;
}

// --- clock ---

// Forgets the clock; answers of another epoch than this will do the same.
EXPORT("clock_reset") void core_clock_reset(uint32_t epoch)
{
    clock_init(&estimate);
    exchange_init(&exchange);
    clock_epoch = epoch;
}

EXPORT("clock_epoch") uint32_t core_clock_epoch(void)
{
    return clock_epoch;
}

// Writes the question asked at `t1_ns` into the buffer and gives its length.
EXPORT("clock_ask") uint32_t core_clock_ask(double t1_ns)
{
    mono_t t1 = {(int64_t)t1_ns};
    struct stamp_question q = {exchange_ask(&exchange, t1), t1.ns};
    stamp_put_question(&q, io.bytes);
    return STAMP_QUESTION_BYTES;
}

// True when the stamps cannot belong to the map any more. A phone's clock may stand still while it
// sleeps; afterwards an answer would have come before its question was asked, or a question after
// its answer, by far more than the map's uncertainty. 10 ms: far above the coarseness of browser
// clocks, below what a listener would call late.
static bool contradicts(const struct clock_sample *s)
{
    if (!clock_valid(&estimate))
        return false;
    double slack = 10e6 + clock_uncertainty_ns(&estimate.map, s->t4);
    double early = (double)(clock_house_ns(&estimate.map, s->t1) - s->t2_house_ns);
    double late = (double)(s->t3_house_ns - clock_house_ns(&estimate.map, s->t4));
    return early > slack || late > slack;
}

// Takes the answer of `len` bytes in the buffer that came at `t4_ns`. 0: not an answer to a
// question of ours, or impossible; 1: taken; 2: taken, and the clock began anew (other epoch, or
// this page's clock stood still).
EXPORT("clock_answer") int32_t core_clock_answer(uint32_t len, double t4_ns)
{
    struct stamp_answer a;
    struct clock_sample s;
    if (!stamp_get_answer(io.bytes, len, &a) ||
        !exchange_answer(&exchange, a.seq, (mono_t){a.t1_ns}, a.t2_house_ns, a.t3_house_ns,
                         (mono_t){(int64_t)t4_ns}, &s))
        return 0;
    bool anew = a.clock_epoch != clock_epoch || contradicts(&s);
    if (anew)
        core_clock_reset(a.clock_epoch);
    if (!clock_add(&estimate, &s))
        return 0;
    return anew ? 2 : 1;
}

EXPORT("clock_valid") bool core_clock_valid(void)
{
    return clock_valid(&estimate);
}

EXPORT("clock_interval_ms") double core_clock_interval_ms(void)
{
    return (double)exchange_interval_ns(&exchange) / 1e6;
}

EXPORT("clock_house_us") double core_clock_house_us(double local_ns)
{
    return (double)clock_house(&estimate.map, (mono_t){(int64_t)local_ns}).us;
}

EXPORT("clock_local_ns") double core_clock_local_ns(double house_us)
{
    return (double)clock_local(&estimate.map, (house_t){(int64_t)house_us}).ns;
}

EXPORT("clock_uncertainty_us") double core_clock_uncertainty_us(double local_ns)
{
    return clock_uncertainty_ns(&estimate.map, (mono_t){(int64_t)local_ns}) / 1e3;
}

EXPORT("clock_skew") double core_clock_skew(void)
{
    return estimate.map.skew;
}

EXPORT("clock_rtt_us") double core_clock_rtt_us(void)
{
    return (double)estimate.rtt_min_ns / 1e3;
}

// --- timeline ---
// `part` is 0 for what is in force now and 1 for what comes next.

static struct tl_part *part(uint32_t which)
{
    return which == 0 ? &timeline.now : &timeline.next;
}

EXPORT("tl_set")
void core_tl_set(uint32_t which, int32_t cue, double dur_us, double p0_us, double t0_us,
                 int32_t rate)
{
    *part(which) = (struct tl_part){
        .cue = cue,
        .dur_us = (int64_t)dur_us,
        .vec = {.p0_us = (int64_t)p0_us, .t0 = {(int64_t)t0_us}, .rate = rate},
    };
}

EXPORT("tl_set_next") void core_tl_set_next(bool has_next, double next_at_us)
{
    timeline.has_next = has_next;
    timeline.next_at = (house_t){(int64_t)next_at_us};
}

EXPORT("tl_part_at") uint32_t core_tl_part_at(double at_us)
{
    return tl_part_at(&timeline, (house_t){(int64_t)at_us}) == &timeline.next;
}

EXPORT("tl_position_us") double core_tl_position_us(uint32_t which, double at_us)
{
    const struct tl_part *p = part(which);
    return (double)tl_position_us(&p->vec, p->dur_us, (house_t){(int64_t)at_us});
}

EXPORT("tl_sounds") bool core_tl_sounds(uint32_t which, double at_us)
{
    return tl_sounds(part(which), (house_t){(int64_t)at_us});
}

EXPORT("tl_end_us") double core_tl_end_us(uint32_t which)
{
    const struct tl_part *p = part(which);
    return (double)tl_end(&p->vec, p->dur_us).us;
}
