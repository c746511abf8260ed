// SPDX-License-Identifier: Apache-2.0
#include "common/wire/stamp.h"

static void put(uint8_t *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void put_head(uint8_t *p, char kind)
{
    p[0] = 'R';
    p[1] = 'T';
    p[2] = (uint8_t)kind;
    p[3] = 1;
}

static bool has_head(const uint8_t *p, char kind)
{
    return p[0] == 'R' && p[1] == 'T' && p[2] == (uint8_t)kind && p[3] == 1;
}

void stamp_put_question(const struct stamp_question *q, uint8_t out[STAMP_QUESTION_BYTES])
{
    put_head(out, 'Q');
    put(out + 4, q->seq, 4);
    put(out + 8, (uint64_t)q->t1_ns, 8);
}

bool stamp_get_question(const uint8_t *data, size_t len, struct stamp_question *out)
{
    if (len != STAMP_QUESTION_BYTES || !has_head(data, 'Q'))
        return false;
    out->seq = (uint32_t)get(data + 4, 4);
    out->t1_ns = (int64_t)get(data + 8, 8);
    return true;
}

void stamp_put_answer(const struct stamp_answer *a, uint8_t out[STAMP_ANSWER_BYTES])
{
    put_head(out, 'A');
    put(out + 4, a->seq, 4);
    put(out + 8, (uint64_t)a->t1_ns, 8);
    put(out + 16, (uint64_t)a->t2_house_ns, 8);
    put(out + 24, (uint64_t)a->t3_house_ns, 8);
    put(out + 32, a->clock_epoch, 4);
}

bool stamp_get_answer(const uint8_t *data, size_t len, struct stamp_answer *out)
{
    if (len != STAMP_ANSWER_BYTES || !has_head(data, 'A'))
        return false;
    out->seq = (uint32_t)get(data + 4, 4);
    out->t1_ns = (int64_t)get(data + 8, 8);
    out->t2_house_ns = (int64_t)get(data + 16, 8);
    out->t3_house_ns = (int64_t)get(data + 24, 8);
    out->clock_epoch = (uint32_t)get(data + 32, 4);
    return true;
}
