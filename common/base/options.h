// SPDX-License-Identifier: Apache-2.0
// The command line of a program with a table of settings: --config FILE, a flag for each key that
// has one, and what all of them understand (--check-config, --print-config, --settings, --version,
// --help). Thread: one.
#ifndef COMMON_BASE_OPTIONS_H
#define COMMON_BASE_OPTIONS_H

#include "common/base/conf.h"

struct options {
    const char *program, *version;
    const char *purpose; // a sentence for --help
    const char *file;    // "player.ini": its usual name
    bool instances;      // "player-hall.ini" is one of several, see `shared` of conf_read()
};

enum options_result {
    OPTIONS_RUN,
    OPTIONS_CHECK, // look over what was read, then options_end()
    OPTIONS_PRINT, // the same
    OPTIONS_DONE,  // printed on stdout; nothing to do
    OPTIONS_BAD,   // `error` holds one line: a file that is wrong
    OPTIONS_USAGE, // `error` holds one line: a command line that is
};

// Fills the settings: defaults, files, flags. `c` is to be freed whatever comes.
enum options_result options_read(const struct options *o, const struct conf_key *keys, size_t n,
                                 void *values, struct conf *c, int argc, char **argv, char *error,
                                 size_t error_size);

// For all but OPTIONS_RUN: answers --check-config and --print-config, once the program found
// nothing wrong either, or says what is wrong. Gives the exit code.
int options_end(enum options_result r, const char *program, const struct conf *c,
                const char *error);

// Says in the log what a reload came to. `topic` is the module that took the settings over.
void options_reloaded(const char *topic, const struct conf_news *news);
void options_not_reloaded(const char *topic, const char *error);

#endif
