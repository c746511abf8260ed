// SPDX-License-Identifier: Apache-2.0
#include "server/kiosks/doubles.h"

#include <stdio.h>
#include <string.h>

static bool is_over(const struct doubled *one, house_t now)
{
    return house_diff_us(now, one->at) > DOUBLES_US;
}

// Its place, or the one that is taken for it.
static struct doubled *place(struct doubles *d, const char *id)
{
    struct doubled *oldest = &d->list[0];
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->list[i].id, id) == 0)
            return &d->list[i];
        if (d->list[i].at.us < oldest->at.us)
            oldest = &d->list[i];
    }
    return d->count < DOUBLES_MAX ? &d->list[d->count++] : oldest;
}

bool doubles_note(struct doubles *d, const char *id, const char *here, const char *other,
                  house_t now)
{
    bool news = !doubles_find(d, id, now);
    struct doubled *one = place(d, id);
    one->at = now;
    snprintf(one->id, sizeof one->id, "%s", id);
    snprintf(one->here, sizeof one->here, "%s", here);
    snprintf(one->other, sizeof one->other, "%s", other);
    return news;
}

const struct doubled *doubles_find(const struct doubles *d, const char *id, house_t now)
{
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->list[i].id, id) == 0)
            return is_over(&d->list[i], now) ? NULL : &d->list[i];
    }
    return NULL;
}
