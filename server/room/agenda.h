// SPDX-License-Identifier: Apache-2.0
// Which room is due next: a binary heap of instants. Entries are embedded in their rooms and know
// their place, so that moving one costs log n and nothing is allocated per change.
// Pure but for growing its array. Ceiling: one entry per room.
#ifndef SERVER_ROOM_AGENDA_H
#define SERVER_ROOM_AGENDA_H

#include "common/time/instant.h"

#include <stdbool.h>
#include <stddef.h>

struct agenda_entry {
    house_t due;
    size_t place; // 1-based position in the heap; 0: not in it
};

struct agenda {
    struct agenda_entry **heap; // heap[1] is the earliest
    size_t count, cap;
};

void agenda_init(struct agenda *a);
void agenda_free(struct agenda *a);
// Puts the entry at `due`, moving it when it is there already.
void agenda_set(struct agenda *a, struct agenda_entry *e, house_t due);
void agenda_remove(struct agenda *a, struct agenda_entry *e);
// The earliest entry, or NULL.
struct agenda_entry *agenda_first(const struct agenda *a);

#endif
