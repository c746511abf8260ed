// SPDX-License-Identifier: Apache-2.0
#include "player/settings.h"

#include "common/base/check.h"
#include "common/base/joincode.h"
#include "common/tls/cert.h"
#include "common/wire/wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct settings, field)

// "http://ADDRESS[:PORT][/]", or https. False when it is neither.
static bool parse_server(const char *text, char *out, size_t size, int *port, bool *tls)
{
    static const char plain[] = "http://", over_tls[] = "https://";
    const char *p = text;
    size_t host = 0;
    *tls = strncmp(p, over_tls, strlen(over_tls)) == 0;
    if (*tls || strncmp(p, plain, strlen(plain)) == 0) {
        p += strlen(*tls ? over_tls : plain);
        host = *p == '[' ? strcspn(p, "]") + 1 : strcspn(p, ":/");
    }
    char *end = NULL;
    long number = *tls ? 443 : 80;
    if (host > 0 && p[host] == ':')
        number = strtol(p + host + 1, &end, 10);
    const char *tail = end ? end : p + host;
    bool bracket = *p == '[';
    if (host == 0 || host >= size || host > strlen(p) || number < 1 || number > 65535 ||
        (*tail && strcmp(tail, "/") != 0))
        return false;
    snprintf(out, size, "%.*s", (int)(bracket ? host - 2 : host), p + bracket);
    *port = (int)number;
    return true;
}

// "null", or "null:ppm=NUMBER". False when it is a silent device with a wrong number.
static bool parse_device(const char *text, bool *null, double *ppm)
{
    static const char with_ppm[] = "null:ppm=";
    *null = strcmp(text, "null") == 0;
    *ppm = 0;
    if (strncmp(text, with_ppm, strlen(with_ppm)) != 0)
        return true;
    char *end;
    text += strlen(with_ppm);
    *ppm = strtod(text, &end);
    *null = *text && !*end && *ppm >= -1000 && *ppm <= 1000;
    return *null;
}

static bool check_server(const char *value, char *error, size_t error_size)
{
    char host[256];
    int port;
    bool tls;
    if (!*value || parse_server(value, host, sizeof host, &port, &tls))
        return true;
    snprintf(error, error_size, "'%s' is neither http://ADDRESS:PORT nor https://", value);
    return false;
}

static bool check_pin(const char *value, char *error, size_t error_size)
{
    char digest[CERT_DIGEST_LEN + 1];
    if (!*value || cert_digest_parse(value, digest))
        return true;
    snprintf(error, error_size, "'%s' is not a fingerprint of 64 hex digits", value);
    return false;
}

static bool check_group(const char *value, char *error, size_t error_size)
{
    char code[16];
    if (!*value || joincode_parse(value, code))
        return true;
    snprintf(error, error_size, "'%s' is not a group's code (nine digits, mistyped?)", value);
    return false;
}

static bool check_name(const char *value, char *error, size_t error_size)
{
    if (strlen(value) <= WIRE_NAME_MAX)
        return true;
    snprintf(error, error_size, "longer than %d bytes", WIRE_NAME_MAX);
    return false;
}

