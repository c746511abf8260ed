// SPDX-License-Identifier: Apache-2.0
#include "common/base/options.h"

#include "common/base/conf_print.h"
#include "common/base/log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

// getopt_long's values: those of keys are their place in the table.
enum { OPT_CONFIG = CONF_KEYS_MAX, OPT_CHECK, OPT_PRINT, OPT_SETTINGS, OPT_HELP, OPT_VERSION };

static void print_help(const struct options *o, const struct conf_key *keys, size_t n)
{
    printf("usage: %s [--config FILE] [FLAG VALUE]...\n%s\n\n", o->program, o->purpose);
    printf("  --config FILE          settings, %s\n", o->file);
    conf_print_flags(stdout, keys, n);
    printf("  --check-config         say whether the settings are right, and end\n"
           "  --print-config         print the settings in force and where each comes from\n"
           "  --settings ini|man     print every key with default, range and reason\n"
           "  --version, --help\n");
}

static enum options_result print_settings(const struct options *o, const struct conf_key *keys,
                                          size_t n, const char *as, char *error, size_t error_size)
{
    if (strcmp(as, "ini") == 0) {
        conf_print_ini(stdout, keys, n, o->program, o->file);
        return OPTIONS_DONE;
    }
    if (strcmp(as, "man") == 0) {
        conf_print_man(stdout, keys, n);
        return OPTIONS_DONE;
    }
    snprintf(error, error_size, "--settings: '%s' is none of ini, man", as);
    return OPTIONS_USAGE;
}

static void list_options(const struct conf_key *keys, size_t n, struct option *out)
{
    static const struct option common[] = {{"config", required_argument, NULL, OPT_CONFIG},
                                           {"check-config", no_argument, NULL, OPT_CHECK},
                                           {"print-config", no_argument, NULL, OPT_PRINT},
                                           {"settings", required_argument, NULL, OPT_SETTINGS},
                                           {"help", no_argument, NULL, OPT_HELP},
                                           {"version", no_argument, NULL, OPT_VERSION}};
    for (size_t i = 0; i < n; i++) {
        if (keys[i].flag)
            *out++ = (struct option){keys[i].flag, required_argument, NULL, (int)i};
    }
    memcpy(out, common, sizeof common);
}

static bool set_flag(struct conf *c, const struct conf_key *k, const char *value, char *error,
                     size_t error_size)
{
    char from[80], why[CONF_ERROR_SIZE / 4];
    snprintf(from, sizeof from, "--%s", k->flag);
    if (conf_set(c, k->section, k->name, value, from, why, sizeof why))
        return true;
    snprintf(error, error_size, "%s: %s", from, why);
    return false;
}

// One pass over the command line: files in the first, so that flags come after them wherever the
// file stands.
static enum options_result pass(const struct options *o, struct conf *c, const struct option *list,
                                bool files, int argc, char **argv, char *error, size_t error_size)
{
    enum options_result result = OPTIONS_RUN;
    int opt;
    optind = 0;
    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        bool ok = true;
        if (opt == '?' || opt == ':') {
            snprintf(error, error_size, "%s: %s (--help shows the usage)", argv[optind - 1],
                     opt == ':' ? "needs a value" : "unknown option");
            return OPTIONS_USAGE;
        } else if (opt == OPT_HELP) {
            print_help(o, c->keys, c->n);
            return OPTIONS_DONE;
        } else if (opt == OPT_VERSION) {
            printf("%s %s\n", o->program, o->version);
            return OPTIONS_DONE;
        } else if (opt == OPT_SETTINGS) {
            return print_settings(o, c->keys, c->n, optarg, error, error_size);
        } else if (opt == OPT_CHECK || opt == OPT_PRINT) {
            result = opt == OPT_CHECK ? OPTIONS_CHECK : OPTIONS_PRINT;
        } else if (opt == OPT_CONFIG && files) {
            ok = conf_read(c, optarg, o->instances ? o->file : NULL, error, error_size);
        } else if (opt < OPT_CONFIG && !files) {
            ok = set_flag(c, &c->keys[opt], optarg, error, error_size);
        }
        if (!ok)
            return OPTIONS_BAD;
    }
    if (optind < argc) {
        snprintf(error, error_size, "%s: not understood (--help shows the usage)", argv[optind]);
        return OPTIONS_USAGE;
    }
    return result;
}

enum options_result options_read(const struct options *o, const struct conf_key *keys, size_t n,
                                 void *values, struct conf *c, int argc, char **argv, char *error,
                                 size_t error_size)
{
    struct option list[CONF_KEYS_MAX + 7] = {{0}};
    conf_defaults(c, keys, n, values);
    list_options(keys, n, list);
    enum options_result r = pass(o, c, list, true, argc, argv, error, error_size);
    if (r == OPTIONS_RUN || r == OPTIONS_CHECK || r == OPTIONS_PRINT)
        r = pass(o, c, list, false, argc, argv, error, error_size);
    return r;
}

int options_end(enum options_result r, const char *program, const struct conf *c, const char *error)
{
    switch (r) {
    case OPTIONS_CHECK:
        puts("the settings are right");
        return 0;
    case OPTIONS_PRINT:
        conf_print_values(stdout, c);
        return 0;
    case OPTIONS_RUN:
    case OPTIONS_DONE:
        return 0;
    case OPTIONS_BAD:
    case OPTIONS_USAGE:
        break;
    }
    log_refusal(program, error);
    return r == OPTIONS_USAGE ? 2 : 1;
}

void options_reloaded(const char *topic, const struct conf_news *news)
{
    log_info(topic, "the settings were read again; changed: %s",
             news->taken[0] ? news->taken : "none");
    if (news->later[0])
        log_warn(topic, "these wait for the next start: %s", news->later);
}

void options_not_reloaded(const char *topic, const char *error)
{
    log_warn(topic, "the settings are as they were, for something is wrong: %s", error);
}
