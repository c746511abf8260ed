// SPDX-License-Identifier: Apache-2.0
// A table from names to pointers: finds an awake room by its id, code or link. Open addressing,
// keyed with a random seed, so that nobody who chooses names can make it slow.
// Keys are not copied: they live in what the pointer points to.
#ifndef SERVER_ROOM_NAMES_H
#define SERVER_ROOM_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
    struct {
        const char *key; // NULL: free
        void *value;
    } * slots;
    size_t cap, count;
    uint64_t seed;
};

void names_init(struct names *n, uint64_t seed);
void names_free(struct names *n);
// The key must not be there yet.
void names_put(struct names *n, const char *key, void *value);
void *names_get(const struct names *n, const char *key);
void names_remove(struct names *n, const char *key);

#endif
