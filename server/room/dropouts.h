// SPDX-License-Identifier: Apache-2.0
// Phones of a group whose line broke: they were in, did not say goodbye, and may be on their way
// back. For a minute; who is not back by then has gone.
//
// Pure: no I/O, no clock, no allocation.
#ifndef SERVER_ROOM_DROPOUTS_H
#define SERVER_ROOM_DROPOUTS_H

#include "common/wire/wire.h"

enum { DROPOUTS_MAX = 128 }; // of a group; in a larger trouble the number says no more
#define DROPOUTS_KEPT_US INT64_C(60000000)

struct dropouts {
    int count;
    struct {
        char member[WIRE_MEMBER_MAX + 1];
        house_t at;
    } list[DROPOUTS_MAX]; // oldest first
};

// How many there are; those of more than a minute ago are forgotten.
int dropouts_count(struct dropouts *d, house_t now);
// One more; not beyond DROPOUTS_MAX. Who drops out again has a minute again.
void dropouts_add(struct dropouts *d, const char *member, house_t now);
// The member is here.
void dropouts_back(struct dropouts *d, const char *member);

#endif
