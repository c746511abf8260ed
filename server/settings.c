// SPDX-License-Identifier: Apache-2.0
#include "server/settings.h"

#include "common/base/log.h"
#include "common/base/subnets.h"
#include "server/house/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct settings, field)

bool settings_address_parse(const char *text, char *address, size_t size, int *port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= size)
        return false;
    char *end;
    long p = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end || p < 0 || p > 65535)
        return false;
    bool brackets = text[0] == '[' && colon[-1] == ']';
    size_t len = (size_t)(colon - text) - (brackets ? 2 : 0);
    memcpy(address, text + (brackets ? 1 : 0), len);
    address[len] = '\0';
    *port = (int)p;
    return true;
}

static bool check_address(const char *value, char *error, size_t error_size)
{
    char address[100];
    int port;
    if (settings_address_parse(value, address, sizeof address, &port))
        return true;
    snprintf(error, error_size, "'%s' is not ADDR:PORT", value);
    return false;
}

static bool check_tls_address(const char *value, char *error, size_t error_size)
{
    return !*value || check_address(value, error, error_size);
}

static bool check_zone(const char *value, char *error, size_t error_size)
{
    if (calendar_zone_valid(value))
        return true;
    snprintf(error, error_size, "'%s' is not a time zone of this machine", value);
    return false;
}

int settings_hour(const char *text)
{
    int hour, minute, end = 0;
    bool ok = strlen(text) == 5 && text[0] >= '0' && text[0] <= '9' && text[3] >= '0' &&
              text[3] <= '9' && sscanf(text, "%2d:%2d%n", &hour, &minute, &end) == 2 && end == 5;
    return ok && hour < 24 && minute < 60 ? (hour * 60 + minute) * 60 : -1;
}

static bool check_hour(const char *value, char *error, size_t error_size)
{
    if (settings_hour(value) >= 0)
        return true;
    snprintf(error, error_size, "'%s' is no hour of the day like 03:30", value);
    return false;
}

static bool check_exempt(const char *value, char *error, size_t error_size)
{
    struct subnets s;
    return subnets_parse(value, &s, error, error_size);
}

static bool check_backup_dir(const char *value, char *error, size_t error_size)
{
    if (!*value || (value[0] == '/' && strlen(value) < 500))
        return true;
    snprintf(error, error_size, "'%.60s' is not the path of a folder, from / on", value);
    return false;
}

