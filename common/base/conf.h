// SPDX-License-Identifier: Apache-2.0
// A program's settings: a table of keys, and one struct that it fills. The table is the one place
// where a key has its type, default, range and reason; checks, --help, --print-config, the files in
// config/ and the pages in man/ follow from it (conf_print.h, options.h).
//
//   default  ◄─  FILE  ◄─  FILE.d/*.ini, by name  ◄─  command line         the later wins
//
// Files are INI, read by libinih. Any mistake refuses all of it, with "FILE:LINE: KEY: what is
// wrong".
// Thread: one; reading anew while the program runs is conf_take's.
#ifndef COMMON_BASE_CONF_H
#define COMMON_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type { CONF_STRING, CONF_INT, CONF_BOOL };

// Rows name the first six in this order, as people read them. NOLINTNEXTLINE(*.Padding)
struct conf_key {
    const char *section;
    const char *name;
    enum conf_type type;
    size_t offset;      // of the field in the settings struct: char *, int64_t or bool
    const char *preset; // the default, written as in a file
    const char *help;   // what it does and why the default is what it is; sentences

    // What does not apply is left out.
    int64_t min, max;     // CONF_INT: inclusive range
    const char *unit;     // CONF_INT: "MiB", "us"; NULL is a count
    const char *choices;  // CONF_STRING, CONF_INT: "auto|yes", the only values there are
    const char *flag;     // --FLAG sets it too
    const char *flag_arg; // what its help calls the value
    const char *shown;    // documents show this: `preset` is set when the program is built
    bool live;            // a reload takes it over; other keys wait for the next start
    // Further check of a value as written. False with what is wrong, without the key's name.
    bool (*check)(const char *value, char *error, size_t error_size);
};

enum {
    CONF_KEYS_MAX = 64,
    CONF_DROP_INS_MAX = 100, // of one folder
    CONF_ERROR_SIZE = 700,
};

struct conf {
    const struct conf_key *keys; // the caller's, constant
    size_t n;
    void *values;              // the settings struct, the caller's
    char *from[CONF_KEYS_MAX]; // "FILE:LINE" or "--FLAG"; NULL: the default
};

// Fills every field from its default. Strings are allocated; conf_free() releases them.
void conf_defaults(struct conf *c, const struct conf_key *keys, size_t n, void *values);
void conf_free(struct conf *c);

// Reads `path`, then PATH.d/*.ini, over what is there. With `shared`, a file's name: where `path`
// is an instance of it ("player-hall.ini" of "player.ini"), the shared file beside it, if it is
// there, and its drop-ins are read first. On failure `error` holds one line and the values may be
// half filled: the caller drops them.
bool conf_read(struct conf *c, const char *path, const char *shared, char *error,
               size_t error_size);

// Sets one key as if it stood in a file. `from` is kept as its origin. Without FILE:LINE in errors.
bool conf_set(struct conf *c, const char *section, const char *name, const char *value,
              const char *from, char *error, size_t error_size);

// A key's value as it would be written in a file.
void conf_value(const struct conf *c, size_t key, char *out, size_t size);

// What a reload came to: the names of keys, comma separated; "" is none.
struct conf_news {
    char taken[500]; // live and changed
    char later[500]; // changed, and not live: as they were until the next start
};

// Both are of one table. Values of live keys move from `anew` to `c`; `anew` is still to be freed.
void conf_take(struct conf *c, struct conf *anew, struct conf_news *news);

#endif
