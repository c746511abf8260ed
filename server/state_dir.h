// SPDX-License-Identifier: Apache-2.0
// The folder of everything that the server writes, and what is where in it. Thread: the starting
// one.
#ifndef SERVER_STATE_DIR_H
#define SERVER_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

struct state_dir {
    char content[512], uploads[512], incoming[512], sources[512], db[512], password[512],
        reset[512], reserve[512];
};

// Makes what is missing of it and removes what was half done when the power went. False with one
// line in `error`.
bool state_dir_make(struct state_dir *s, const char *path, char *error, size_t error_size);

#endif
