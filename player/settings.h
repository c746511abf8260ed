// SPDX-License-Identifier: Apache-2.0
// What the player was told: command line over config files over defaults (settings.c has the
// table). Read at the start and again at SIGHUP. Thread: the talking thread.
#ifndef PLAYER_SETTINGS_H
#define PLAYER_SETTINGS_H

#include "common/base/conf.h"
#include "common/base/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
    // As in the table; strings are owned.
    char *server;
    char *ca;
    char *pin;
    char *group;
    char *name;
    char *lang;
    char *cache_dir;
    int64_t cache_mb;
    char *device;
    int64_t rate;
    int64_t period_us;
    int64_t buffer_us;
    int64_t trim_us;
    bool debug;
    char *trace;

    // Worked out of them.
    char host[256];
    int port;
    bool tls;
    char code[16]; // nine digits
    bool null_device;
    double null_ppm;

    struct conf conf; // where each value is from
    int argc;         // the command line, read again at a reload
    char **argv;
};

// `argv` is kept. settings_free() whatever comes.
enum options_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                  size_t error_size);
// Reads files and flags anew and takes over what may change while the player runs; `news` tells.
// False with one line in `error` when anything is wrong: then nothing has changed.
bool settings_reload(struct settings *s, struct conf_news *news, char *error, size_t error_size);
void settings_free(struct settings *s);
// A person has written down both the box and the group: whoever is there is obeyed.
bool settings_chosen(const struct settings *s);

#endif
