// SPDX-License-Identifier: Apache-2.0
// roomtoned: arguments and settings; the rest is the box.
#include "common/base/log.h"
#include "server/box.h"
#include "server/house/calendar.h"
#include "server/settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: roomtoned [--config FILE] [--state DIR] [--listen ADDR:PORT] [--web DIR]\n"
    "       roomtoned --check-config [--config FILE]\n"
    "Keeps groups of visitors listening to the same thing at the same instant.\n"
    "  --config FILE        settings (see config/roomtoned.ini for every key)\n"
    "  --state DIR          folder for everything the server writes\n"
    "  --listen ADDR:PORT   where to serve; port 0 picks a free one\n"
    "  --web DIR            folder of the built pages\n"
    "  --check-config       check the settings and exit\n"
    "  --version, --help\n";

static int refuse(const char *error)
{
    fprintf(stderr, "roomtoned: %s\n", error);
    return 1;
}

static int set_level(const char *name)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            log_setup((enum log_level)i, getenv("JOURNAL_STREAM") != NULL);
            return 0;
        }
    }
    return refuse("log_level: neither error, warn, info nor debug");
}

// Fills `s`: defaults, then the file, then the flags. -1 to go on, else the exit code.
static int read_arguments(int argc, char **argv, struct settings *s, int *check_only)
{
    enum { CONFIG = 1, STATE, LISTEN, WEB, CHECK_CONFIG, VERSION, HELP };
    static const struct option options[] = {{"config", required_argument, NULL, CONFIG},
                                            {"state", required_argument, NULL, STATE},
                                            {"listen", required_argument, NULL, LISTEN},
                                            {"web", required_argument, NULL, WEB},
                                            {"check-config", no_argument, NULL, CHECK_CONFIG},
                                            {"version", no_argument, NULL, VERSION},
                                            {"help", no_argument, NULL, HELP},
                                            {NULL, 0, NULL, 0}};
    static const char *const key_of[] = {
        [STATE] = "state_dir", [LISTEN] = "listen", [WEB] = "web_dir"};
    const char *config = NULL, *given[HELP + 1] = {NULL};
    char error[400];
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case CONFIG:
            config = optarg;
            break;
        case STATE:
        case LISTEN:
        case WEB:
            given[o] = optarg;
            break;
        case CHECK_CONFIG:
            *check_only = 1;
            break;
        case VERSION:
            printf("roomtoned %s\n", ROOMTONE_VERSION);
            return 0;
        case HELP:
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (config && !conf_read(settings_keys, settings_key_count, s, config, error, sizeof error))
        return refuse(error);
    for (int i = STATE; i <= WEB; i++) {
        if (given[i] && !conf_set(settings_keys, settings_key_count, s, "server", key_of[i],
                                  given[i], error, sizeof error))
            return refuse(error);
    }
    if (s->zone[0] && !calendar_zone_use(s->zone))
        return refuse("zone: not a time zone of this machine");
    if (strcmp(s->trust_clock, "auto") != 0 && strcmp(s->trust_clock, "yes") != 0)
        return refuse("trust_clock: neither auto nor yes");
    return set_level(s->log_level) ? 1 : -1;
}

static int serve(const struct settings *s)
{
    int code, port = 0;
    do {
        code = box_run(s, ROOMTONE_VERSION, &port);
    } while (code == BOX_AGAIN);
    return code;
}

int main(int argc, char **argv)
{
    struct settings s;
    int check_only = 0;
    conf_defaults(settings_keys, settings_key_count, &s);
    int code = read_arguments(argc, argv, &s, &check_only);
    if (code < 0)
        code = check_only ? 0 : serve(&s);
    conf_free(settings_keys, settings_key_count, &s);
    return code;
}
