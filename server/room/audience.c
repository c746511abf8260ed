// SPDX-License-Identifier: Apache-2.0
#include "server/room/audience.h"

#include "common/base/check.h"

#include <stdio.h>
#include <string.h>

bool audience_admit(struct audience_part *p, house_t now)
{
    if (!p->begun)
        p->tokens = AUDIENCE_BURST;
    else
        p->tokens += (double)house_diff_us(now, p->tokens_at) / 1e6;
    p->begun = true;
    p->tokens_at = now;
    if (p->tokens > AUDIENCE_BURST)
        p->tokens = AUDIENCE_BURST;
    if (p->tokens < 1)
        return false;
    p->tokens -= 1;
    return true;
}

static int32_t take_number(struct audience *a)
{
    for (int n = 0; n < AUDIENCE_NUMBERS; n++) {
        uint64_t bit = UINT64_C(1) << n % 64;
        if (a->numbers[n / 64] & bit)
            continue;
        a->numbers[n / 64] |= bit;
        return n + 1;
    }
    return 0;
}

void audience_raise(struct audience *a, struct audience_part *p)
{
    if (p->hand)
        return;
    p->hand = true;
    p->number = take_number(a);
    p->raised = ++a->raised;
}

void audience_lower(struct audience *a, struct audience_part *p)
{
    if (p->number) {
        int n = p->number - 1;
        CHECK(a->numbers[n / 64] >> n % 64 & 1);
        a->numbers[n / 64] &= ~(UINT64_C(1) << n % 64);
    }
    p->hand = false;
    p->number = 0;
}

void audience_react(struct audience *a, enum wire_reaction what)
{
    // Counts fit into what both sides read; beyond it they stand still.
    if (a->reactions[what] < INT32_MAX)
        a->reactions[what]++;
}

bool audience_ask(struct audience *a, house_t now)
{
    if (a->asked && house_diff_us(now, a->asked_at) < AUDIENCE_ASK_US)
        return false;
    a->asked = true;
    a->asked_at = now;
    return true;
}

void audience_count(struct wire_audience *out, const struct wire_report *report, int64_t age_us)
{
    out->visitors++;
    if (!report) {
        out->waiting++;
        return;
    }
    if (age_us > AUDIENCE_ASLEEP_US) {
        out->asleep++;
        return;
    }
    if (report->playing == PLAYING_FETCHING)
        out->loading++;
    else if (report->ready || report->playing == PLAYING_SOUND)
        out->ready++;
    else
        out->waiting++;
    if (report->playing == PLAYING_SOUND &&
        (report->error_us > AUDIENCE_ASTRAY_US || report->error_us < -AUDIENCE_ASTRAY_US))
        out->astray++;
}

void audience_list_hand(struct wire_audience *out, uint64_t order[WIRE_HANDS_MAX],
                        const struct audience_part *p, const char *member, const char *name)
{
    out->hands_up++;
    int at = out->hand_count;
    while (at > 0 && order[at - 1] > p->raised)
        at--;
    if (at == WIRE_HANDS_MAX)
        return;
    if (out->hand_count < WIRE_HANDS_MAX)
        out->hand_count++;
    size_t behind = (size_t)(out->hand_count - 1 - at);
    memmove(&out->hands[at + 1], &out->hands[at], behind * sizeof out->hands[0]);
    memmove(&order[at + 1], &order[at], behind * sizeof order[0]);
    order[at] = p->raised;
    out->hands[at] = (struct wire_person){.number = p->number};
    snprintf(out->hands[at].member, sizeof out->hands[at].member, "%s", member);
    snprintf(out->hands[at].name, sizeof out->hands[at].name, "%s", name);
}
