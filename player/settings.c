// SPDX-License-Identifier: Apache-2.0
#include "player/settings.h"

#include "common/base/check.h"
#include "common/base/joincode.h"
#include "common/wire/wire.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#ifndef ROOMTONE_VERSION
#define ROOMTONE_VERSION "0"
#endif

#define FIELD(name) offsetof(struct settings, name)

const struct conf_key settings_keys[] = {
    {"server", "address", CONF_STRING, FIELD(server), "", 0, 0,
     "The box, as http://ADDRESS:PORT. There is no default: a kiosk belongs to one box."},
    {"server", "group", CONF_STRING, FIELD(group), "", 0, 0,
     "The code of the group to play with, nine digits; spaces are forgiven."},
    {"player", "name", CONF_STRING, FIELD(name), "", 0, 0,
     "What staff see; empty means this machine's host name."},
    {"player", "lang", CONF_STRING, FIELD(lang), "", 0, 0,
     "The language to play, e.g. en or pt-br; empty means each track's first."},
    {"player", "debug", CONF_BOOL, FIELD(debug), "no", 0, 0,
     "Also log what only helps to find a fault; no, so that the journal stays readable."},
    {"player", "trace", CONF_STRING, FIELD(trace), "", 0, 0,
     "A file that gets a line a second, ready to plot (comma-separated: error, clock, card, "
     "buffer); "
     "at most 64 MiB with the one before it. Empty means none."},
    {"cache", "dir", CONF_STRING, FIELD(cache_dir), "", 0, 0,
     "Where tracks are kept; empty means $XDG_CACHE_HOME/roomtone or ~/.cache/roomtone."},
    {"cache", "limit_mb", CONF_INT, FIELD(cache_mb), "2048", 16, 1048576,
     "Disk for tracks, in MiB; 2048 holds 70 hours at 64 kbit/s and fits the smallest card."},
    {"sound", "device", CONF_STRING, FIELD(device), "default", 0, 0,
     "The ALSA device; null is a silent one that keeps time (null:ppm=60: with a crystal off by "
     "that much, for tests)."},
    {"sound", "rate", CONF_INT, FIELD(rate), "0", 0, 48000,
     "Sample rate of the card, 44100 or 48000; 0 takes 48000 where the card has it, since tracks "
     "are at 48000."},
    {"sound", "period_us", CONF_INT, FIELD(period_us), "20000", 1000, 50000,
     "Sound written at once, in microseconds; 20000 wakes the player fifty times a second, three "
     "of "
     "them fit the buffer."},
    {"sound", "buffer_us", CONF_INT, FIELD(buffer_us), "60000", 4000, 500000,
     "Sound the card holds, in microseconds; 60000 rides out the longest delay of a busy kernel "
     "and stays well below the 150 ms of warning that a room gives."},
    {"sound", "trim_us", CONF_INT, FIELD(trim_us), "0", -500000, 500000,
     "Play this much earlier, in microseconds, to make up for an amplifier or a screen that delays "
     "the sound behind the card; negative plays later."},
};
const size_t settings_key_count = sizeof settings_keys / sizeof settings_keys[0];

static const char usage[] =
    "roomtone-player --server http://ADDR:PORT --group CODE [options]\n"
    "Plays a group's sound on this machine, in step with everybody else.\n"
    "\n"
    "  --server URL     the box, http://ADDRESS:PORT\n"
    "  --group CODE     the group's code, nine digits\n"
    "  --device NAME    ALSA device (default: default), or null for none\n"
    "  --name NAME      what staff see (default: the host name)\n"
    "  --lang LANG      language to play, e.g. en (default: each track's first)\n"
    "  --cache DIR      where tracks are kept (default: ~/.cache/roomtone)\n"
    "  --config FILE    read settings from FILE first; see config/player.ini\n"
    "  --check-config   say whether the settings are right, and end\n"
    "  --help, --version\n";

// Flags that set a key of the table.
static const struct {
    const char *flag, *section, *name;
} flags[] = {
    {"server", "server", "address"}, {"group", "server", "group"}, {"device", "sound", "device"},
    {"name", "player", "name"},      {"lang", "player", "lang"},   {"cache", "cache", "dir"},
};
enum { FLAGS = sizeof flags / sizeof flags[0], OPT_CONFIG = 100, OPT_CHECK, OPT_HELP, OPT_VERSION };

static bool replace(char **field, const char *value)
{
    char *copy = check_alloc(strdup(value));
    free(*field);
    *field = copy;
    return true;
}

static bool parse_server(struct settings *s, char *error, size_t size)
{
    static const char scheme[] = "http://";
    const char *p = s->server;
    if (!*p) {
        snprintf(error, size, "--server is missing: the box's address, http://ADDRESS:PORT");
        return false;
    }
    size_t host = 0;
    if (strncmp(p, scheme, strlen(scheme)) == 0) {
        p += strlen(scheme);
        host = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");
    }
    char *end = NULL;
    long port = host > 0 && p[host] == ':' ? strtol(p + host + 1, &end, 10) : 80;
    const char *tail = end ? end : p + host;
    bool bracket = *p == '[';
    if (host == 0 || host >= sizeof s->host || host > strlen(p) || port < 1 || port > 65535 ||
        (*tail && strcmp(tail, "/") != 0)) {
        snprintf(error, size, "--server: '%s' is not http://ADDRESS:PORT", s->server);
        return false;
    }
    snprintf(s->host, sizeof s->host, "%.*s", (int)(bracket ? host - 2 : host), p + bracket);
    s->port = (int)port;
    return true;
}

