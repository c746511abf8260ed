// SPDX-License-Identifier: Apache-2.0
#include "common/base/conf_print.h"

#include <string.h>

enum { WIDTH = 100 };

// What a machine checks, in words: "1 to 4096 MiB. Live."
static void facts(const struct conf_key *k, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    if (k->choices) {
        len += (size_t)snprintf(out, size, "One of ");
        for (const char *p = k->choices; *p && len < size - 3; p++) {
            memcpy(out + len, *p == '|' ? ", " : p, *p == '|' ? 2 : 1);
            len += *p == '|' ? 2 : 1;
        }
        len += (size_t)snprintf(out + len, size - len, ".");
    } else if (k->type == CONF_INT) {
        len += (size_t)snprintf(out, size, "%lld to %lld%s%s.", (long long)k->min,
                                (long long)k->max, k->unit ? " " : "", k->unit ? k->unit : "");
    } else if (k->type == CONF_BOOL) {
        len += (size_t)snprintf(out, size, "yes or no.");
    }
    if (k->live)
        snprintf(out + len, size - len, "%sLive.", len ? " " : "");
}

static void print_wrapped(FILE *out, const char *lead, const char *text, size_t width)
{
    while (*text) {
        size_t len = strlen(text), room = width - strlen(lead);
        if (len > room) {
            for (len = room; len > 0 && text[len] != ' '; len--)
                ;
            if (len == 0)
                len = room;
        }
        fprintf(out, "%s%.*s\n", lead, (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

void conf_print_ini(FILE *out, const struct conf_key *keys, size_t n, const char *program,
                    const char *file)
{
    fprintf(out,
            "# %s: every key at its default, with its reason.\n"
            "# %s --config FILE --check-config says whether a file is right, --print-config what\n"
            "# is in force and where each value comes from. Files in %s.d/ that end in .ini are\n"
            "# read after this one, by name, and flags of the command line come last. A reload\n"
            "# (SIGHUP) takes over what is marked live; the rest waits for the next start.\n",
            file, program, file);
    const char *section = "";
    for (size_t i = 0; i < n; i++) {
        const struct conf_key *k = &keys[i];
        char words[200];
        if (strcmp(section, k->section) != 0)
            fprintf(out, "\n[%s]\n", k->section);
        section = k->section;
        print_wrapped(out, "# ", k->help, WIDTH);
        facts(k, words, sizeof words);
        if (words[0])
            fprintf(out, "# %s\n", words);
        const char *value = k->shown ? k->shown : k->preset;
        fprintf(out, "%s%s =%s%s\n", k->shown ? "# " : "", k->name, *value ? " " : "", value);
    }
}

// roff takes a dot or a quote at the head of a line, and a backslash anywhere, for its own.
static void print_roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            putc(*text, out);
    }
}

void conf_print_man(FILE *out, const struct conf_key *keys, size_t n)
{
    const char *section = "";
    for (size_t i = 0; i < n; i++) {
        const struct conf_key *k = &keys[i];
        const char *value = k->shown ? k->shown : k->preset;
        char words[200];
        if (strcmp(section, k->section) != 0)
            fprintf(out, ".SS [%s]\n", k->section);
        section = k->section;
        fprintf(out, ".TP\n.B %s\n", k->name);
        print_roff(out, k->help);
        facts(k, words, sizeof words);
        if (words[0]) {
            putc('\n', out);
            print_roff(out, words);
        }
        fputs("\nDefault: ", out);
        print_roff(out, *value ? value : "empty");
        putc('.', out);
        if (k->flag)
            fprintf(out, "\nFlag: \\-\\-%s %s.", k->flag, k->flag_arg);
        putc('\n', out);
    }
}

void conf_print_flags(FILE *out, const struct conf_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct conf_key *k = &keys[i];
        char head[80];
        if (!k->flag)
            continue;
        snprintf(head, sizeof head, "--%s %s", k->flag, k->flag_arg);
        fprintf(out, "  %-22s [%s] %s", head, k->section, k->name);
        if (*k->preset)
            fprintf(out, " (default: %s)", k->preset);
        putc('\n', out);
    }
}

void conf_print_values(FILE *out, const struct conf *c)
{
    const char *section = "";
    for (size_t i = 0; i < c->n; i++) {
        const struct conf_key *k = &c->keys[i];
        char value[1100];
        if (strcmp(section, k->section) != 0)
            fprintf(out, "%s[%s]\n", i ? "\n" : "", k->section);
        section = k->section;
        conf_value(c, i, value, sizeof value);
        fprintf(out, "# %s\n%s =%s%s\n", c->from[i] ? c->from[i] : "default", k->name,
                *value ? " " : "", value);
    }
}
