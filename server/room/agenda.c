// SPDX-License-Identifier: Apache-2.0
#include "server/room/agenda.h"

#include "common/base/check.h"

void agenda_init(struct agenda *a)
{
    *a = (struct agenda){0};
}

void agenda_free(struct agenda *a)
{
    free(a->heap);
    agenda_init(a);
}

static void place(struct agenda *a, size_t i, struct agenda_entry *e)
{
    a->heap[i] = e;
    e->place = i;
}

static void rise(struct agenda *a, size_t i)
{
    struct agenda_entry *e = a->heap[i];
    while (i > 1 && a->heap[i / 2]->due.us > e->due.us) {
        place(a, i, a->heap[i / 2]);
        i /= 2;
    }
    place(a, i, e);
}

static void sink(struct agenda *a, size_t i)
{
    struct agenda_entry *e = a->heap[i];
    for (;;) {
        size_t child = 2 * i;
        if (child > a->count)
            break;
        if (child < a->count && a->heap[child + 1]->due.us < a->heap[child]->due.us)
            child++;
        if (a->heap[child]->due.us >= e->due.us)
            break;
        place(a, i, a->heap[child]);
        i = child;
    }
    place(a, i, e);
}

void agenda_set(struct agenda *a, struct agenda_entry *e, house_t due)
{
    e->due = due;
    if (e->place == 0) {
        if (a->count + 2 > a->cap) {
            a->cap = a->cap ? 2 * a->cap : 64;
            a->heap = check_alloc(realloc(a->heap, a->cap * sizeof(struct agenda_entry *)));
        }
        place(a, ++a->count, e);
    }
    rise(a, e->place);
    sink(a, e->place);
}

void agenda_remove(struct agenda *a, struct agenda_entry *e)
{
    size_t i = e->place;
    if (i == 0)
        return;
    struct agenda_entry *last = a->heap[a->count--];
    e->place = 0;
    if (last == e)
        return;
    place(a, i, last);
    rise(a, i);
    sink(a, last->place);
}

struct agenda_entry *agenda_first(const struct agenda *a)
{
    return a->count ? a->heap[1] : NULL;
}
