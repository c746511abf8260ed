// SPDX-License-Identifier: Apache-2.0
// Config files: INI read by libinih, checked against a table of keys. The table is the one place
// where a key has its type, default, range and help; defaults, errors and docs follow from it.
// Any mistake refuses the whole file with "FILE:LINE: what is wrong".
// Thread: the starting thread, before anything else runs.
#ifndef COMMON_BASE_CONF_H
#define COMMON_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type { CONF_STRING, CONF_INT, CONF_BOOL };

struct conf_key {
    const char *section;
    const char *name;
    enum conf_type type;
    size_t offset;      // of the field in the settings struct: char *, int64_t or bool
    const char *preset; // the default, written as in a file
    int64_t min, max;   // CONF_INT: inclusive range
    const char *help;   // one sentence: what it does and why the default is what it is
};

// Fills every field from its default. Strings are allocated; conf_free() releases them.
void conf_defaults(const struct conf_key *keys, size_t n, void *settings);
void conf_free(const struct conf_key *keys, size_t n, void *settings);

// Reads `path` over what is there. On failure `error` holds one line and `settings` may be half
// filled: the caller stops.
bool conf_read(const struct conf_key *keys, size_t n, void *settings, const char *path, char *error,
               size_t error_size);

// Sets one key as if it stood in a file (for command line flags). Same errors, without file:line.
bool conf_set(const struct conf_key *keys, size_t n, void *settings, const char *section,
              const char *name, const char *value, char *error, size_t error_size);

#endif
