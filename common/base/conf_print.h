// SPDX-License-Identifier: Apache-2.0
// A table of settings as people read it: a file to start from, a page of a manual, the flags of a
// command line, and what is in force. Thread: any.
#ifndef COMMON_BASE_CONF_PRINT_H
#define COMMON_BASE_CONF_PRINT_H

#include "common/base/conf.h"

#include <stdio.h>

// Every key at its default, with its reason: config/*.ini. A key whose default is set when the
// program is built is commented out, and shows what packages set.
void conf_print_ini(FILE *out, const struct conf_key *keys, size_t n, const char *program,
                    const char *file);

// The same as roff, for the pages in man/: what stands between their SETTINGS marks.
void conf_print_man(FILE *out, const struct conf_key *keys, size_t n);

// The flags that set a key, a line each, as --help shows them.
void conf_print_flags(FILE *out, const struct conf_key *keys, size_t n);

// Every value in force, and where it comes from, as a file that can be read again.
void conf_print_values(FILE *out, const struct conf *c);

#endif