static bool parse_group(struct settings *s, char *error, size_t size)
{
    if (!*s->group) {
        snprintf(error, size, "--group is missing: the group's code of nine digits");
        return false;
    }
    if (!joincode_parse(s->group, s->code)) {
        snprintf(error, size, "--group: '%s' is not a group's code (nine digits, mistyped?)",
                 s->group);
        return false;
    }
    return true;
}

static bool parse_device(struct settings *s, char *error, size_t size)
{
    static const char with_ppm[] = "null:ppm=";
    s->null_device = strcmp(s->device, "null") == 0;
    if (strncmp(s->device, with_ppm, strlen(with_ppm)) == 0) {
        char *end;
        const char *text = s->device + strlen(with_ppm);
        s->null_ppm = strtod(text, &end);
        s->null_device = *text && !*end && s->null_ppm >= -1000 && s->null_ppm <= 1000;
        if (!s->null_device) {
            snprintf(error, size, "--device: '%s': ppm is a number from -1000 to 1000", text);
            return false;
        }
    }
    if (s->rate != 0 && s->rate != 44100 && s->rate != 48000) {
        snprintf(error, size, "rate: %d is neither 44100 nor 48000", (int)s->rate);
        return false;
    }
    if (s->buffer_us < 2 * s->period_us) {
        snprintf(error, size, "buffer_us: must hold at least two periods (period_us)");
        return false;
    }
    return true;
}

static bool fill_in(struct settings *s, char *error, size_t size)
{
    char text[600];
    if (!*s->name) {
        char host[200] = "kiosk";
        gethostname(host, sizeof host - 1);
        replace(&s->name, host);
    }
    if (strlen(s->name) > WIRE_NAME_MAX) {
        snprintf(error, size, "--name: longer than %d bytes", WIRE_NAME_MAX);
        return false;
    }
    for (char *c = s->lang; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (*s->lang && !wire_lang_valid(s->lang)) {
        snprintf(error, size, "--lang: '%s' is not a language like en or pt-br", s->lang);
        return false;
    }
    if (!*s->cache_dir) {
        const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
        if ((!xdg || *xdg != '/') && !home) {
            snprintf(error, size, "--cache is missing: there is no HOME to put it under");
            return false;
        }
        if (xdg && *xdg == '/')
            snprintf(text, sizeof text, "%s/roomtone", xdg);
        else
            snprintf(text, sizeof text, "%s/.cache/roomtone", home);
        replace(&s->cache_dir, text);
    }
    return true;
}

static enum settings_result read_flags(struct settings *s, int argc, char **argv, char *error,
                                       size_t size)
{
    struct option options[FLAGS + 5] = {
        [FLAGS] = {"config", required_argument, NULL, OPT_CONFIG},
        {"check-config", no_argument, NULL, OPT_CHECK},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
    };
    for (int i = 0; i < FLAGS; i++)
        options[i] = (struct option){flags[i].flag, required_argument, NULL, i};
    // Twice: the config file first, wherever it stands, then the flags over it.
    for (int pass = 0; pass < 2; pass++) {
        optind = 0;
        opterr = 0;
        int opt;
        while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
            if (opt == '?' || opt == ':') {
                snprintf(error, size, "%s: %s (--help shows what there is)", argv[optind - 1],
                         opt == ':' ? "needs a value" : "unknown option");
                return SETTINGS_BAD;
            }
            if (opt == OPT_HELP || opt == OPT_VERSION) {
                fputs(opt == OPT_HELP ? usage : "roomtone-player " ROOMTONE_VERSION "\n", stdout);
                return SETTINGS_DONE;
            }
            if (opt == OPT_CHECK)
                s->check_only = true;
            bool ok = true;
            if (opt == OPT_CONFIG && pass == 0)
                ok = conf_read(settings_keys, settings_key_count, s, optarg, error, size);
            else if (opt < FLAGS && pass == 1)
                ok = conf_set(settings_keys, settings_key_count, s, flags[opt].section,
                              flags[opt].name, optarg, error, size);
            if (!ok)
                return SETTINGS_BAD;
        }
        if (optind < argc) {
            snprintf(error, size, "%s: not understood (--help shows what there is)", argv[optind]);
            return SETTINGS_BAD;
        }
    }
    return SETTINGS_RUN;
}

enum settings_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                   size_t error_size)
{
    *s = (struct settings){0};
    conf_defaults(settings_keys, settings_key_count, s);
    enum settings_result r = read_flags(s, argc, argv, error, error_size);
    if (r != SETTINGS_RUN)
        return r;
    bool ok = parse_server(s, error, error_size) && parse_group(s, error, error_size) &&
              parse_device(s, error, error_size) && fill_in(s, error, error_size);
    return ok ? SETTINGS_RUN : SETTINGS_BAD;
}

void settings_free(struct settings *s)
{
    conf_free(settings_keys, settings_key_count, s);
}
