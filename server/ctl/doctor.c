// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/doctor.h"

#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const marks[] = {
    [MARK_OK] = "ok", [MARK_LOOK] = "look", [MARK_BROKEN] = "broken"};

void doctor_say(struct doctor *d, const char *part, enum mark mark, const char *todo,
                const char *fmt, ...)
{
    char says[1200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(says, sizeof says, fmt, ap);
    va_end(ap);
    json_t *line = json_pack("{s:s,s:s,s:s}", "part", part, "mark", marks[mark], "says", says);
    if (!line) // a path that is no UTF-8
        line = json_pack("{s:s,s:s,s:s}", "part", part, "mark", marks[mark], "says", "(no text)");
    if (todo)
        json_object_set_new(line, "do", json_string(todo));
    json_array_append_new(d->found, line);
    if (mark > d->worst)
        d->worst = mark;
    if (d->call->json)
        return;
    printf("%-7s %-12s %s\n", marks[mark], part, says);
    if (todo)
        printf("%21s-> %s\n", "", todo);
    fflush(stdout); // the next look may take a while
}

bool doctor_settings(const struct call *c, struct settings *s, const char **config, char *error,
                     size_t error_size)
{
    *config = c->config ? c->config : "/etc/roomtone/roomtoned.ini";
    char program[] = "roomtoned", flag[] = "--config";
    char *argv[] = {program, flag, (char *)*config, NULL};
    bool ok = settings_read(s, 3, argv, error, error_size) == OPTIONS_RUN;
    s->argc = 0; // there is no reload
    s->argv = NULL;
    return ok;
}

const char *doctor_tmp(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && tmp[0] ? tmp : "/tmp";
}

static bool read_settings(struct doctor *d)
{
    char error[CONF_ERROR_SIZE];
    if (doctor_settings(d->call, &d->settings, &d->config, error, sizeof error)) {
        doctor_say(d, "settings", MARK_OK, NULL, "%s can be used", d->config);
        return true;
    }
    doctor_say(d, "settings", MARK_BROKEN,
               "mend that line; roomtoned --check-config says whether it is right then", "%s",
               error);
    doctor_say(
        d, "server", MARK_LOOK, "mend the settings, then call doctor again",
        "not looked at: where it is stands in the settings; nor disk, database, certificate");
    return false;
}

bool doctor(struct call *c)
{
    struct doctor d = {.call = c, .found = json_array()};
    log_setup(LOG_ERROR);
    bool has_settings = read_settings(&d);
    if (has_settings) {
        doctor_server(&d);
        doctor_disk(&d);
        doctor_database(&d);
        doctor_certificate(&d);
    }
    doctor_clock(&d, has_settings);
    doctor_sound(&d);
    json_t *all = json_pack("{s:s,s:o}", "worst", marks[d.worst], "found", d.found);
    json_decref(d.health);
    settings_free(&d.settings);
    c->code = (int)d.worst;
    return call_show(c, all, true, NULL);
}
