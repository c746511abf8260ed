// SPDX-License-Identifier: Apache-2.0
// "doctor": looks over the box that it runs on, and says of each part how it does, in words, with
// what to do. Nothing is changed; one small file comes and goes, to time the disk.
//
//   doctor.c        what was found and how it is shown; settings
//   doctor_box.c    who has the port, whether the server answers, clocks, sound cards
//   doctor_disk.c   the folder of state: whose it is, room, how long a write takes
//   doctor_house.c  the database and the content, on a copy; the certificate
#ifndef SERVER_CTL_DOCTOR_H
#define SERVER_CTL_DOCTOR_H

#include "server/ctl/call.h"
#include "server/settings.h"

#include <stdint.h>

// LOOK: it works, somebody should see to it. BROKEN: visitors hear it, or will.
enum mark { MARK_OK, MARK_LOOK, MARK_BROKEN };

struct doctor {
    struct call *call;
    const char *config; // path of the server's settings
    struct settings settings;
    json_t *health; // what the running server says of itself; NULL: it does not answer
    json_t *found;
    enum mark worst;
};

// One line: how `part` does; `todo` says what to do, NULL when nothing is.
void doctor_say(struct doctor *d, const char *part, enum mark mark, const char *todo,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));

// Reads the server's settings as the server would; gives the file's path. settings_free() whatever
// comes. False with one line in `error`.
bool doctor_settings(const struct call *c, struct settings *s, const char **config, char *error,
                     size_t error_size);
// Where temporary files belong.
const char *doctor_tmp(void);

// Where this box itself reaches its server; false when that is not known.
bool doctor_url(const struct settings *s, char *out, size_t size);

// Each says its lines. `doctor_server` is asked first: it fills `health`.
void doctor_server(struct doctor *d);
void doctor_disk(struct doctor *d);
void doctor_database(struct doctor *d);
void doctor_certificate(struct doctor *d);
// These need no settings of the server.
void doctor_clock(struct doctor *d, bool has_settings);
void doctor_sound(struct doctor *d);

#endif