static void lower(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

static bool check_lang(const char *value, char *error, size_t error_size)
{
    char small[64];
    snprintf(small, sizeof small, "%s", value);
    lower(small);
    if (!*value || (strlen(value) < sizeof small && wire_lang_valid(small)))
        return true;
    snprintf(error, error_size, "'%s' is not a language like en or pt-br", value);
    return false;
}

static bool check_device(const char *value, char *error, size_t error_size)
{
    bool null;
    double ppm;
    if (*value && parse_device(value, &null, &ppm))
        return true;
    snprintf(error, error_size, "'%s': ppm is a number from -1000 to 1000", value);
    if (!*value)
        snprintf(error, error_size, "empty: default is the machine's own card");
    return false;
}

static const struct conf_key keys[] = {
    {"server", "address", CONF_STRING, AT(server), "",
     .help = "The box, as http://ADDRESS:PORT or https://ADDRESS:PORT. Empty: the player looks for "
             "one on the network (DNS-SD) and stays with the one that adopts it.",
     .check = check_server, .flag = "server", .flag_arg = "URL"},
    {"server", "ca", CONF_STRING, AT(ca), "",
     .help = "With https: a file of the authorities that may have signed the box's certificate; "
             "empty means those of the system.",
     .flag = "ca", .flag_arg = "FILE"},
    {"server", "pin", CONF_STRING, AT(pin), "",
     .help = "With https, instead of an authority: the box's key by its fingerprint, as "
             "'roomtonectl certificate show' says it. It asks for no date, so it works on a kiosk "
             "whose clock is dead.",
     .check = check_pin, .flag = "pin", .flag_arg = "SHA256"},
    {"server", "group", CONF_STRING, AT(group), "",
     .help =
         "The code of the group to play with, nine digits; spaces are forgiven. Empty: staff adopt "
         "this kiosk on the admin page and choose the group there.",
     .check = check_group, .flag = "group", .flag_arg = "CODE"},
    {"player", "name", CONF_STRING, AT(name), "",
     .help = "What staff see; empty means this machine's host name.", .check = check_name,
     .flag = "name", .flag_arg = "NAME"},
    {"player", "lang", CONF_STRING, AT(lang), "",
     .help = "The language to play, e.g. en or pt-br; empty means each track's first.",
     .check = check_lang, .flag = "lang", .flag_arg = "LANG"},
    {"player", "debug", CONF_BOOL, AT(debug), "no",
     .help = "Also log what only helps to find a fault; no, so that the journal stays readable.",
     .live = true},
    {"player", "trace", CONF_STRING, AT(trace), "",
     .help =
         "A file that gets a line a second, ready to plot (comma-separated: error, clock, card, "
         "buffer); at most 64 MiB with the one before it. Empty means none."},
    {"cache", "dir", CONF_STRING, AT(cache_dir), "",
     .help = "Where tracks are kept; empty means $XDG_CACHE_HOME/roomtone or ~/.cache/roomtone.",
     .flag = "cache", .flag_arg = "DIR"},
    {"cache", "limit_mb", CONF_INT, AT(cache_mb), "2048",
     .help = "Disk for tracks; 2048 holds 70 hours at 64 kbit/s and fits the smallest card.",
     .min = 16, .max = 1048576, .unit = "MiB"},
    {"sound", "device", CONF_STRING, AT(device), "default",
     .help = "The ALSA device; null is a silent one that keeps time (null:ppm=60: with a crystal "
             "off by that much, for tests).",
     .check = check_device, .flag = "device", .flag_arg = "NAME"},
    {"sound", "rate", CONF_INT, AT(rate), "0",
     .help = "Sample rate of the card; 0 takes 48000 where the card has it, since tracks are at "
             "48000.",
     .choices = "0|44100|48000"},
    {"sound", "period_us", CONF_INT, AT(period_us), "20000",
     .help = "Sound written at once; 20000 wakes the player fifty times a second, three of them "
             "fit the buffer.",
     .min = 1000, .max = 50000, .unit = "us"},
    {"sound", "buffer_us", CONF_INT, AT(buffer_us), "60000",
     .help = "Sound the card holds, at least two periods; 60000 rides out the longest delay of a "
             "busy kernel and stays well below the 150 ms of warning that a room gives.",
     .min = 4000, .max = 500000, .unit = "us"},
    {"sound", "trim_us", CONF_INT, AT(trim_us), "0",
     .help = "Play this much earlier, to make up for an amplifier or a screen that delays the "
             "sound behind the card; negative plays later.",
     .min = -500000, .max = 500000, .unit = "us", .live = true},
};

static const struct options options = {
    .program = "roomtone-player",
    .version = ROOMTONE_VERSION,
    .purpose = "Plays a group's sound on this machine, in step with everybody else.",
    .file = "player.ini",
    .instances = true,
};

static void replace(char **field, const char *value)
{
    char *copy = check_alloc(strdup(value));
    free(*field);
    *field = copy;
}

static bool find_cache_dir(struct settings *s, char *error, size_t error_size)
{
    char text[600];
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if ((!xdg || *xdg != '/') && !home) {
        snprintf(error, error_size, "--cache is missing: there is no HOME to put it under");
        return false;
    }
    if (xdg && *xdg == '/')
        snprintf(text, sizeof text, "%s/roomtone", xdg);
    else
        snprintf(text, sizeof text, "%s/.cache/roomtone", home);
    replace(&s->cache_dir, text);
    return true;
}

// What no single key says: what must be there, what goes together, what empty means.
static bool fill_in(struct settings *s, char *error, size_t error_size)
{
    if (s->buffer_us < 2 * s->period_us) {
        snprintf(error, error_size, "buffer_us: must hold at least two periods (period_us)");
        return false;
    }
    if (*s->server)
        parse_server(s->server, s->host, sizeof s->host, &s->port, &s->tls);
    if ((*s->ca || *s->pin) && !s->tls) {
        snprintf(error, error_size, "%s: only with an address of https://", *s->ca ? "ca" : "pin");
        return false;
    }
    if (*s->ca && *s->pin) {
        snprintf(error, error_size, "ca, pin: one or the other; the pin says all");
        return false;
    }
    if (*s->group)
        joincode_parse(s->group, s->code);
    parse_device(s->device, &s->null_device, &s->null_ppm);
    lower(s->lang);
    if (!*s->name) {
        char host[WIRE_NAME_MAX + 1] = "kiosk";
        gethostname(host, sizeof host - 1);
        replace(&s->name, host);
    }
    return *s->cache_dir || find_cache_dir(s, error, error_size);
}

enum options_result settings_read(struct settings *s, int argc, char **argv, char *error,
                                  size_t error_size)
{
    *s = (struct settings){.argc = argc, .argv = argv};
    enum options_result r = options_read(&options, keys, sizeof keys / sizeof keys[0], s, &s->conf,
                                         argc, argv, error, error_size);
    bool whole = r == OPTIONS_RUN || r == OPTIONS_CHECK || r == OPTIONS_PRINT;
    return whole && !fill_in(s, error, error_size) ? OPTIONS_BAD : r;
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

bool settings_chosen(const struct settings *s)
{
    return *s->server && *s->group;
}

void settings_free(struct settings *s)
{
    conf_free(&s->conf);
}
