// SPDX-License-Identifier: Apache-2.0
// Packets under way: each waits until its instant, then goes, the earliest first.
#ifndef TESTS_VDAC_LINE_H
#define TESTS_VDAC_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINE_PACKETS_MAX = 256,
    LINE_BYTES_MAX = 65536, // of a packet: the largest datagram
};

struct packet {
    int64_t due_ns;
    size_t len, gone; // bytes, and how many of them were sent already
    char *data;
};

struct line {
    struct packet packets[LINE_PACKETS_MAX]; // by due_ns; of equals the first come is first
    int count;
    int64_t last_due_ns;
};

bool line_full(const struct line *l);
// Takes a copy. `in_order`: it does not overtake what is on the line. Not when it is full.
void line_add(struct line *l, const void *data, size_t len, int64_t due_ns, bool in_order);
// The one that goes first, or NULL.
struct packet *line_first(struct line *l);
void line_drop_first(struct line *l);
void line_clear(struct line *l);

#endif