static const struct conf_key keys[] = {
    {"server", "listen", CONF_STRING, AT(listen), "0.0.0.0:8080",
     .help = "Address and port to serve on; port 0 picks a free one. 8080 needs no privilege. "
             "Where systemd opens the port (roomtoned.socket), both name the same.",
     .check = check_address, .flag = "listen", .flag_arg = "ADDR:PORT"},
    {"server", "state_dir", CONF_STRING, AT(state_dir), "/var/lib/roomtone",
     .help = "Folder for everything the server writes: database, content, first password.",
     .flag = "state", .flag_arg = "DIR"},
    {"server", "web_dir", CONF_STRING, AT(web_dir), ROOMTONE_WEB_DIR,
     .help = "Folder of the built pages.", .shown = "/usr/share/roomtone/web", .live = true,
     .flag = "web", .flag_arg = "DIR"},
    {"server", "ingest", CONF_STRING, AT(ingest), ROOMTONE_INGEST,
     .help = "The program that turns uploaded audio into tracks.",
     .shown = "/usr/bin/roomtone-ingest"},
    {"server", "demo", CONF_STRING, AT(demo), ROOMTONE_DEMO,
     .help = "File of the demo exhibit that the set-up of a new box offers. Empty, or no such "
             "file: it offers none.",
     .shown = "/usr/share/roomtone/demo.tar", .live = true},
    {"server", "names", CONF_STRING, AT(names), "",
     .help = "Host names this box is reached by, comma separated, beside its addresses, "
             "localhost and *.local; other names are refused, so that a stranger's page cannot "
             "point its own name here.",
     .live = true},
    {"server", "join_url", CONF_STRING, AT(join_url), "",
     .help = "What QR codes begin with, e.g. http://192.168.4.1:8080. Empty: the address the "
             "admin page itself was opened with.",
     .live = true},
    {"server", "announce", CONF_BOOL, AT(announce), "yes",
     .help = "Tell the local network by DNS-SD (Avahi) that this box is here, so that players "
             "without an "
             "address find it; no where players are given the address. Without Avahi, or with "
             "listen on "
             "the loopback, nothing is told."},
    {"server", "log_level", CONF_STRING, AT(log_level), "info",
     .help = "How much goes to the log: error is what visitors hear or lose, warn what somebody "
             "should look at this week, info a handful of lines a day.",
     .choices = "error|warn|info|debug", .live = true},
    {"limits", "max_members", CONF_INT, AT(max_members), "10500",
     .help = "Sockets at once. A twenty-first is kept for staff, guides, kiosks and phones that "
             "were in already: a full house is 10,000 phones.",
     .min = 1, .max = 100000, .unit = "sockets"},
    {"limits", "members_per_address", CONF_INT, AT(members_per_address), "1000",
     .help = "Visitors, guides and kiosks without a place of their own that may be in from one "
             "address at once (an IPv6 address counts with its /64). One laptop cannot take all "
             "places of a full house then. As many as this for all of an access point that gives "
             "its phones no addresses of their own: more of them, or a proxy, belong in exempt.",
     .min = 1, .max = 100000, .unit = "sockets", .live = true},
    {"limits", "connections_per_address", CONF_INT, AT(connections_per_address), "256",
     .help = "Connections of one address that have not said who they are: pages being loaded, "
             "mostly. Forty phones behind one address that load the page in the same second. "
             "Above it the one that did nothing for longest is closed, and browsers open another.",
     .min = 16, .max = 4096, .unit = "connections", .live = true},
    {"limits", "connections_per_second", CONF_INT, AT(connections_per_second), "1000",
     .help = "New connections the house takes in a second, 128 of these from one address; others "
             "get 503 and come again. Staff and adopted kiosks have 512 a second of their own.",
     .min = 10, .max = 100000, .unit = "a second", .live = true},
    {"limits", "exempt", CONF_STRING, AT(exempt), "127.0.0.1, ::1",
     .help = "Networks whose addresses the last three do not count, e.g. 192.168.7.0/24, "
             "10.0.0.5: the kiosks' own, a proxy of the house, an access point behind whose one "
             "address thousands of phones are.",
     .check = check_exempt, .live = true},
    {"limits", "max_rooms_awake", CONF_INT, AT(max_rooms_awake), "1000",
     .help = "Rooms in memory at once; sleeping ones are rows on disk and do not count.", .min = 1,
     .max = 100000, .unit = "rooms", .live = true},
    {"limits", "messages_per_second", CONF_INT, AT(messages_per_second), "20",
     .help = "Messages a socket may send, and twice as many at once; a page sends one report a "
             "second, and a command when somebody taps. Above it they are refused with too_fast.",
     .min = 1, .max = 100000, .unit = "a second", .live = true},
    {"limits", "wrong_codes_per_minute", CONF_INT, AT(wrong_codes_per_minute), "30",
     .help = "Wrong join codes accepted house-wide. At 30, guessing finds one of 50 groups less "
             "than once a week; above it codes wait, QR links still work.",
     .min = 1, .max = 100000, .unit = "a minute", .live = true},
    {"limits", "upload_max_mb", CONF_INT, AT(upload_max_mb), "512",
     .help = "Largest audio file that may be uploaded.", .min = 1, .max = 4096, .unit = "MiB",
     .live = true},
    {"limits", "uploads_total_mb", CONF_INT, AT(uploads_total_mb), "8192",
     .help = "Disk that uploads which are not finished may take together.", .min = 1,
     .max = 1048576, .unit = "MiB", .live = true},
    {"limits", "uploads_keep_h", CONF_INT, AT(uploads_keep_h), "24",
     .help = "How long an upload that broke off may be taken up again; a night and a morning.",
     .min = 1, .max = 720, .unit = "h", .live = true},
    {"limits", "sources_max_mb", CONF_INT, AT(sources_max_mb), "20480",
     .help = "Disk for the files as they were uploaded. They are kept so that loudness and kind of "
             "a track can be changed later without a loss; above this the oldest go. 0: none is "
             "kept.",
     .max = 1048576, .unit = "MiB", .live = true},
    {"limits", "exhibition_max_mb", CONF_INT, AT(exhibition_max_mb), "16384",
     .help = "Largest exhibition that may be taken in as one file.", .min = 1, .max = 1048576,
     .unit = "MiB", .live = true},
    {"limits", "disk_patience_s", CONF_INT, AT(disk_patience_s), "300",
     .help = "How long one write may stand still before the server counts as stuck, and "
             "systemd's watchdog may start it anew. A slow card takes 5 s for one; 300 is longer "
             "than the kernel waits for a dying disk, for which a new start would only wait "
             "again.",
     .min = 1, .max = 86400, .unit = "s", .live = true},
    {"time", "zone", CONF_STRING, AT(zone), "",
     .help = "The venue's time zone for schedules, e.g. Europe/Berlin. Empty: the machine's own.",
     .check = check_zone},
    {"time", "trust_clock", CONF_STRING, AT(trust_clock), "auto",
     .help = "auto: schedules run when the wall clock is synchronised (NTP) or has a battery. "
             "yes: also when it has neither, for virtual machines whose host keeps the time.",
     .choices = "auto|yes", .live = true},
    {"time", "udp", CONF_BOOL, AT(time_udp), "yes",
     .help = "Answer kiosks' questions about the time over UDP as well, at the port of listen; no "
             "where "
             "only that port's TCP is open. They then ask over their WebSocket, a little less "
             "exactly."},
    {"tls", "listen", CONF_STRING, AT(tls_listen), "",
     .help = "Address and port to serve HTTPS on as well, e.g. 0.0.0.0:8443. Empty: HTTP only, "
             "which needs no certificate and shows visitors no warning.",
     .check = check_tls_address},
    {"tls", "certificate", CONF_STRING, AT(tls_certificate), "",
     .help = "File of the certificate in PEM, with the chain behind it; a name without a slash is "
             "a credential of systemd (LoadCredential=). Files that change are read again by "
             "themselves.",
     .live = true},
    {"tls", "key", CONF_STRING, AT(tls_key), "",
     .help = "File of the certificate's private key in PEM, without a passphrase; or a "
             "credential.",
     .live = true},
    {"tls", "redirect", CONF_BOOL, AT(tls_redirect), "no",
     .help = "Send pages asked for over HTTP to HTTPS; no, because every phone must trust the "
             "certificate first. Kiosks and programs are never sent.",
     .live = true},
    {"backup", "dir", CONF_STRING, AT(backup_dir), "",
     .help =
         "Folder for a backup a day, best on another disk or stick, which the unit must let the "
         "server write to (ReadWritePaths=). Empty: none is made, for nobody knows where yours "
         "should go.",
     .check = check_backup_dir, .live = true},
    {"backup", "at", CONF_STRING, AT(backup_at), "03:30",
     .help = "When, by the venue's clock; at night nobody waits for the disk. A box that was off "
             "then makes up for it when it is on again.",
     .check = check_hour, .live = true},
    {"backup", "keep", CONF_INT, AT(backup_keep), "14",
     .help = "How many to keep; two weeks, since a mistake may go unnoticed over a holiday. The "
             "oldest goes when a new one is whole.",
     .min = 1, .max = 1000, .unit = "backups", .live = true},
    {"debug", "forget_every", CONF_INT, AT(forget_every), "0",
     .help = "After every so many changes a group forgets what it has in memory and reads it "
             "back; the program ends when it is not the same. For tests; 0 is never.",
     .max = 1000000, .unit = "changes"},
};

static const struct options options = {
    .program = "roomtoned",
    .version = ROOMTONE_VERSION,
    .purpose = "Keeps groups of visitors listening to the same thing at the same instant.",
    .file = "roomtoned.ini",
};

enum options_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                  size_t error_size)
{
    *s = (struct settings){.argc = argc, .argv = argv};
    return options_read(&options, keys, sizeof keys / sizeof keys[0], s, &s->conf, argc, argv,
                        error, error_size);
}

bool settings_reload(struct settings *s, struct conf_news *news, char *error, size_t error_size)
{
    struct settings anew;
    bool ok = settings_read(&anew, s->argc, s->argv, error, error_size) == OPTIONS_RUN;
    if (ok)
        conf_take(&s->conf, &anew.conf, news);
    settings_free(&anew);
    return ok;
}

void settings_free(struct settings *s)
{
    conf_free(&s->conf);
}

void settings_log_level(const struct settings *s)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(s->log_level, names[i]) == 0)
            log_setup((enum log_level)i);
    }
}
