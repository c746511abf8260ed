// SPDX-License-Identifier: Apache-2.0
// The server's settings: one table of keys (settings.c), one struct, read at the start and again at
// SIGHUP. Thread: the loop's; strings of live keys are good until the next settings_reload().
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "common/base/conf.h"
#include "common/base/options.h"

struct settings {
    char *listen;    // ADDR:PORT
    char *state_dir; // everything the server writes is under it
    char *web_dir;   // built pages
    char *ingest;    // path of roomtone-ingest
    char *demo;      // file of the demo exhibit; "" = none
    char *names;     // host names visitors may use, comma separated
    char *join_url;  // what the QR codes begin with; "" = the address asked for
    bool announce;
    int64_t max_members;
    int64_t members_per_address, connections_per_address, connections_per_second;
    char *exempt; // networks that these three do not count
    int64_t max_rooms_awake;
    int64_t messages_per_second; // of one socket
    int64_t wrong_codes_per_minute;
    int64_t exhibition_max_mb;
    int64_t upload_max_mb;
    int64_t uploads_total_mb, uploads_keep_h; // that are under way
    int64_t sources_max_mb;                   // 0: none is kept
    int64_t disk_patience_s;
    char *zone;        // of the venue; "" = the machine's own
    char *trust_clock; // "auto" or "yes"
    bool time_udp;     // kiosks may ask the time over UDP
    int64_t forget_every;
    char *tls_listen;                // ADDR:PORT; "" = no HTTPS
    char *tls_certificate, *tls_key; // paths, or names of systemd's credentials
    bool tls_redirect;               // pages asked for over HTTP are sent to HTTPS
    char *backup_dir;                // "" = no backups by itself
    char *backup_at;                 // HH:MM
    int64_t backup_keep;
    char *log_level;

    struct conf conf; // where each value is from
    int argc;         // the command line, read again at a reload
    char **argv;
};

// `argv` is kept. settings_free() whatever comes.
enum options_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                  size_t error_size);
// Reads files and flags anew and takes over what may change while the server runs; `news` tells.
// False with one line in `error` when anything is wrong: then nothing has changed.
bool settings_reload(struct settings *s, struct conf_news *news, char *error, size_t error_size);
void settings_free(struct settings *s);

// Puts log_level in force.
void settings_log_level(const struct settings *s);

// "HH:MM" as seconds since midnight; -1 when it is none.
int settings_hour(const char *text);

// "ADDR:PORT" or "[V6]:PORT", as `listen`. False when it is neither.
bool settings_address_parse(const char *text, char *address, size_t size, int *port);

#endif
