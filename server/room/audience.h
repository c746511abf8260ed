// SPDX-License-Identifier: Apache-2.0
// What a group shows its guide beside the timeline: raised hands, reactions, who is ready. It lives
// only as long as the people are here: nothing of it is written, and nothing of it makes a new
// revision. What a member may send is bounded by a token bucket of its own; what guides hear are
// counts, so that a full house costs no more than a small one.
//
// Pure: no I/O, no clock, no allocation.
#ifndef SERVER_ROOM_AUDIENCE_H
#define SERVER_ROOM_AUDIENCE_H

#include "common/wire/wire.h"

enum {
    AUDIENCE_NUMBERS = 128, // hands beyond it are up without a number
    AUDIENCE_BURST = 5,     // signs (a hand, a reaction) in a row; then one a second
};
// No report for so long: the phone sleeps. Pages report once a second, behind a locked screen every
// ten; one may be lost.
#define AUDIENCE_ASLEEP_US INT64_C(25000000)
// Nobody beside a phone that is nearer than this hears it as another voice.
#define AUDIENCE_ASTRAY_US INT64_C(25000)
// Guides ask "everybody ready?" no more often than this; in between it counts as asked.
#define AUDIENCE_ASK_US INT64_C(3000000)

// A group's.
struct audience {
    uint64_t numbers[AUDIENCE_NUMBERS / 64]; // in use, a bit each
    uint64_t raised;                         // hands ever raised: their order
    int32_t reactions[WIRE_REACTIONS];
    bool asked;
    house_t asked_at;
};

// A member's.
struct audience_part {
    bool hand;
    int32_t number;  // of the hand, from 1; 0: none was left
    uint64_t raised; // smaller: raised before
    double tokens;   // signs it may still give
    house_t tokens_at;
    bool begun;
};

// Takes one sign of this member; false when it gives too many.
bool audience_admit(struct audience_part *p, house_t now);
// Raising gives the lowest number that is free, lowering gives it back. Twice is once.
void audience_raise(struct audience *a, struct audience_part *p);
void audience_lower(struct audience *a, struct audience_part *p);
void audience_react(struct audience *a, enum wire_reaction what);
// True when visitors are to be asked now.
bool audience_ask(struct audience *a, house_t now);

// Counts one visitor's phone: `report` NULL when it has not said anything yet, its age otherwise.
void audience_count(struct wire_audience *out, const struct wire_report *report, int64_t age_us);
// Puts a raised hand where it belongs among those seen so far; the latest give way when the list is
// full. `order` holds the `raised` of each in the list.
void audience_list_hand(struct wire_audience *out, uint64_t order[WIRE_HANDS_MAX],
                        const struct audience_part *p, const char *member, const char *name);

#endif
