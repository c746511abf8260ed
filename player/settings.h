// SPDX-License-Identifier: Apache-2.0
// What the player was told: command line over config file over defaults.
// Thread: read once on the starting thread, constant afterwards.
#ifndef PLAYER_SETTINGS_H
#define PLAYER_SETTINGS_H

#include "common/base/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
    // As in the table; strings are owned.
    char *server;
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
    char code[16]; // nine digits
    bool null_device;
    double null_ppm;

    bool check_only; // --check-config
};

enum settings_result {
    SETTINGS_RUN,
    SETTINGS_DONE, // --help, --version: printed on stdout, nothing to do
    SETTINGS_BAD,  // `error` holds one line
};

// The table behind config/player.ini.
extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;

enum settings_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                   size_t error_size);
void settings_free(struct settings *s);

#endif
