// SPDX-License-Identifier: Apache-2.0
#include "server/settings.h"

#include <stddef.h>

#define AT(field) offsetof(struct settings, field)

const struct conf_key settings_keys[] = {
    {"server", "listen", CONF_STRING, AT(listen), "0.0.0.0:8080", 0, 0,
     "Address and port to serve on; port 0 picks a free one. 8080 needs no privilege."},
    {"server", "state_dir", CONF_STRING, AT(state_dir), "/var/lib/roomtone", 0, 0,
     "Folder for everything the server writes: database, content, first password."},
    {"server", "web_dir", CONF_STRING, AT(web_dir), ROOMTONE_WEB_DIR, 0, 0,
     "Folder of the built pages."},
    {"server", "ingest", CONF_STRING, AT(ingest), ROOMTONE_INGEST, 0, 0,
     "The program that turns uploaded audio into tracks."},
    {"server", "names", CONF_STRING, AT(names), "", 0, 0,
     "Host names this box is reached by, comma separated, beside its addresses, localhost and "
     "*.local; other names are refused, so that a stranger's page cannot point its own name here."},
    {"server", "join_url", CONF_STRING, AT(join_url), "", 0, 0,
     "What QR codes begin with, e.g. http://192.168.4.1:8080. Empty: the address the admin page "
     "itself was opened with."},
    {"server", "log_level", CONF_STRING, AT(log_level), "info", 0, 0,
     "error, warn, info or debug."},
    {"limits", "max_members", CONF_INT, AT(max_members), "10500", 1, 100000,
     "Sockets at once. A twenty-first is kept for staff, guides, kiosks and phones that were in "
     "already: a full house is 10,000 phones."},
    {"limits", "max_rooms_awake", CONF_INT, AT(max_rooms_awake), "1000", 1, 100000,
     "Rooms in memory at once; sleeping ones are rows on disk and do not count."},
    {"limits", "wrong_codes_per_minute", CONF_INT, AT(wrong_codes_per_minute), "30", 1, 100000,
     "Wrong join codes accepted house-wide. At 30, guessing finds one of 50 groups less than once "
     "a week; above it codes wait, QR links still work."},
    {"limits", "upload_max_mb", CONF_INT, AT(upload_max_mb), "512", 1, 4096,
     "Largest audio file that may be uploaded, in MiB."},
    {"time", "zone", CONF_STRING, AT(zone), "", 0, 0,
     "The venue's time zone for schedules, e.g. Europe/Berlin. Empty: the machine's own."},
    {"time", "trust_clock", CONF_STRING, AT(trust_clock), "auto", 0, 0,
     "auto: schedules run when the wall clock is synchronised (NTP) or has a battery. yes: also "
     "when it has neither, for virtual machines whose host keeps the time."},
    {"time", "udp", CONF_BOOL, AT(time_udp), "yes", 0, 0,
     "Answer kiosks' questions about the time over UDP as well, at the port of listen; no where "
     "only "
     "that port's TCP is open. They then ask over their WebSocket, a little less exactly."},
    {"debug", "forget_every", CONF_INT, AT(forget_every), "0", 0, 1000000,
     "After every so many changes a group forgets what it has in memory and reads it back; the "
     "program ends when it is not the same. For tests; 0 is never."},
};

const size_t settings_key_count = sizeof settings_keys / sizeof settings_keys[0];
