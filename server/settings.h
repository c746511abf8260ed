// SPDX-License-Identifier: Apache-2.0
// The server's settings: one table of keys (settings.c), one struct, read once at the start.
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "common/base/conf.h"

struct settings {
    char *listen;    // ADDR:PORT
    char *state_dir; // everything the server writes is under it
    char *web_dir;   // built pages
    char *ingest;    // path of roomtone-ingest
    char *names;     // host names visitors may use, comma separated
    char *join_url;  // what the QR codes begin with; "" = the address asked for
    int64_t max_members;
    int64_t max_rooms_awake;
    int64_t wrong_codes_per_minute;
    int64_t upload_max_mb;
    char *zone;        // of the venue; "" = the machine's own
    char *trust_clock; // "auto" or "yes"
    bool time_udp;     // kiosks may ask the time over UDP
    int64_t forget_every;
    char *log_level;
};

extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;

#endif
