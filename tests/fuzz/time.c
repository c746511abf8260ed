// SPDX-License-Identifier: Apache-2.0
// The time exchange in binary, both sides: bare stamps, sealed ones, and the clock of a kiosk whose
// box answers with whatever it likes. Whatever comes, the clock's map stays a line of finite
// numbers.
#include "tests/fuzz/fuzz.h"

#include "common/clock/exchange.h"
#include "common/wire/sealed.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

static struct sealed_session session;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    MUST(sodium_init() >= 0);
    session.id = 7;
    return 0;
}

static void stamps(const uint8_t *data, size_t len)
{
    struct stamp_question q;
    struct stamp_answer a;
    uint8_t out[STAMP_ANSWER_BYTES];
    if (stamp_get_question(data, len, &q)) {
        stamp_put_question(&q, out);
        MUST(len == STAMP_QUESTION_BYTES && memcmp(out, data, len) == 0);
    }
    if (stamp_get_answer(data, len, &a)) {
        stamp_put_answer(&a, out);
        MUST(len == STAMP_ANSWER_BYTES && memcmp(out, data, len) == 0);
    }
}

// As they come, which nobody has sealed; and with a seal of this session's key over them.
static void sealed(const uint8_t *data, size_t len)
{
    struct stamp_question q;
    struct stamp_answer a;
    struct sealed_left left;
    uint8_t own[SEALED_BYTES], again[SEALED_BYTES];
    sealed_id(data, len);
    MUST(!sealed_get_question(&session, data, len, &q));
    MUST(!sealed_get_answer(&session, data, len, &a, &left));
    if (len != SEALED_BYTES)
        return;
    memcpy(own, data, len);
    crypto_generichash(own + SEALED_BYTES - 16, 16, own, SEALED_BYTES - 16, session.key,
                       sizeof session.key);
    MUST(!(sealed_get_question(&session, own, len, &q) &&
           sealed_get_answer(&session, own, len, &a, &left)));
    if (sealed_get_answer(&session, own, len, &a, &left)) {
        sealed_put_answer(&session, &a, &left, again);
        MUST(memcmp(again, own, len) == 0);
    }
}

static void look_at(const struct clock_estimate *e)
{
    if (!clock_valid(e))
        return;
    MUST(isfinite(e->map.skew) && fabs(e->map.skew) < 0.1);
    MUST(isfinite(e->map.sigma_ns) && isfinite(e->map.uncertainty_ns) &&
         e->map.uncertainty_ns >= 0);
}

// Each 20 bytes: how long until the answer, what it says, and which question it is of.
static void clock_of_a_kiosk(const uint8_t *data, size_t len)
{
    struct fuzz_bytes b = {data, len};
    static struct exchange x;
    static struct clock_estimate e;
    mono_t now = {INT64_C(1) << 50};
    exchange_init(&x);
    clock_init(&e);
    while (b.len) {
        uint32_t seq = exchange_ask(&x, now);
        mono_t t1 = now;
        uint64_t wait = fuzz_number(&b, 4);
        now.ns += (int64_t)wait;
        int64_t t2 = (int64_t)fuzz_number(&b, 8);
        int64_t t3 = wait % 3 ? t2 + (int64_t)(uint16_t)fuzz_number(&b, 2) % INT16_MAX *
                                         (t2 < INT64_MAX - 100000)
                              : (int64_t)fuzz_number(&b, 8);
        struct clock_sample s;
        if (exchange_answer(&x, seq - wait % 2, t1, t2, t3, now, &s) && clock_add(&e, &s))
            look_at(&e);
        if (exchange_answer_left(&x, t1, t3, &s) && clock_add(&e, &s))
            look_at(&e);
        now.ns += 1000;
        MUST(exchange_interval_ns(&x) > 0);
    }
    if (clock_valid(&e)) {
        clock_house(&e.map, now);
        clock_uncertainty_ns(&e.map, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stamps(data, len);
    sealed(data, len);
    clock_of_a_kiosk(data, len);
    return 0;
}
