// SPDX-License-Identifier: Apache-2.0
#include "tests/vdac/line.h"

#include "common/base/check.h"

#include <stdlib.h>
#include <string.h>

bool line_full(const struct line *l)
{
    return l->count == LINE_PACKETS_MAX;
}

void line_add(struct line *l, const void *data, size_t len, int64_t due_ns, bool in_order)
{
    CHECK(!line_full(l));
    if (in_order && due_ns < l->last_due_ns)
        due_ns = l->last_due_ns;
    l->last_due_ns = due_ns;
    int i = l->count++;
    for (; i > 0 && l->packets[i - 1].due_ns > due_ns; i--)
        l->packets[i] = l->packets[i - 1];
    l->packets[i] = (struct packet){due_ns, len, 0, check_alloc(malloc(len + 1))};
    memcpy(l->packets[i].data, data, len);
}

struct packet *line_first(struct line *l)
{
    return l->count > 0 ? &l->packets[0] : NULL;
}

void line_drop_first(struct line *l)
{
    free(l->packets[0].data);
    l->count--;
    memmove(l->packets, l->packets + 1, (size_t)l->count * sizeof *l->packets);
}

void line_clear(struct line *l)
{
    while (l->count > 0)
        line_drop_first(l);
}
