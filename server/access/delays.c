// SPDX-License-Identifier: Apache-2.0
#include "server/access/delays.h"

#include <string.h>

// FNV-1a. Whoever finds two names of the same value makes them wait together.
static uint64_t add(uint64_t h, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (h ^ 0xff) * UINT64_C(1099511628211);
}

// A machine has as many IPv6 addresses as it likes, all with the same first half.
static size_t network_len(const char *address)
{
    int colons = 0;
    for (size_t i = 0; address[i]; i++) {
        colons += address[i] == ':';
        if (colons == 4 && !strchr(address, '.'))
            return i;
    }
    return strlen(address);
}

static uint64_t row_of(const char *user, const char *address)
{
    uint64_t h = add(UINT64_C(14695981039346656037), user, strlen(user));
    h = add(h, address, network_len(address));
    return h ? h : 1;
}

static int find(const struct delays *d, uint64_t who)
{
    for (int i = 0; i < DELAYS_MAX; i++) {
        if (d->rows[i].who == who)
            return i;
    }
    return -1;
}

int64_t delays_wait_ms(const struct delays *d, const char *user, const char *address, house_t now)
{
    int i = find(d, row_of(user, address));
    int64_t left_us = i >= 0 ? house_diff_us(d->rows[i].until, now) : 0;
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

bool delays_erred(const struct delays *d, const char *user, const char *address, house_t now)
{
    int i = find(d, row_of(user, address));
    return i >= 0 && house_diff_us(now, d->rows[i].last) <= DELAYS_FORGET_US;
}

// A free row, one that is old enough to be forgotten, or the one with the fewest wrong tries.
static int make_room(const struct delays *d, house_t now)
{
    int least = 0;
    for (int i = 0; i < DELAYS_MAX; i++) {
        if (!d->rows[i].who || house_diff_us(now, d->rows[i].last) > DELAYS_FORGET_US)
            return i;
        if (d->rows[i].wrong < d->rows[least].wrong)
            least = i;
    }
    return least;
}

void delays_wrong(struct delays *d, const char *user, const char *address, house_t now)
{
    uint64_t who = row_of(user, address);
    int i = find(d, who);
    if (i < 0)
        i = make_room(d, now);
    if (d->rows[i].who != who || house_diff_us(now, d->rows[i].last) > DELAYS_FORGET_US)
        d->rows[i].wrong = 0;
    d->rows[i].who = who;
    int beyond = ++d->rows[i].wrong - DELAYS_FREE;
    int64_t wait_s = beyond <= 0 ? 0 : beyond > 6 ? DELAYS_LONGEST_S : INT64_C(1) << (beyond - 1);
    d->rows[i].last = now;
    d->rows[i].until = house_add_us(now, wait_s * 1000000);
}

void delays_right(struct delays *d, const char *user, const char *address)
{
    int i = find(d, row_of(user, address));
    if (i >= 0)
        d->rows[i].who = 0;
}
